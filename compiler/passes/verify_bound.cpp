// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "compiler/analysis/network_builder.h"
#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/passes/Passes.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_VERIFYBOUND
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::Passage;
using dataflow::ProcessOpInterface;

std::string Describe(const Passage& passage) {
  return std::to_string(passage.count) + " x " + dataflow::ToString(passage.rows) + " rows of " +
         std::to_string(passage.width);
}

// Both processes of a stream cut what passes there into the same sequence: each passage of the source is one
// or more whole passages of the sink.
class OrderCheck {
 public:
  explicit OrderCheck(dataflow::DesignOp design) : design_(design) {
    for (auto process : design.getBody().getOps<ProcessOpInterface>())
      processes_[process.getSymName()] = process;
  }

  LogicalResult Run() {
    for (auto stream : design_.getBody().getOps<dataflow::StreamOp>()) {
      ProcessOpInterface source = processes_.lookup(stream.getSource());
      ProcessOpInterface sink = processes_.lookup(stream.getSink());
      const auto given = source.getPassages(stream), taken = sink.getPassages(stream);
      if (!given || !taken) continue;
      for (auto section :
           {dataflow::Section::prologue, dataflow::Section::layer, dataflow::Section::epilogue}) {
        const auto index = static_cast<size_t>(section);
        if (failed(CheckSection(stream, source, sink, section, (*given)[index], (*taken)[index])))
          return failure();
      }
    }
    return success();
  }

 private:
  static LogicalResult CheckSection(dataflow::StreamOp stream, ProcessOpInterface source,
                                    ProcessOpInterface sink, dataflow::Section section,
                                    ArrayRef<Passage> given, ArrayRef<Passage> taken) {
    const auto fail = [&]() {
      return sink->emitError("@") << sink.getSymName() << " and @" << source.getSymName()
                                  << " disagree on section " << dataflow::stringifySection(section) << " of @"
                                  << stream.getSymName() << ": ";
    };
    size_t next = 0;
    for (auto [index, passage] : llvm::enumerate(given)) {
      int64_t count = 0;
      for (; next < taken.size() && count < passage.count; ++next) {
        if (taken[next].rows != passage.rows || taken[next].width != passage.width)
          return fail() << "number " << index << " is given as " << Describe(passage) << " and taken as "
                        << Describe(taken[next]);
        count += taken[next].count;
      }
      if (count != passage.count)
        return fail() << "of number " << index << ", " << Describe(passage) << ", " << count << " are taken";
    }
    if (next == taken.size()) return success();
    return fail() << taken.size() - next << " more are taken than given";
  }

  dataflow::DesignOp design_;
  llvm::StringMap<ProcessOpInterface> processes_;
};

class VerifyBoundPass : public impl::VerifyBoundBase<VerifyBoundPass> {
 public:
  using VerifyBoundBase::VerifyBoundBase;

 private:
  void runOnOperation() override {
    for (auto design : getOperation().getOps<dataflow::DesignOp>()) {
      if (failed(OrderCheck(design).Run()) || failed(Prove(design))) return signalPassFailure();
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
