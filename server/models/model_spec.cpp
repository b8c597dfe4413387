// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_spec.h"

#include "base/check.h"

namespace streamtensor::server {

const char* ModelSpec::target() const {
  return cards.front().card.driver == runtime::CardConfig::Driver::kXrt ? "hw" : "emulation";
}

std::vector<ModelSpec> SpecsOf(const Config& config) {
  std::vector<ModelSpec> specs;
  for (const ModelEntry& entry : config.models) {
    ModelSpec spec{entry, {}};
    for (const int64_t card : entry.cards) spec.cards.push_back(config.cards.at(card));
    ST_CHECK(!spec.cards.empty(), "model ", entry.name, " has no card");
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace streamtensor::server
