// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/device_costs.h"

#include <algorithm>
#include <cstddef>

#include "base/status_macros.h"
#include "base/yaml_reader.h"

namespace streamtensor::schedule {
namespace {

using base::YamlReader;

void ReadCore(YamlReader& yaml, const YAML::Node& node, const std::string& path, Core& core) {
  const auto integer = [&yaml](int64_t& value, int64_t max) {
    return [&yaml, &value, max](const YAML::Node& item, const std::string& name) {
      yaml.Integer(item, name, 0, max, value);
    };
  };
  yaml.Map(node, path,
           {{"latency", integer(core.latency, 1000), true},
            {"delay_ns",
             [&](const YAML::Node& item, const std::string& name) {
               yaml.Real(item, name, 0, 100, core.delay_ns);
             },
             true},
            {"dsp", integer(core.dsp, 10000), true},
            {"lut", integer(core.lut, 1000000), true},
            {"ff", integer(core.ff, 1000000), true}});
}

void ReadOperator(YamlReader& yaml, const YAML::Node& node, const std::string& path,
                  std::vector<Core>& cores) {
  std::string source;
  yaml.Map(node, path,
           {{"source",
             [&](const YAML::Node& item, const std::string& name) { yaml.Text(item, name, source); }, true},
            {"cores",
             [&](const YAML::Node& item, const std::string& name) {
               yaml.List(item, name, [&](const YAML::Node& core, const std::string& place, std::size_t) {
                 ReadCore(yaml, core, place, cores.emplace_back());
               });
               const bool ascending =
                   std::is_sorted(cores.begin(), cores.end(),
                                  [](const Core& a, const Core& b) { return a.latency < b.latency; });
               if (cores.empty() || !ascending) {
                 yaml.Error(item.Mark(), name + ": expected at least one core, in ascending latency");
               }
             },
             true}});
}

}  // namespace

const Core& DeviceCosts::Choose(Operator op, double budget_ns) const {
  const std::vector<Core>& choices = cores[static_cast<std::size_t>(op)];
  for (const Core& core : choices) {
    if (core.delay_ns <= budget_ns + 1e-9) return core;
  }
  return *std::min_element(choices.begin(), choices.end(),
                           [](const Core& a, const Core& b) { return a.delay_ns < b.delay_ns; });
}

absl::StatusOr<DeviceCosts> ReadDeviceCosts(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadYamlFile(path));
  DeviceCosts costs;
  YamlReader yaml(path, "the cost file");
  RETURN_IF_ERROR(yaml.Read(text, [&](const YAML::Node& root) {
    std::vector<YamlReader::Key> operators;
    for (std::size_t i = 0; i < kOperatorNames.size(); ++i) {
      operators.push_back({kOperatorNames[i],
                           [&yaml, &costs, i](const YAML::Node& node, const std::string& name) {
                             ReadOperator(yaml, node, name, costs.cores[i]);
                           },
                           true});
    }
    yaml.Map(
        root, "",
        {{"family",
          [&](const YAML::Node& node, const std::string& name) { yaml.Text(node, name, costs.family); },
          true},
         {"operators",
          [&](const YAML::Node& node, const std::string& name) { yaml.Map(node, name, operators); }, true},
         {"memory_ports",
          [&](const YAML::Node& node, const std::string& name) {
            yaml.Integer(node, name, 1, 64, costs.memory_ports);
          },
          true},
         {"recurrence_mux_ns",
          [&](const YAML::Node& node, const std::string& name) {
            yaml.Real(node, name, 0, 10, costs.recurrence_mux_ns);
          },
          true}});
  }));
  return costs;
}

}  // namespace streamtensor::schedule
