// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/device_costs.h"

#include <algorithm>
#include <cstddef>

#include "base/status_macros.h"
#include "base/yaml_reader.h"

namespace streamtensor::schedule {
namespace {

using base::YamlReader;

constexpr int64_t kMaxCount = 100'000'000;
constexpr double kMaxReal = 1e6;

// Reads the fields of a cost file's records: each is a key, all are required.
class CostReader {
 public:
  explicit CostReader(YamlReader& yaml) : yaml_(yaml) {}

  YamlReader::Key Count(const char* name, int64_t& value, int64_t min = 0) {
    return {name,
            [this, &value, min](const YAML::Node& node, const std::string& path) {
              yaml_.Integer(node, path, min, kMaxCount, value);
            },
            true};
  }
  YamlReader::Key Real(const char* name, double& value) {
    return {name,
            [this, &value](const YAML::Node& node, const std::string& path) {
              yaml_.Real(node, path, 0, kMaxReal, value);
            },
            true};
  }
  YamlReader::Key Text(const char* name, std::string& value) {
    return {
        name,
        [this, &value](const YAML::Node& node, const std::string& path) { yaml_.Text(node, path, value); },
        true};
  }
  // Records in ascending order of a key; at least one.
  template <class RECORD, class FIELDS, class ORDER>
  YamlReader::Key Records(const char* name, std::vector<RECORD>& records, FIELDS fields, ORDER order) {
    return {name,
            [this, &records, fields, order](const YAML::Node& node, const std::string& path) {
              records.clear();
              yaml_.List(node, path, [&](const YAML::Node& item, const std::string& place, std::size_t) {
                RECORD& record = records.emplace_back();
                yaml_.Map(item, place, fields(record));
              });
              if (records.empty() || !std::is_sorted(records.begin(), records.end(),
                                                     [&](auto& a, auto& b) { return order(a) < order(b); })) {
                yaml_.Error(node.Mark(), path + ": expected at least one entry, in ascending order");
              }
            },
            true};
  }
  // A map of such keys, with the source of its figures if `sourced`.
  YamlReader::Key Group(const char* name, std::vector<YamlReader::Key> keys, bool sourced = true) {
    if (sourced) keys.push_back(Text("source", source_));
    return {name,
            [this, keys](const YAML::Node& node, const std::string& path) { yaml_.Map(node, path, keys); },
            true};
  }
  YamlReader::Key Cores(std::vector<Core>& cores) {
    return Records(
        "cores", cores,
        [this](Core& core) {
          return std::vector<YamlReader::Key>{Count("latency", core.latency), Real("delay_ns", core.delay_ns),
                                              Count("dsp", core.dsp), Count("lut", core.lut),
                                              Count("ff", core.ff)};
        },
        [](const Core& core) { return core.latency; });
  }

