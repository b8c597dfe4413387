// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/layer_comparison.h"

#include <vector>

#include "base/status_macros.h"
#include "mlir/IR/OperationSupport.h"

namespace streamtensor::compiler {
namespace {

using mlir::Operation;
using mlir::Value;

class Comparison {
 public:
  Comparison(const ExportedStep& step, int64_t layer) : step_(step), layer_(layer) {}

  absl::StatusOr<llvm::MapVector<Value, Value>> Run() {
    met_[step_.LayerInput(0)] = step_.LayerInput(layer_);
    RETURN_IF_ERROR(
        Require(step_.Residual(1), step_.Residual(layer_ + 1), step_.LayerInput(1).getDefiningOp()));
    while (!open_.empty()) {
      auto [first, other] = open_.back();
      open_.pop_back();
      RETURN_IF_ERROR(Compare(first, other));
    }
    return weights_;
  }

 private:
  absl::Status Differ(Operation* first, Operation* other, std::string_view how) const {
    return absl::UnimplementedError(Message("layers are not alike: '", first->getName().getStringRef().str(),
                                            "' at ", Shown(first->getLoc()), " of layer 0 and '",
                                            other->getName().getStringRef().str(), "' at ",
                                            Shown(other->getLoc()), " of layer ", layer_, " ", how));
  }

  // The two values stand at the same place of their layers; `user` is one that reads the first.
  absl::Status Require(Value first, Value other, Operation* user) {
    if (auto found = met_.find(first); found != met_.end()) {
      if (found->second == other) return absl::OkStatus();
      return absl::UnimplementedError(Message(
          "layers are not alike: '", user->getName().getStringRef().str(), "' at ", Shown(user->getLoc()),
          " reads a value of layer 0 whose place in layer ", layer_, " another value has"));
    }
    if (first.getType() != other.getType()) {
      return absl::UnimplementedError(Message(
          "layers are not alike: '", user->getName().getStringRef().str(), "' at ", Shown(user->getLoc()),
          " reads ", Shown(first.getType()), " in layer 0, ", Shown(other.getType()), " in layer ", layer_));
    }
    met_[first] = other;
    const bool is_weight = !step_.WeightOf(first).empty();
    if (is_weight != !step_.WeightOf(other).empty() ||
        (!first.getDefiningOp() && !is_weight && first != other) ||
        !first.getDefiningOp() != !other.getDefiningOp()) {
      return absl::UnimplementedError(Message("layers are not alike: '", user->getName().getStringRef().str(),
                                              "' at ", Shown(user->getLoc()),
                                              " reads another kind of value in layer ", layer_));
    }
    if (is_weight) weights_[first] = other;
    if (first.getDefiningOp()) open_.emplace_back(first, other);
    return absl::OkStatus();
  }

  absl::Status Compare(Value first, Value other) {
    Operation* a = first.getDefiningOp();
    Operation* b = other.getDefiningOp();
    if (llvm::cast<mlir::OpResult>(first).getResultNumber() !=
        llvm::cast<mlir::OpResult>(other).getResultNumber())
      return Differ(a, b, "give different results");
    if (ExportedStep::IsMarker(a) || ExportedStep::IsMarker(b)) {
      return absl::UnimplementedError(
          Message("layer ", layer_, " reads the residual before another layer, at ", Shown(b->getLoc())));
    }
    if (ExportedStep::IsAttention(a) && ExportedStep::IsAttention(b)) {
      // Which are checked alone: the number of the layer is one of their operands.
      if (a != step_.Attention(0) || b != step_.Attention(layer_))
        return Differ(a, b, "attend in other layers");
      for (unsigned i = 0; i < 3; ++i) RETURN_IF_ERROR(Require(a->getOperand(i), b->getOperand(i), a));
      return absl::OkStatus();
    }
    absl::Status status;
    llvm::DenseMap<Value, Value> inner;  // values of bodies
    const auto check = [&](Value x, Value y) {
      if (auto found = inner.find(x); found != inner.end()) return mlir::success(found->second == y);
      if (status.ok()) status = Require(x, y, a);
      return mlir::success(status.ok());
    };
    const auto mark = [&](Value x, Value y) { inner[x] = y; };
    const bool alike = mlir::OperationEquivalence::isEquivalentTo(
        a, b, check, mark, mlir::OperationEquivalence::Flags::IgnoreLocations);
    RETURN_IF_ERROR(status);
    if (!alike) return Differ(a, b, "differ");
    // Operands that are one value for both layers are not asked for, but what they read counts for both.
    a->walk([&](Operation* nested) {
      for (Value operand : nested->getOperands()) {
        if (status.ok() && operand.getParentBlock() == a->getBlock() && !met_.contains(operand))
          status = Require(operand, operand, a);
      }
    });
    return status;
  }

  const ExportedStep& step_;
  const int64_t layer_;
  llvm::DenseMap<Value, Value> met_;
  std::vector<std::pair<Value, Value>> open_;
  llvm::MapVector<Value, Value> weights_;
};

}  // namespace

absl::StatusOr<llvm::MapVector<Value, Value>> CompareLayer(const ExportedStep& step, int64_t layer) {
  return Comparison(step, layer).Run();
}

}  // namespace streamtensor::compiler
