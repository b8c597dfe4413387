// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/passes/Passes.h"
#include "llvm/ADT/BitVector.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_ORDERPROCESSES
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::ProcessOpInterface;
using dataflow::StreamOp;

// Processes as nodes, numbered in the design's order, and streams as edges.
class ProcessGraph {
 public:
  explicit ProcessGraph(dataflow::DesignOp design) {
    llvm::StringMap<int> number;
    for (auto process : design.getBody().getOps<ProcessOpInterface>()) {
      number[process.getSymName()] = static_cast<int>(processes_.size());
      processes_.push_back(process);
    }
    reads_.resize(processes_.size());
    writes_.resize(processes_.size());
    for (auto stream : design.getBody().getOps<StreamOp>()) {
      const int edge = static_cast<int>(edges_.size());
      edges_.push_back({stream, number.lookup(stream.getSource()), number.lookup(stream.getSink())});
      reads_[edges_.back().sink].push_back(edge);
      writes_[edges_.back().source].push_back(edge);
    }
    backward_.resize(edges_.size());
  }

  // Chooses the backward streams greedily: each time the stream of words without which the fewest processes
  // are in a cycle; of equals, the one that goes back furthest in the design's order. This is the feedback
  // arc set problem (Eades, Lin and Smyth, "A fast and effective heuristic for the feedback arc set problem",
  // 1993); a design has so few cycles that trying every stream is cheap.
  // Fails if a cycle has no stream of words.
  LogicalResult CutCycles() {
    for (int left = CountInCycles(); left > 0;) {
      std::optional<int> best;
      int best_left = left;
      for (int edge = 0; edge < static_cast<int>(edges_.size()); ++edge) {
        if (backward_.test(edge) || edges_[edge].stream.getKind() != dataflow::ChannelKind::words) continue;
        backward_.set(edge);
        const int count = CountInCycles();
        backward_.reset(edge);
        if (count < best_left || (best && count == best_left && Span(edge) > Span(*best))) {
          best = edge;
          best_left = count;
        }
      }
      if (!best) return failure();
      backward_.set(*best);
      left = best_left;
    }
    return success();
  }

  SmallVector<StreamOp> BackwardStreams() const {
    SmallVector<StreamOp> streams;
    for (const unsigned edge : backward_.set_bits()) streams.push_back(edges_[edge].stream);
    return streams;
  }

  // A topological order that ignores the backward streams. Of the processes that may come next, the first in
  // the design's order does.
  std::vector<ProcessOpInterface> Order() const {
    std::vector<int> missing(processes_.size());
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (int process = 0; process < static_cast<int>(processes_.size()); ++process) {
      missing[process] = CountForward(reads_[process]);
      if (missing[process] == 0) ready.push(process);
    }
    std::vector<ProcessOpInterface> order;
    while (!ready.empty()) {
      const int process = ready.top();
      ready.pop();
      order.push_back(processes_[process]);
      for (const int edge : writes_[process]) {
        if (!backward_.test(edge) && --missing[edges_[edge].sink] == 0) ready.push(edges_[edge].sink);
      }
    }
    return order;
  }

 private:
  struct Edge {
    StreamOp stream;
    int source = 0, sink = 0;
  };

  int Span(int edge) const { return edges_[edge].source - edges_[edge].sink; }

  int CountForward(ArrayRef<int> edges) const {
    return static_cast<int>(llvm::count_if(edges, [&](int edge) { return !backward_.test(edge); }));
  }

  // The number of processes in a cycle of forward streams, or between two cycles: what is left after
  // removing, one by one, processes that have no predecessor or no successor.
  int CountInCycles() const {
    const size_t count = processes_.size();
    std::vector<int> in(count), out(count), taken;
    llvm::BitVector gone(static_cast<unsigned>(count));
    const auto take = [&](int process) {
      if (gone.test(process) || (in[process] > 0 && out[process] > 0)) return;
      gone.set(process);
      taken.push_back(process);
    };
    for (size_t process = 0; process < count; ++process) {
      in[process] = CountForward(reads_[process]);
      out[process] = CountForward(writes_[process]);
    }
    for (size_t process = 0; process < count; ++process) take(static_cast<int>(process));
    while (!taken.empty()) {
      const int process = taken.back();
      taken.pop_back();
      for (const int edge : writes_[process]) {
        if (backward_.test(edge)) continue;
        --in[edges_[edge].sink];
        take(edges_[edge].sink);
      }
      for (const int edge : reads_[process]) {
        if (backward_.test(edge)) continue;
        --out[edges_[edge].source];
        take(edges_[edge].source);
      }
    }
    return static_cast<int>(count - gone.count());
  }

  std::vector<ProcessOpInterface> processes_;
  std::vector<Edge> edges_;
  std::vector<SmallVector<int>> reads_, writes_;  // by process: edges
  llvm::BitVector backward_;                      // by edge
};

class OrderProcessesPass : public impl::OrderProcessesBase<OrderProcessesPass> {
 public:
  using OrderProcessesBase::OrderProcessesBase;

 private:
  void runOnOperation() override {
    for (auto design : getOperation().getOps<dataflow::DesignOp>()) {
      if (failed(Run(design))) return signalPassFailure();
    }
  }

  LogicalResult Run(dataflow::DesignOp design) const {
    ProcessGraph graph(design);
    if (failed(graph.CutCycles()))
      return design.emitError("has a cycle of processes without a stream of words; no other may go backward");
    const SmallVector<StreamOp> backward = graph.BackwardStreams();
    if (static_cast<int64_t>(backward.size()) > most) {
      InFlightDiagnostic error = design.emitError("needs ")
                                 << backward.size() << " backward streams where at most " << int64_t{most}
                                 << " are allowed:";
      for (StreamOp stream : backward) error << " @" << stream.getSymName();
      return error;
    }
    for (ProcessOpInterface process : graph.Order())
      process->moveBefore(&design.getBody().front(), design.getBody().front().end());
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
