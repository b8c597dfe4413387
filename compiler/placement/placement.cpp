// SPDX-License-Identifier: Apache-2.0
#include "compiler/placement/placement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <coin/CbcModel.hpp>
#include <coin/CbcSolver.hpp>
#include <coin/CoinPackedMatrix.hpp>
#include <coin/OsiClpSolverInterface.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::compiler {
namespace {

// Of the fullest resource against crossings: where wires cost the same, dies are filled evenly.
constexpr double kBalanceWeight = 0.1;
// A resource beyond its limit costs more than all wires.
constexpr double kExcessWeight = 1000;

struct Resource {
  const char* name;
  double LogicResources<double>::* need;
  int64_t LogicResources<int64_t>::* there;
};
constexpr std::array<Resource, 5> kResources = {
    Resource{"lut", &LogicResources<double>::lut, &LogicResources<int64_t>::lut},
    Resource{"ff", &LogicResources<double>::ff, &LogicResources<int64_t>::ff},
    Resource{"bram36", &LogicResources<double>::bram36, &LogicResources<int64_t>::bram36},
    Resource{"uram", &LogicResources<double>::uram, &LogicResources<int64_t>::uram},
    Resource{"dsp", &LogicResources<double>::dsp, &LogicResources<int64_t>::dsp}};

// What a design may use of a die.
double Allowed(const Platform& platform, size_t die, const Resource& resource) {
  return static_cast<double>(platform.slrs[die].*resource.there) * platform.limits.*resource.need;
}

double AllowedWires(const Platform& platform) {
  return static_cast<double>(platform.sll.wires) * platform.sll.limit;
}

// A linear program as triplets.
class Program {
 public:
  int Column(double low, double high, double cost, bool integer) {
    low_.push_back(low);
    high_.push_back(high);
    cost_.push_back(cost);
    integer_.push_back(integer);
    return static_cast<int>(cost_.size()) - 1;
  }
  int Row(double low, double high) {
    row_low_.push_back(low);
    row_high_.push_back(high);
    return static_cast<int>(row_low_.size()) - 1;
  }
  void Add(int row, int column, double value) {
    rows_.push_back(row);
    columns_.push_back(column);
    values_.push_back(value);
  }
  void Load(OsiClpSolverInterface& solver) const {
    CoinPackedMatrix matrix(false, rows_.data(), columns_.data(), values_.data(),
                            static_cast<int>(values_.size()));
    matrix.setDimensions(static_cast<int>(row_low_.size()), static_cast<int>(cost_.size()));
    solver.loadProblem(matrix, low_.data(), high_.data(), cost_.data(), row_low_.data(), row_high_.data());
    for (size_t i = 0; i < integer_.size(); ++i) {
      if (integer_[i]) solver.setInteger(static_cast<int>(i));
    }
  }

 private:
  std::vector<double> low_, high_, cost_, row_low_, row_high_, values_;
  std::vector<int> rows_, columns_;
  std::vector<bool> integer_;
};

// The program, and where its solution says which die a block is on.
class PlacementProgram {
 public:
  PlacementProgram(const PlacementProblem& problem, const Platform& platform)
      : problem_(problem), platform_(platform), dies_(platform.slrs.size()) {
    AddBlocks();
    AddResources();
    AddLinks();
  }

  const Program& program() const { return program_; }
  std::vector<size_t> DiesOf(const double* solution) const {
    std::vector<size_t> dies;
    for (size_t block = 0; block < problem_.blocks.size(); ++block) {
      const double* first = solution + on_[block * dies_];
      dies.push_back(static_cast<size_t>(std::max_element(first, first + dies_) - first));
    }
    return dies;
  }

 private:
  // Whether a block is on a die; each is on one.
  void AddBlocks() {
    for (const PlacedBlock& block : problem_.blocks) {
      const int one = program_.Row(1, 1);
      for (size_t die = 0; die < dies_; ++die) {
        const double low = block.die == die ? 1 : 0, high = !block.die || *block.die == die ? 1 : 0;
        on_.push_back(program_.Column(low, high, 0, true));
        program_.Add(one, on_.back(), 1);
      }
    }
  }

  // Used - allowed * fullest - excess <= 0, and the fullest is at most 1.
  void AddResources() {
    const int fullest = program_.Column(0, 1, kBalanceWeight, false);
    for (size_t die = 0; die < dies_; ++die) {
      for (const Resource& resource : kResources) {
        // A die without a resource: every unit is beyond the limit.
        const double scale = std::max(Allowed(platform_, die, resource), 1.0);
        const int row = program_.Row(-COIN_DBL_MAX, 0);
        for (size_t block = 0; block < problem_.blocks.size(); ++block) {
          const double need = problem_.blocks[block].needs.*resource.need;
          if (need > 0) program_.Add(row, on_[block * dies_ + die], need / scale);
        }
        if (Allowed(platform_, die, resource) > 0) program_.Add(row, fullest, -1);
        program_.Add(row, program_.Column(0, COIN_DBL_MAX, kExcessWeight, false), -1);
      }
    }
  }

