// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/paper_program.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "compiler/sizing/clp.h"

namespace streamtensor::sizing {
namespace {

constexpr double kTolerance = 1e-6;   // cycles
constexpr int64_t kDefaultDepth = 2;  // of hls::stream

// The channels that go forward in the order of processes, one for each pair.
struct Edge {
  int32_t from, to;
  std::vector<size_t> channels;
};

class PathProgram {
 public:
  PathProgram(const compiler::Network& network, const std::vector<double>& initial_delay)
      : processes_(network.processes.size()), initial_delay_(initial_delay), out_(processes_) {
    std::map<std::pair<int32_t, int32_t>, size_t> known;
    for (size_t channel = 0; channel < network.channels.size(); ++channel) {
      const int32_t from = network.channels[channel].source, to = network.channels[channel].sink;
      if (from >= to) continue;
      const auto [at, added] = known.try_emplace({from, to}, edges_.size());
      if (added) {
        out_[from].push_back(edges_.size());
        edges_.push_back({from, to, {}});
      }
      edges_[at->second].channels.push_back(channel);
    }
  }

  const std::vector<Edge>& edges() const { return edges_; }

  // By edge.
  absl::StatusOr<std::vector<double>> Solve() {
    LinearProgram program(edges_.size());
    for (size_t edge = 0; edge < edges_.size(); ++edge) program.AddCost(edge, 1);
    std::vector<double> delay(edges_.size(), 0);
    while (AddBrokenPaths(delay, program)) {
      if (program.rows() > kMostRows) {
        return absl::ResourceExhaustedError(absl::StrCat("more than ", kMostRows, " paths matter"));
      }
      absl::StatusOr<std::vector<double>> solution = program.Minimise();
      if (!solution.ok()) return solution;
      delay = *std::move(solution);
    }
    return delay;
  }

 private:
  // Of each pair of processes the path that is delayed least, if that is too little. False: none.
  bool AddBrokenPaths(const std::vector<double>& delay, LinearProgram& program) {
    bool added = false;
    for (size_t from = 0; from < processes_; ++from) {
      if (out_[from].empty()) continue;
      constexpr double kFar = std::numeric_limits<double>::infinity();
      std::vector<double> longest(processes_, -kFar), shortest(processes_, kFar);
      std::vector<size_t> by(processes_, 0);
      longest[from] = shortest[from] = 0;
      for (size_t at = from; at < processes_; ++at) {
        if (shortest[at] == kFar) continue;
        for (const size_t edge : out_[at]) {
          const auto to = static_cast<size_t>(edges_[edge].to);
          longest[to] = std::max(longest[to], longest[at] + initial_delay_[at]);
          if (shortest[at] + delay[edge] >= shortest[to]) continue;
          shortest[to] = shortest[at] + delay[edge];
          by[to] = edge;
        }
        if (at == from || shortest[at] >= longest[at] - kTolerance) continue;
        std::vector<size_t> path;
        for (size_t p = at; p != from; p = static_cast<size_t>(edges_[path.back()].from))
          path.push_back(by[p]);
        std::sort(path.begin(), path.end());
        if (!rows_.insert(path).second) continue;
        std::vector<std::pair<size_t, double>> terms;
        for (const size_t edge : path) terms.emplace_back(edge, 1.0);
        program.AddRow(std::move(terms), longest[at]);
        added = true;
      }
    }
    return added;
  }

  const size_t processes_;
  const std::vector<double>& initial_delay_;
  std::vector<Edge> edges_;
  std::vector<std::vector<size_t>> out_;  // edges by process
  std::set<std::vector<size_t>> rows_;
};

}  // namespace

int64_t PaperTokens(const TokenStream& source, const TokenStream& target, double source_latency,
                    double initial_delay, double delay) {
  if (source.tokens == 0) return 0;
  const auto tokens = static_cast<double>(source.tokens);
  double held = tokens;
  if (source.ii <= target.ii) {
    if (target.ii > 0) held = std::min(tokens, tokens - std::floor((source_latency - delay) / target.ii));
  } else {
    held = std::min(tokens, std::ceil((delay - initial_delay) / source.ii));
  }
  return static_cast<int64_t>(std::max(held, 0.0));
}

absl::StatusOr<Depths> PaperDepths(const Problem& problem, const OwnSchedules& own, Equalisation equalisation,
                                   const Depths& feedback) {
  std::vector<double> initial_delay;
  double slowest = 0;
  for (const TokenModel& model : own.processes) {
    initial_delay.push_back(model.initial_delay);
    slowest = std::max(slowest, model.latency);
  }
  PathProgram program(problem.network, initial_delay);
  const absl::StatusOr<std::vector<double>> delay = program.Solve();
  if (!delay.ok()) return delay.status();
  Depths depths = feedback;
  for (size_t edge = 0; edge < program.edges().size(); ++edge) {
    for (const size_t channel : program.edges()[edge].channels) {
      const compiler::Network::Channel& ends = problem.network.channels[channel];
      TokenStream source = own.writes[channel], target = own.reads[channel];
      if (equalisation == Equalisation::kConservative) {
        // Everyone's interval is that of the slowest.
        if (own.processes[ends.source].latency > 0) source.ii *= slowest / own.processes[ends.source].latency;
        if (own.processes[ends.sink].latency > 0) target.ii *= slowest / own.processes[ends.sink].latency;
      }
      const double latency =
          source.first + source.ii * static_cast<double>(std::max<int64_t>(source.tokens - 1, 0));
      const int64_t tokens = PaperTokens(source, target, latency, initial_delay[ends.source], (*delay)[edge]);
      const Fifo& fifo = problem.fifos[channel];
      depths[channel] = std::min(std::max({tokens, kDefaultDepth, fifo.least_depth}), fifo.most_depth);
    }
  }
  return depths;
}

}  // namespace streamtensor::sizing
