// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network_builder.h"

#include <algorithm>

#include "compiler/analysis/trace.h"

namespace streamtensor::compiler {
namespace {

using dataflow::ChannelKind;
using dataflow::ProcessOpInterface;
using dataflow::StreamOp;

// In the design's order, which is that of the emitted calls: a cycle is reported from its first process.
std::vector<ProcessOpInterface> ProcessesInOrder(dataflow::DesignOp design, NetworkScope scope) {
  const auto all = design.getBody().getOps<ProcessOpInterface>();
  std::vector<ProcessOpInterface> processes(all.begin(), all.end());
  if (scope == NetworkScope::kData) {
    llvm::erase_if(processes, [](ProcessOpInterface process) { return process.isControl(); });
  }
  return processes;
}

}  // namespace

bool IsControl(ChannelKind kind) {
  return kind == ChannelKind::header || kind == ChannelKind::pages || kind == ChannelKind::done;
}

mlir::FailureOr<DesignNetwork> BuildNetwork(dataflow::DesignOp design, const StepShape& shape,
                                            const NetworkCosts& costs, NetworkScope scope) {
  DesignNetwork result;
  Network& network = result.network;
  llvm::StringMap<int32_t> index;
  for (ProcessOpInterface process : ProcessesInOrder(design, scope)) {
    index[process.getSymName()] = static_cast<int32_t>(network.processes.size());
    network.processes.push_back({process.getSymName().str(), {}});
  }
  Trace::Context context(design, shape, costs);
  for (auto stream : design.getBody().getOps<StreamOp>()) {
    if (scope == NetworkScope::kData && IsControl(stream.getKind())) continue;
    context.channels[stream.getSymName()] = static_cast<int32_t>(network.channels.size());
    network.channels.push_back({stream.getSymName().str(), static_cast<int64_t>(stream.getDepth()),
                                index.lookup(stream.getSource()), index.lookup(stream.getSink())});
    result.streams.push_back(stream);
  }
  // In the design's order: that is how the choices of rows are listed.
  for (auto process : design.getBody().getOps<ProcessOpInterface>()) {
    const auto found = index.find(process.getSymName());
    if (found == index.end()) continue;
    Trace trace(&context, process, &network.processes[found->second]);
    if (mlir::failed(process.trace(trace))) return mlir::failure();
  }
  return result;
}

TakenRows FirstRows(int64_t tokens, int64_t logits) {
  TakenRows rows(tokens, false);
  std::fill_n(rows.begin(), logits, true);
  return rows;
}

TakenRows LastRows(int64_t tokens, int64_t logits) {
  TakenRows rows(tokens, false);
  std::fill_n(rows.rbegin(), logits, true);
  return rows;
}

mlir::FailureOr<std::vector<StepShape>> ShapesToProve(dataflow::DesignOp design) {
  const int64_t layers = std::min(static_cast<int64_t>(design.getLayers()), kLayersToProve);
  const int64_t most_tokens = std::max<int64_t>(design.getBound("T"), 1), most_logits = design.getBound("W");
  const auto choosers =
      static_cast<size_t>(llvm::count_if(design.getBody().getOps<ProcessOpInterface>(),
                                         [](ProcessOpInterface process) { return process.choosesRows(); }));
  if (choosers > kMaxRowChoices) {
    return design.emitError("has ") << choosers
                                    << " processes that choose rows; steps are proved for at most "
                                    << kMaxRowChoices;
  }
  std::vector<StepShape> shapes;
  for (int64_t tokens = most_tokens; tokens >= 0; --tokens) {
    for (int64_t logits = std::min(tokens, most_logits); logits >= 0; --logits) {
      const TakenRows first = FirstRows(tokens, logits), last = LastRows(tokens, logits);
      const unsigned choices = first == last ? 1 : 1u << choosers;
      for (unsigned choice = 0; choice < choices; ++choice) {
        StepShape shape{tokens, layers, {}};
        for (size_t process = 0; process < std::max<size_t>(choosers, 1); ++process) {
          shape.taken.push_back((choice >> process & 1) != 0 ? first : last);
        }
        shapes.push_back(std::move(shape));
      }
    }
  }
  return shapes;
}

}  // namespace streamtensor::compiler
