// SPDX-License-Identifier: Apache-2.0
// A model as configured.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"

namespace streamtensor::server {

// A model's configuration with its cards. Equal specs denote the same model.
struct ModelSpec {
  ModelEntry entry;
  std::vector<CardEntry> cards;  // at least one

  // The compilation target.
  const std::string& platform() const { return cards.front().card.platform; }
  std::string_view target() const;

  bool operator==(const ModelSpec&) const = default;
};

// The models of a configuration, in order.
std::vector<ModelSpec> SpecsOf(const Config& config);

}  // namespace streamtensor::server
