// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/graph_file.h"

#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/yaml_reader.h"

namespace streamtensor::sizing {
namespace {

using base::YamlReader;
using compiler::Network;
using compiler::ProgramBuilder;

constexpr int64_t kMostSteps = 20'000'000;  // iterations of all loops
constexpr int64_t kMostBits = 1 << 16;
constexpr double kMostCycles = 1e6;
constexpr int kMostNesting = 16;

class GraphReader {
 public:
  GraphReader(YamlReader& yaml, Problem& problem) : yaml_(yaml), problem_(problem) {}

  void Read(const YAML::Node& root) {
    // Sizes and FIFOs are known before what uses them, whatever the file's order.
    YAML::Node sizes, fifos, processes;
    auto keep = [](YAML::Node& kept) {
      return [&kept](const YAML::Node& node, const std::string&) { kept.reset(node); };
    };
    yaml_.Map(root, "",
              {{"name", Text(problem_.name), true},
               {"source", Text(problem_.source), true},
               {"sizes", keep(sizes)},
               {"fifos", keep(fifos), true},
               {"processes", keep(processes), true}});
    if (!yaml_.ok()) return;
    if (sizes.IsDefined() && !sizes.IsNull()) ReadSizes(sizes);
    NameProcesses(processes);
    if (yaml_.ok()) ReadFifos(fifos);
    if (yaml_.ok()) ReadProcesses(processes);
    if (yaml_.ok()) Check(fifos);
  }

 private:
  YamlReader::ReadValue Text(std::string& value) {
    return [this, &value](const YAML::Node& node, const std::string& path) { yaml_.Text(node, path, value); };
  }

  void ReadSizes(const YAML::Node& sizes) {
    if (!sizes.IsMap()) return yaml_.Error(sizes.Mark(), "\"sizes\" must be a map of names to numbers");
    for (const auto& entry : sizes) {
      int64_t value = 1;
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      yaml_.Integer(entry.second, absl::StrCat("sizes.", name), 1, kMostSteps, value);
      sizes_[name] = value;
    }
  }

  // A FIFO names processes that the file lists after it.
  void NameProcesses(const YAML::Node& processes) {
    yaml_.List(processes, "processes", [&](const YAML::Node& node, const std::string& path, size_t index) {
      std::string name;
      if (node.IsMap() && node["name"]) yaml_.Text(node["name"], path + ".name", name);
      if (!process_.emplace(name, static_cast<int32_t>(index)).second) {
        yaml_.Error(node.Mark(), absl::StrCat(path, ": a second process \"", name, "\""));
      }
      problem_.network.processes.push_back({name, {}});
    });
  }

  YamlReader::ReadValue End(int32_t& end) {
    return [this, &end](const YAML::Node& node, const std::string& path) {
      std::string name;
      yaml_.Text(node, path, name);
      const auto found = process_.find(name);
      if (found == process_.end())
        return yaml_.Error(node.Mark(), absl::StrCat(path, ": no process \"", name, "\""));
      end = found->second;
    };
  }

  void ReadFifos(const YAML::Node& fifos) {
    yaml_.List(fifos, "fifos", [&](const YAML::Node& node, const std::string& path, size_t index) {
      Network::Channel channel;
      Fifo fifo;
      fifo.least_depth = 2;  // what hls::stream has without a pragma
      yaml_.Map(node, path,
                {{"name", Text(channel.name), true},
                 {"bits",
                  [&](const YAML::Node& bits, const std::string& at) {
                    yaml_.Integer(bits, at, 1, kMostBits, fifo.bits);
                  },
                  true},
                 {"from", End(channel.source), true},
                 {"to", End(channel.sink), true}});
      if (!channel_.emplace(channel.name, static_cast<int32_t>(index)).second) {
        yaml_.Error(node.Mark(), absl::StrCat(path, ": a second FIFO \"", channel.name, "\""));
      }
      problem_.network.channels.push_back(std::move(channel));
      problem_.fifos.push_back(fifo);
    });
    problem_.timing.pipelines.resize(problem_.fifos.size());
    written_.resize(problem_.fifos.size(), 0);
    read_.resize(problem_.fifos.size(), 0);
  }

