// SPDX-License-Identifier: Apache-2.0
// The daemon's YAML configuration.
#include "server/config/config.h"

#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  std::ifstream file(ST_SOURCE_DIR "/configs/streamtensord.yaml", std::ios::binary);
  return {std::string(std::istreambuf_iterator<char>(file), {}),
          "server: { listen: \"127.0.0.1:1\", metrics_listen: \"[::1]:2\" }\n"
          "cards:\n"
          "  - { driver: emulated, platform: u55c, index: 0, kv_bytes: 20GiB }\n"
          "  - { driver: dummy, step_us: 5, faults: { seed: 1, every_runs: 2, kinds: [fail, hang] } }\n"
          "models:\n"
          "  - &m { name: a, source: /x, cards: [0] }\n"
          "  - { name: b, artifact: \"/y\", max_context: 64 }\n"
          "log: { level: info, format: json, prompts: false }\n"};
}

bool Accepts(std::string_view input) {
  const auto config = server::ParseConfig(input, "x.yaml");
  if (!config.ok()) return Refused(config.status(), {"x.yaml"});
  Require(!config->cards.empty() && !config->models.empty(), "a configuration has cards and models");
  for (const server::ModelEntry& model : config->models) {
    Require(!model.name.empty() && !model.cards.empty() && model.source.empty() != model.artifact.empty(),
            "a model has a name, one origin and cards");
    for (const int64_t card : model.cards) {
      Require(card >= 0 && card < static_cast<int64_t>(config->cards.size()), "its cards exist");
    }
  }
  return true;
}

}  // namespace streamtensor::fuzz
