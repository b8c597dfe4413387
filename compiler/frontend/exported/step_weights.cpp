// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/step_weights.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/exported/step_products.h"
#include "llvm/ADT/DenseSet.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace streamtensor::compiler {
namespace {

using mlir::Operation;
using mlir::Value;

// Of a weight's name, which messages show.
constexpr size_t kMaxName = 200;

struct Use {
  bool is_product = false;
  bool is_embedding = false;
  bool is_values = false;
  bool transposed = false;
};

// The weight below what only moves elements; null where there is none.
Value WeightBelow(const ExportedStep& step, Value value) {
  while (Operation* op = value.getDefiningOp()) {
    if (!IsView(op) || llvm::isa<mlir::tensor::ConcatOp>(op)) return {};
    unsigned input = 0;
    if (auto linalg = llvm::dyn_cast<mlir::linalg::LinalgOp>(op)) YieldsAnInput(linalg, &input);
    value = op->getOperand(input);
  }
  return step.WeightOf(value).empty() ? Value() : value;
}

class UseFinder {
 public:
  UseFinder(const ExportedStep& step, llvm::DenseMap<Value, Use>* uses) : step_(step), uses_(*uses) {}

  absl::Status Run() {
    mlir::func::FuncOp function = step_.function();
    for (Operation& op : function.getBody().front()) {
      if (!step_.IsLive(&op) || IsView(&op) || ExportedStep::IsAttention(&op) ||
          ExportedStep::IsMarker(&op)) {
        // A concatenation reads what it joins.
        if (!step_.IsLive(&op) || !llvm::isa<mlir::tensor::ConcatOp>(op)) continue;
      }
      ASSIGN_OR_RETURN(const std::optional<Product> product, MatchProduct(step_, &op));
      if (product) {
        RETURN_IF_ERROR(AddProduct(*product));
        continue;
      }
      AddReads(&op);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status AddProduct(const Product& product) {
    Use& use = uses_[product.weight.argument];
    if (use.is_product && use.transposed != product.weight.transposed) {
      return CannotCompile(product.op, "is a product with the weight ",
                           Quoted(step_.WeightOf(product.weight.argument)),
                           " transposed, which another product reads as it is");
    }
    use.is_product = true;
    use.transposed = product.weight.transposed;
    return absl::OkStatus();
  }

  void AddReads(Operation* op) {
    const bool by_token =
        op->getNumResults() > 0 && step_.Info(op->getResult(0)).dependence == Dependence::kTokens;
    op->walk([&](Operation* inner) {
      for (Value operand : inner->getOperands()) {
        if (!llvm::isa<mlir::RankedTensorType>(operand.getType())) continue;
        Value weight = WeightBelow(step_, operand);
        if (!weight) continue;
        const bool looked_up = llvm::isa<mlir::tensor::ExtractOp>(inner);
        Use& use = uses_[weight];
        (looked_up && by_token ? use.is_embedding : use.is_values) = true;
      }
    });
  }

  const ExportedStep& step_;
  llvm::DenseMap<Value, Use>& uses_;
};

// `name` with its layer's number replaced where it stands between dots, at the occurrence-th such place.
std::optional<std::string> PatternOf(const std::string& name, size_t occurrence) {
  for (size_t start = 0; start <= name.size();) {
    const size_t end = std::min(name.find('.', start), name.size());
    if (name.substr(start, end - start) == "0" && occurrence-- == 0)
      return name.substr(0, start) + "{layer}" + name.substr(end);
    start = end + 1;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<ExportedWeights> ExportedWeights::Find(const ExportedStep& step) {
  llvm::DenseMap<Value, Use> uses;
  RETURN_IF_ERROR(UseFinder(step, &uses).Run());
  // Of layers after the first, which read the same.
  llvm::DenseSet<Value> of_others;
  for (const auto& [first, arguments] : step.layer_weights()) {
    for (Value argument : arguments) {
      if (argument != first) of_others.insert(argument);
    }
  }
  ExportedWeights result;
  mlir::func::FuncOp function = step.function();
  for (Value argument : function.getArguments()) {
    const std::string name = step.WeightOf(argument);
    const auto found = uses.find(argument);
    if (name.empty() || found == uses.end() || of_others.contains(argument)) continue;
    const Use& use = found->second;
    Weight weight;
    weight.shape = ExportedStep::Shape(argument).vec();
    weight.is_matrix = use.is_product || use.is_embedding;
    weight.is_product = use.is_product;
    weight.is_values = use.is_values;
    weight.transposed = use.transposed;
    weight.name = name;
    const auto refuse = [&](std::string_view what) {
      return absl::UnimplementedError(
          Message("weight ", Quoted(name), " of type ", Shown(argument.getType()), " ", what));
    };
    if (name.find('{') != std::string::npos) return refuse("has a name that holds '{'");
    if (Printable(name, kMaxName) != name) return refuse("has a name that is too long or can't be printed");
    if (weight.is_matrix && weight.is_values)
      return refuse("is read by products or by token, and otherwise as well");
    if (use.is_embedding && use.transposed) return refuse("is read by token, and by products transposed");
    if (weight.is_matrix && weight.shape.size() != 2) return refuse("is no matrix");
    if (weight.is_values && weight.shape.size() != 1 && weight.shape.size() != 2)
      return refuse("is neither a vector nor a table of positions");
    if (weight.is_values && weight.shape.size() == 2) {
      result.positions_ =
          result.positions_ == 0 ? weight.shape[0] : std::min(result.positions_, weight.shape[0]);
    }
    if (const auto layers = step.layer_weights().find(argument); layers != step.layer_weights().end()) {
      const std::vector<Value>& arguments = layers->second;
      std::optional<std::string> pattern;
      for (size_t occurrence = 0; !pattern; ++occurrence) {
        pattern = PatternOf(name, occurrence);
        if (!pattern) break;
        for (size_t layer = 0; layer < arguments.size(); ++layer) {
          if (pattern && step.WeightOf(arguments[layer]) != WeightName(*pattern, static_cast<int64_t>(layer)))
            pattern.reset();
        }
      }
      weight.shared = !pattern && std::all_of(arguments.begin(), arguments.end(),
                                              [&](Value other) { return other == argument; });
      if (pattern) weight.name = *pattern;
      if (!pattern && !weight.shared) {
        return refuse(Message("has another name in another layer (", Quoted(step.WeightOf(arguments.back())),
                              "); names may differ in the layer's number between dots alone"));
      }
      if (weight.shared && weight.is_matrix)
        return refuse("is the matrix of every layer; only vectors and tables may be");
    }
    result.index_[argument] = result.weights_.size();
    result.weights_.push_back(std::move(weight));
  }
  return result;
}

std::string_view ExportedWeights::NameOf(Value argument, bool is_matrix) const {
  const auto found = index_.find(argument);
  if (found == index_.end() || weights_[found->second].is_matrix != is_matrix) return {};
  return weights_[found->second].name;
}

bool ExportedWeights::IsOfProduct(std::string_view name) const {
  return std::any_of(weights_.begin(), weights_.end(),
                     [&](const Weight& weight) { return weight.name == name && weight.is_product; });
}

TensorSpecs ExportedWeights::specs() const {
  TensorSpecs specs;
  for (const Weight& weight : weights_) {
    WeightSpec spec;
    spec.name = weight.name;
    spec.hugging_face = weight.name;
    spec.shared_by_layers = weight.shared;
    spec.rows = weight.shape[0];
    if (weight.is_matrix) {
      spec.kind = WeightKind::kMatrix;
      spec.rows = weight.shape[weight.transposed ? 1 : 0];
      spec.columns = weight.shape[weight.transposed ? 0 : 1];
      spec.hugging_face_transposed = weight.transposed;
    } else if (weight.shape.size() == 1) {
      spec.kind = WeightKind::kVector;
    } else {
      spec.kind = WeightKind::kPositions;
      spec.columns = weight.shape[1];
    }
    specs.weights.push_back(spec);
  }
  return specs;
}

}  // namespace streamtensor::compiler