  void ReadProcesses(const YAML::Node& processes) {
    yaml_.List(processes, "processes", [&](const YAML::Node& node, const std::string& path, size_t index) {
      at_ = static_cast<int32_t>(index);
      std::string name, memory = "false";
      double latency = 0, interval = 1;
      auto real = [this](double least, double most, double& value) {
        return [this, least, most, &value](const YAML::Node& number, const std::string& at) {
          yaml_.Real(number, at, least, most, value);
        };
      };
      yaml_.Map(node, path,
                {{"name", Text(name), true},
                 {"latency", real(0, kMostCycles, latency)},
                 {"interval", real(1, kMostCycles, interval)},
                 {"memory",
                  [&](const YAML::Node& flag, const std::string& at) {
                    if (yaml_.Choice(flag, at, {"false", "true"}) == 1)
                      problem_.memory_processes.push_back(at_);
                  }},
                 {"program",
                  [&](const YAML::Node& program, const std::string& at) {
                    ProgramBuilder builder(problem_.network.processes[index]);
                    ReadBody(program, at, builder, 1, 0);
                  },
                  true}});
      if (latency == 0) return;
      for (size_t channel = 0; channel < problem_.fifos.size(); ++channel) {
        if (problem_.network.channels[channel].source != at_) continue;
        problem_.timing.pipelines[channel] = {latency, static_cast<int64_t>(std::ceil(latency / interval))};
      }
    });
  }

  void ReadBody(const YAML::Node& body, const std::string& path, ProgramBuilder& builder, int64_t times,
                int nesting) {
    if (nesting > kMostNesting) {
      return yaml_.Error(body.Mark(),
                         absl::StrCat(path, ": more than ", kMostNesting, " loops in each other"));
    }
    yaml_.List(body, path, [&](const YAML::Node& node, const std::string& at, size_t) {
      ReadOperation(node, at, builder, times, nesting);
    });
  }

  void ReadOperation(const YAML::Node& node, const std::string& path, ProgramBuilder& builder, int64_t times,
                     int nesting) {
    if (node.IsMap() && node["loop"]) return ReadLoop(node, path, builder, times, nesting);
    yaml_.Map(node, path, {{"read", Access(builder, times, true)}, {"write", Access(builder, times, false)}});
    if (node.IsMap() && node.size() != 1) {
      yaml_.Error(node.Mark(),
                  absl::StrCat(path, ": must be one of {loop: ...}, {read: FIFO}, {write: FIFO}"));
    }
  }

  YamlReader::ReadValue Access(ProgramBuilder& builder, int64_t times, bool reads) {
    return [this, &builder, times, reads](const YAML::Node& node, const std::string& path) {
      std::string name;
      yaml_.Text(node, path, name);
      const auto found = channel_.find(name);
      if (found == channel_.end())
        return yaml_.Error(node.Mark(), absl::StrCat(path, ": no FIFO \"", name, "\""));
      const Network::Channel& channel = problem_.network.channels[found->second];
      if ((reads ? channel.sink : channel.source) != at_) {
        return yaml_.Error(node.Mark(), absl::StrCat(path, ": another process ", reads ? "reads" : "writes",
                                                     " FIFO \"", name, "\""));
      }
      (reads ? read_ : written_)[found->second] += times;
      reads ? builder.Read(found->second, 1, 0) : builder.Write(found->second, 1, 0);
    };
  }

