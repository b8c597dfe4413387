// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <vector>

#include "compiler/analysis/network_builder.h"
#include "compiler/passes/Passes.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_VERIFYBOUND
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::ProcessKind;
using dataflow::ProcessOp;

int64_t Integer(DictionaryAttr operation, StringRef key) {
  auto value = operation.getAs<IntegerAttr>(key);
  return value ? value.getInt() : 0;
}

// The one order of issues, as three processes must agree on it.
struct OrderCheck {
  ProcessOp activations, engine, results;

  LogicalResult Run(dataflow::DesignOp design) {
    for (auto process : design.getBody().getOps<ProcessOp>()) {
      if (process.getKind() == ProcessKind::activation_switch) activations = process;
      if (process.getKind() == ProcessKind::engine) engine = process;
      if (process.getKind() == ProcessKind::result_switch) results = process;
    }
    if (!engine) return success();
    if (!activations || !results) return engine.emitError("has no activation switch or no result switch");
    if (failed(Section("prologue", activations.getPrologue(), engine.getPrologue(), results.getPrologue())) ||
        failed(Section("layer", activations.getLayer(), engine.getLayer(), results.getLayer())))
      return failure();
    return Section("epilogue", activations.getEpilogue(), engine.getEpilogue(), results.getEpilogue());
  }

  LogicalResult Section(StringRef section, std::optional<ArrayAttr> frames, std::optional<ArrayAttr> issues,
                        std::optional<ArrayAttr> routes) {
    const size_t count = issues ? issues->size() : 0;
    if ((frames ? frames->size() : 0) != count)
      return activations.emitError("fills ") << (frames ? frames->size() : 0) << " frames in section "
                                             << section << ", but the engine takes " << count;
    size_t route = 0;
    const size_t routed = routes ? routes->size() : 0;
    for (size_t i = 0; i < count; ++i) {
      auto frame = cast<DictionaryAttr>((*frames)[i]), issue = cast<DictionaryAttr>((*issues)[i]);
      if (Integer(frame, "groups") != Integer(issue, "groups") || frame.get("rows") != issue.get("rows"))
        return engine.emitError("takes frame ")
               << i << " of section " << section << " as " << issue << ", but it is filled as " << frame;
      // The routes of one issue cover exactly its row tiles.
      int64_t tiles = 0;
      while (route < routed && tiles < Integer(issue, "row_tiles")) {
        auto entry = cast<DictionaryAttr>((*routes)[route++]);
        auto sinks = entry.getAs<DenseI64ArrayAttr>("sinks");
        if (entry.get("rows") != issue.get("rows"))
          return results.emitError("routes rows of ") << entry << " where the engine gives " << issue;
        tiles += Integer(entry, "row_tiles") * (sinks ? sinks.size() : 1);
      }
      if (tiles != Integer(issue, "row_tiles"))
        return results.emitError("routes ") << tiles << " row tiles of issue " << i << " in section "
                                            << section << ", but it has " << Integer(issue, "row_tiles");
    }
    if (route != routed)
      return results.emitError("routes ")
             << routed - route << " more groups of row tiles in section " << section << " than are issued";
    return success();
  }
};

class VerifyBoundPass : public impl::VerifyBoundBase<VerifyBoundPass> {
 public:
  using VerifyBoundBase::VerifyBoundBase;

 private:
  void runOnOperation() override {
    for (auto design : getOperation().getOps<dataflow::DesignOp>()) {
      if (failed(OrderCheck().Run(design)) || failed(Prove(design))) return signalPassFailure();
    }
  }

  static LogicalResult Prove(dataflow::DesignOp design) {
    FailureOr<std::vector<StepShape>> shapes = ShapesToProve(design);
    if (failed(shapes)) return failure();
    for (const StepShape& shape : *shapes) {
      FailureOr<DesignNetwork> built = BuildNetwork(design, shape);
      if (failed(built)) return failure();
      const NetworkRun run = RunNetwork(built->network);
      if (run.completed) continue;
      InFlightDiagnostic error =
          design.emitError(run.left_in < 0 ? "deadlocks with T = " : "fails with T = ");
      error << shape.tokens << " and W = " << shape.logits();
      if (shape.logits() > 0 && shape.logits() < shape.tokens)
        error << (shape.taken[0][0] ? " (the first rows)" : " (the last rows)");
      return error << ": " << DescribeFailure(built->network, run);
    }
    return success();
  }
};

}  // namespace
}  // namespace streamtensor::compiler
