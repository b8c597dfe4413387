// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/tensor_index.h"

#include <gtest/gtest.h>

#include <limits>

#include "mlir/IR/MLIRContext.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max() / 2 + 1;

TensorIndex Of(int64_t constant, std::initializer_list<TensorIndex::Term> terms) {
  return {.constant = constant, .terms = terms};
}

TEST(TensorIndex, SumsAndProducts) {
  EXPECT_EQ(*Sum(Of(1, {{4, 0}}), Of(2, {{8, 1}})), Of(3, {{8, 1}, {4, 0}}));
  EXPECT_EQ(*Sum(Of(0, {{4, 0}}), Of(0, {{3, 0}})), Of(0, {{7, 0}}));
  EXPECT_EQ(*Times(Of(2, {{3, 0}}), 5), Of(10, {{15, 0}}));
  EXPECT_FALSE(Sum(TensorIndex::Constant(kHuge), TensorIndex::Constant(kHuge)));
  EXPECT_FALSE(Sum(Of(0, {{kHuge, 0}}), Of(0, {{kHuge, 0}})));
  EXPECT_FALSE(Times(TensorIndex::Constant(kHuge), 2));
  EXPECT_FALSE(Times(Of(0, {{kHuge, 0}}), 2));
}

TEST(TensorIndex, DividesWhatLoopsDivide) {
  // 16 a + b, b below 16: a row and a column.
  std::optional<LoopSplit> split;
  const auto parts = Divide(Of(0, {{16, 0}, {1, 1}}), 16, {3, 16}, &split);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->quotient, TensorIndex::Loop(0));
  EXPECT_EQ(parts->remainder, TensorIndex::Loop(1));
  // One loop over both says where to split it.
  EXPECT_FALSE(Divide(TensorIndex::Loop(0), 16, {48}, &split));
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(split->loop, 0u);
  EXPECT_EQ(split->inner, 16);
  // A range that straddles, and a tensor that holds nothing.
  split.reset();
  EXPECT_FALSE(Divide(Of(1, {{1, 0}}), 16, {16}, &split));
  EXPECT_FALSE(Divide(TensorIndex::Loop(0), 0, {16}, &split));
  EXPECT_FALSE(split.has_value());
}

TEST(TensorIndex, DigitsInMixedRadix) {
  mlir::MLIRContext context;
  const auto digits = Digits(Of(3, {{8, 0}, {1, 1}}), 24, {3, 1}, &context);
  ASSERT_TRUE(digits.has_value());
  ASSERT_EQ(digits->size(), 2u);
  EXPECT_EQ((*digits)[0].size, 3);
  EXPECT_EQ((*digits)[0].value, mlir::getAffineDimExpr(0, &context));
  EXPECT_EQ((*digits)[1].size, 8);
  EXPECT_EQ((*digits)[1].value, mlir::getAffineConstantExpr(3, &context));
  EXPECT_FALSE(Digits(Of(0, {{8, 0}}), 20, {3}, &context)) << "24 positions of 20";
  EXPECT_FALSE(Digits(TensorIndex::Constant(24), 24, {}, &context));
  EXPECT_FALSE(Digits(TensorIndex::Constant(-1), 24, {}, &context));
}

}  // namespace
}  // namespace streamtensor::compiler
