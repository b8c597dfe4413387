// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/index_text.h"

#include <algorithm>

namespace streamtensor::compiler::hls {
namespace {

bool NeverNegative(mlir::AffineExpr expression) {
  if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(expression)) return constant.getValue() >= 0;
  if (auto binary = llvm::dyn_cast<mlir::AffineBinaryOpExpr>(expression)) {
    return NeverNegative(binary.getLHS()) && NeverNegative(binary.getRHS());
  }
  return llvm::isa<mlir::AffineDimExpr>(expression);
}

// Letters, digits and underscores bind as one; everything else needs brackets under an operator.
std::string Bracketed(const std::string& text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  return plain ? text : "(" + text + ")";
}

}  // namespace

std::optional<std::string> AffineText(mlir::AffineExpr expression, llvm::ArrayRef<std::string> dims) {
  if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(expression)) {
    return std::to_string(constant.getValue());
  }
  if (auto dim = llvm::dyn_cast<mlir::AffineDimExpr>(expression)) return dims[dim.getPosition()];
  auto binary = llvm::dyn_cast<mlir::AffineBinaryOpExpr>(expression);
  if (!binary) return std::nullopt;

  const std::optional<std::string> left = AffineText(binary.getLHS(), dims);
  const std::optional<std::string> right = AffineText(binary.getRHS(), dims);
  if (!left || !right) return std::nullopt;
  auto join = [&](const char* op) { return Bracketed(*left) + op + Bracketed(*right); };
  if (binary.getKind() == mlir::AffineExprKind::Add) return *left + " + " + *right;
  if (binary.getKind() == mlir::AffineExprKind::Mul) return join(" * ");

  auto divisor = llvm::dyn_cast<mlir::AffineConstantExpr>(binary.getRHS());
  if (!divisor || divisor.getValue() <= 0 || !NeverNegative(binary.getLHS())) return std::nullopt;
  switch (binary.getKind()) {
    case mlir::AffineExprKind::Mod:
      return join(" % ");
    case mlir::AffineExprKind::FloorDiv:
      return join(" / ");
    case mlir::AffineExprKind::CeilDiv:
      return "(" + *left + " + " + std::to_string(divisor.getValue() - 1) + ") / " + *right;
    default:
      return std::nullopt;
  }
}

std::string LinearIndex(const std::string& offset, llvm::ArrayRef<std::string> indices,
                        llvm::ArrayRef<int64_t> strides) {
  std::string text = offset == "0" ? "" : offset;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (strides[i] == 0 || indices[i] == "0") continue;
    if (!text.empty()) text += " + ";
    text += strides[i] == 1 ? indices[i] : Bracketed(indices[i]) + " * " + std::to_string(strides[i]);
  }
  return text.empty() ? "0" : text;
}

}  // namespace streamtensor::compiler::hls
