// SPDX-License-Identifier: Apache-2.0
// What the configuration says of a model.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"

namespace streamtensor::server {

// A model's entry with the cards that serve it. Two equal specs are the same model.
struct ModelSpec {
  ModelEntry entry;
  std::vector<CardEntry> cards;  // at least one

  // What to compile it for.
  const std::string& platform() const { return cards.front().card.platform; }
  std::string_view target() const;

  bool operator==(const ModelSpec&) const = default;
};

// The models of a configuration, in its order.
std::vector<ModelSpec> SpecsOf(const Config& config);

}  // namespace streamtensor::server