  void ReadLoop(const YAML::Node& node, const std::string& path, ProgramBuilder& builder, int64_t times,
                int nesting) {
    int64_t count = 1;
    double ii = 0;
    YAML::Node body;
    yaml_.Map(
        node, path,
        {{"loop", [&](const YAML::Node& text, const std::string& at) { count = Count(text, at); }, true},
         {"ii", [&](const YAML::Node& number,
                    const std::string& at) { yaml_.Real(number, at, 0, kMostCycles, ii); }},
         {"do", [&](const YAML::Node& list, const std::string&) { body.reset(list); }}});
    if (!yaml_.ok()) return;
    const bool empty = !body.IsDefined() || body.IsNull();
    if (empty) return builder.Compute(ii * static_cast<double>(count));
    steps_ += times * count;  // both are at most kMostSteps
    if (steps_ > kMostSteps) {
      return yaml_.Error(node.Mark(), absl::StrCat(path, ": more than ", kMostSteps, " iterations in all"));
    }
    builder.Loop(count, [&] {
      ReadBody(body, path + ".do", builder, times * count, nesting + 1);
      builder.Compute(ii);
    });
  }

  // Sizes and numbers, multiplied and divided from left to right. 1 on an error.
  int64_t Count(const YAML::Node& node, const std::string& path) {
    std::string text;
    yaml_.Text(node, path, text);
    int64_t value = 1;
    char next = '*';
    for (size_t from = 0; from <= text.size();) {
      const size_t to = std::min(text.find_first_of("*/", from), text.size());
      const std::optional<int64_t> factor = Factor(text.substr(from, to - from));
      if (!factor || (next == '/' && value % *factor != 0) || (next == '*' && value > kMostSteps / *factor)) {
        yaml_.Error(node.Mark(), absl::StrCat(path, ": \"", text,
                                              "\" must be a product of sizes and numbers, such as "
                                              "rows*columns/4, without remainders and at most ",
                                              kMostSteps));
        return 1;
      }
      value = next == '*' ? value * *factor : value / *factor;
      if (to == text.size()) break;
      next = text[to];
      from = to + 1;
    }
    return value;
  }

  std::optional<int64_t> Factor(const std::string& text) const {
    const auto found = sizes_.find(text);
    if (found != sizes_.end()) return found->second;
    int64_t number = 0;
    if (absl::SimpleAtoi(text, &number) && number > 0) return number;
    return std::nullopt;
  }

  void Check(const YAML::Node& fifos) {
    for (size_t channel = 0; channel < written_.size(); ++channel) {
      if (written_[channel] == read_[channel] && written_[channel] > 0) continue;
      yaml_.Error(fifos[channel].Mark(),
                  absl::StrCat("FIFO \"", problem_.network.channels[channel].name, "\": ", written_[channel],
                               " elements are written and ", read_[channel],
                               " read; both must be the same and not 0"));
    }
  }

  YamlReader& yaml_;
  Problem& problem_;
  std::map<std::string, int64_t> sizes_;
  std::map<std::string, int32_t> process_, channel_;
  std::vector<int64_t> written_, read_;  // elements by channel
  int32_t at_ = 0;                       // the process that is read
  int64_t steps_ = 0;                    // iterations so far
};

}  // namespace

absl::StatusOr<Problem> ParseGraph(const std::string& text, const std::string& path) {
  Problem problem;
  YamlReader yaml(path, "the graph");
  const absl::Status status =
      yaml.Read(text, [&](const YAML::Node& root) { GraphReader(yaml, problem).Read(root); });
  if (!status.ok()) return status;
  Network network = problem.network;
  const Depths depths = UnboundedDepths(problem);
  for (size_t i = 0; i < depths.size(); ++i) network.channels[i].depth = depths[i];
  const compiler::NetworkRun run = RunNetwork(network);
  if (!run.completed) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": deadlocks at any depth: ", DescribeFailure(network, run)));
  }
  return problem;
}

absl::StatusOr<Problem> ReadGraph(const std::string& path) {
  const absl::StatusOr<std::string> text = base::ReadYamlFile(path);
  if (!text.ok()) return text.status();
  return ParseGraph(*text, path);
}

}  // namespace streamtensor::sizing
