// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_spec.h"

#include "base/check.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::server {

std::string_view ModelSpec::target() const {
  const absl::StatusOr<const runtime::Driver*> driver = runtime::FindDriver(cards.front().card.driver);
  ST_CHECK(driver.ok(), "unknown driver in a checked configuration: ", cards.front().card.driver);
  return (*driver)->target;
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