  // A link crosses a boundary if one end is below it and the other is not.
  void AddLinks() {
    for (size_t boundary = 0; boundary + 1 < dies_; ++boundary) {
      const double there = std::max(static_cast<double>(platform_.sll.wires), 1.0);
      const int wires = program_.Row(-COIN_DBL_MAX, AllowedWires(platform_) / there);
      program_.Add(wires, program_.Column(0, COIN_DBL_MAX, kExcessWeight, false), -1);
      for (const PlacedLink& link : problem_.links) {
        if (link.from == link.to || link.wires == 0) continue;
        const double share = static_cast<double>(link.wires) / there;
        const int crosses = program_.Column(0, 1, share, false);
        program_.Add(wires, crosses, share);
        for (const double sign : {1.0, -1.0}) {
          const int row = program_.Row(0, COIN_DBL_MAX);
          program_.Add(row, crosses, 1);
          for (size_t die = 0; die <= boundary; ++die) {
            program_.Add(row, on_[link.from * dies_ + die], sign);
            program_.Add(row, on_[link.to * dies_ + die], -sign);
          }
        }
      }
    }
  }

  const PlacementProblem& problem_;
  const Platform& platform_;
  const size_t dies_;
  Program program_;
  std::vector<int> on_;  // columns, by block and die
};

int GoOn(CbcModel* /*model*/, int /*where*/) { return 0; }

absl::Status CheckProblem(const PlacementProblem& problem, const Platform& platform) {
  if (platform.slrs.empty()) return absl::InvalidArgumentError("the platform has no die");
  for (const PlacedBlock& block : problem.blocks) {
    if (block.die && *block.die >= platform.slrs.size()) {
      return absl::InvalidArgumentError(absl::StrCat("block ", block.name, " stands on die ", *block.die,
                                                     "; the platform has ", platform.slrs.size()));
    }
    for (const Resource& resource : kResources) {
      const double need = block.needs.*resource.need;
      if (!(need >= 0) || !std::isfinite(need)) {
        return absl::InvalidArgumentError(
            absl::StrCat("block ", block.name, " needs ", need, " ", resource.name, "; expected 0 or more"));
      }
    }
  }
  for (const PlacedLink& link : problem.links) {
    if (link.from >= problem.blocks.size() || link.to >= problem.blocks.size() || link.wires < 0) {
      return absl::InvalidArgumentError(absl::StrCat("link ", link.name, " of ", link.wires,
                                                     " wires joins blocks ", link.from, " and ", link.to,
                                                     " of ", problem.blocks.size()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

double Placement::Gap() const { return cost <= 0 ? 0 : std::max(0.0, (cost - bound) / cost); }

Placement Judge(const PlacementProblem& problem, const Platform& platform, std::vector<size_t> dies) {
  Placement placement;
  placement.used.resize(platform.slrs.size());
  placement.crossings.resize(platform.slrs.size() - 1);
  for (size_t block = 0; block < problem.blocks.size(); ++block) {
    for (const Resource& resource : kResources) {
      placement.used[dies[block]].*resource.need += problem.blocks[block].needs.*resource.need;
    }
  }
  for (const PlacedLink& link : problem.links) {
    const auto [low, high] = std::minmax(dies[link.from], dies[link.to]);
    for (size_t boundary = low; boundary < high; ++boundary) placement.crossings[boundary] += link.wires;
  }
  double fullest = 0, over = 0;
  for (size_t die = 0; die < platform.slrs.size(); ++die) {
    for (const Resource& resource : kResources) {
      const double used = placement.used[die].*resource.need, allowed = Allowed(platform, die, resource);
      if (allowed > 0) fullest = std::max(fullest, std::min(1.0, used / allowed));
      if (used <= allowed * (1 + 1e-9)) continue;
      over += used / std::max(allowed, 1.0) - (allowed > 0 ? 1 : 0);
      const auto there = static_cast<double>(platform.slrs[die].*resource.there);
      placement.excess.push_back(
          {die, resource.name, used / std::max(there, 1.0), platform.limits.*resource.need});
    }
  }
  for (size_t boundary = 0; boundary < placement.crossings.size(); ++boundary) {
    const double there = std::max(static_cast<double>(platform.sll.wires), 1.0);
    const double share = static_cast<double>(placement.crossings[boundary]) / there;
    placement.cost += share;
    if (share <= AllowedWires(platform) / there) continue;
    over += share - AllowedWires(platform) / there;
    placement.excess.push_back({boundary, "sll", share, platform.sll.limit});
  }
  placement.cost += kBalanceWeight * fullest + kExcessWeight * over;
  placement.dies = std::move(dies);
  return placement;
}

absl::StatusOr<Placement> Place(const PlacementProblem& problem, const Platform& platform,
                                const PlacementLimits& limits) {
  if (absl::Status status = CheckProblem(problem, platform); !status.ok()) return status;
  const PlacementProgram program(problem, platform);
  OsiClpSolverInterface solver;
  solver.messageHandler()->setLogLevel(0);
  program.program().Load(solver);
  CbcModel model(solver);
  model.setLogLevel(0);
  CbcSolverUsefulData settings;
  CbcMain0(model, settings);
  const std::string seconds = absl::StrCat(limits.seconds), nodes = absl::StrCat(limits.max_nodes);
  const std::array<const char*, 9> arguments = {
      "cbc", "-logLevel", "0", "-seconds", seconds.c_str(), "-maxNodes", nodes.c_str(), "-solve", "-quit"};
  CbcMain1(static_cast<int>(arguments.size()), const_cast<const char**>(arguments.data()), model, GoOn,
           settings);
  if (model.bestSolution() == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat("no placement of ", problem.blocks.size(),
                                                     " blocks found in ", limits.seconds, " s and ",
                                                     limits.max_nodes, " nodes"));
  }
  Placement placement = Judge(problem, platform, program.DiesOf(model.bestSolution()));
  placement.optimal = model.isProvenOptimal();
  placement.bound =
      placement.optimal ? placement.cost : std::min(placement.cost, model.getBestPossibleObjValue());
  return placement;
}

}  // namespace streamtensor::compiler