  YamlReader::Key Operators(DeviceCosts& costs) {
    std::vector<YamlReader::Key> keys;
    for (std::size_t i = 0; i < kOperatorNames.size(); ++i) {
      keys.push_back(Group(kOperatorNames[i], {Cores(costs.cores[i])}));
    }
    return Group("operators", keys, false);
  }
  YamlReader::Key Logic(DeviceCosts& costs) {
    std::vector<YamlReader::Key> keys;
    for (std::size_t i = 0; i < kFabricNames.size(); ++i) {
      keys.push_back(Group(kFabricNames[i], {Records(
                                                "points", costs.fabric[i],
                                                [this](FabricPoint& point) {
                                                  return std::vector<YamlReader::Key>{
                                                      Count("width", point.width),
                                                      Real("delay_ns", point.delay_ns),
                                                      Real("lut", point.lut)};
                                                },
                                                [](const FabricPoint& point) { return point.width; })}));
    }
    return Group("fabric", keys, false);
  }
  YamlReader::Key Multipliers(DeviceCosts& costs) {
    return Group("multipliers", {Records(
                                    "sizes", costs.multipliers,
                                    [this](Multiplier& size) {
                                      return std::vector<YamlReader::Key>{Count("wide", size.wide),
                                                                          Count("narrow", size.narrow),
                                                                          Cores(size.cores)};
                                    },
                                    [](const Multiplier& size) { return size.wide; })});
  }
  YamlReader::Key Storage(StorageRules& storage) {
    return Group(
        "storage",
        {Count("ports", storage.ports, 1), Count("copies_reads", storage.copies_reads, 1),
         Count("lutram_words", storage.lutram_words), Count("bram18_bits", storage.bram18_bits, 1),
         Count("bram18_width", storage.bram18_width, 1), Count("uram_from_words", storage.uram_from_words),
         Count("uram_to_words", storage.uram_to_words, 1), Count("uram_width", storage.uram_width, 1),
         Real("register_ns", storage.register_ns),
         Records(
             "delays", storage.delays,
             [this](MemoryDelay& delay) {
               return std::vector<YamlReader::Key>{Count("words", delay.words),
                                                   Real("delay_ns", delay.delay_ns)};
             },
             [](const MemoryDelay& delay) { return delay.words; })});
  }
  YamlReader::Key Axi(std::vector<AxiCost>& axi) {
    return Group("axi_adapters", {Records(
                                     "sizes", axi,
                                     [this](AxiCost& size) {
                                       return std::vector<YamlReader::Key>{
                                           Count("bits", size.bits, 1), Count("bram18", size.bram18),
                                           Count("lut", size.lut), Count("ff", size.ff)};
                                     },
                                     [](const AxiCost& size) { return size.bits; })});
  }
  YamlReader::Key Fifos(FifoRules& fifos) {
    return Group("fifos", {Count("register_depth", fifos.register_depth), Count("srl_bits", fifos.srl_bits),
                           Count("lutram_bits", fifos.lutram_bits), Count("control_lut", fifos.control_lut),
                           Count("control_ff", fifos.control_ff), Count("memory_lut", fifos.memory_lut),
                           Count("memory_ff", fifos.memory_ff)});
  }
  YamlReader::Key Tool(ToolRules& tool) {
    return Group(
        "tool",
        {Real("uncertainty", tool.uncertainty), Count("auto_unroll_trip", tool.auto_unroll_trip),
         Real("recurrence_mux_ns", tool.recurrence_mux_ns), Real("recurrence_slack", tool.recurrence_slack),
         Real("flatten_index_ns", tool.flatten_index_ns), Real("reuse_select_ns", tool.reuse_select_ns),
         Count("divider_latency", tool.divider_latency), Real("divider_ns", tool.divider_ns),
         Count("axi_bits", tool.axi_bits, 8), Count("control_lut", tool.control_lut),
         Count("control_ff", tool.control_ff)});
  }
  YamlReader::Key Interconnect(InterconnectRules& rules) {
    return Group(
        "interconnect",
        {Real("fifo_cycles", rules.fifo_cycles), Real("die_crossing_cycles", rules.die_crossing_cycles),
         Count("burst_beats", rules.burst_beats, 1), Count("outstanding", rules.outstanding, 1)});
  }
  YamlReader::Key Energy(EnergyCosts& energy) {
    return Group("energy", {Real("dsp_pj", energy.dsp_pj), Real("lut_pj", energy.lut_pj),
                            Real("ff_pj", energy.ff_pj), Real("bram18_pj", energy.bram18_pj),
                            Real("uram_pj", energy.uram_pj), Real("clock_pj", energy.clock_pj)});
  }

 private:
  YamlReader& yaml_;
  std::string source_;  // read for its presence
};

}  // namespace

const Core& ChooseCore(const std::vector<Core>& cores, double budget_ns) {
  for (const Core& core : cores) {
    if (core.delay_ns <= budget_ns + 1e-9) return core;
  }
  return *std::min_element(cores.begin(), cores.end(),
                           [](const Core& a, const Core& b) { return a.delay_ns < b.delay_ns; });
}

FabricPoint DeviceCosts::Logic(Fabric kind, int64_t width) const {
  const std::vector<FabricPoint>& points = fabric[static_cast<std::size_t>(kind)];
  if (points.size() == 1) return {width, points[0].delay_ns, points[0].lut};
  std::size_t next = 1;
  while (next + 1 < points.size() && points[next].width < width) ++next;
  const FabricPoint& a = points[next - 1];
  const FabricPoint& b = points[next];
  const double part = b.width == a.width ? 0
                                         : static_cast<double>(std::max(width, points[0].width) - a.width) /
                                               static_cast<double>(b.width - a.width);
  return {width, a.delay_ns + part * (b.delay_ns - a.delay_ns), a.lut + part * (b.lut - a.lut)};
}

const Core& DeviceCosts::Multiply(int64_t wide, int64_t narrow, double budget_ns) const {
  if (wide < narrow) std::swap(wide, narrow);
  for (const Multiplier& size : multipliers) {
    if (wide <= size.wide && narrow <= size.narrow) return ChooseCore(size.cores, budget_ns);
  }
  return ChooseCore(multipliers.back().cores, budget_ns);
}

double DeviceCosts::MemoryDelayNs(int64_t words) const {
  if (words <= 0) return Choose(Operator::kMemoryRead, kMaxReal).delay_ns;
  for (const MemoryDelay& delay : storage.delays) {
    if (words <= delay.words) return delay.delay_ns;
  }
  return storage.delays.back().delay_ns;
}

absl::StatusOr<DeviceCosts> ReadDeviceCosts(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadYamlFile(path));
  DeviceCosts costs;
  YamlReader yaml(path, "the cost file");
  CostReader reader(yaml);
  RETURN_IF_ERROR(yaml.Read(text, [&](const YAML::Node& root) {
    yaml.Map(root, "",
             {reader.Text("family", costs.family), reader.Operators(costs), reader.Logic(costs),
              reader.Multipliers(costs), reader.Storage(costs.storage), reader.Fifos(costs.fifos),
              reader.Axi(costs.axi), reader.Tool(costs.tool), reader.Interconnect(costs.interconnect),
              reader.Energy(costs.energy)});
  }));
  return costs;
}

}  // namespace streamtensor::schedule
