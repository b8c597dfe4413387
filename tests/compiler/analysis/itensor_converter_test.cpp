// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/itensor_converter.h"

#include <gtest/gtest.h>

#include "mlir/AsmParser/AsmParser.h"

namespace streamtensor::compiler {
namespace {

class ItensorConverter : public ::testing::Test {
 protected:
  ItensorConverter() { context_.loadDialect<itensor::ITensorDialect>(); }

  itensor::ITensorType Type(const std::string& text) {
    auto type = mlir::dyn_cast_or_null<itensor::ITensorType>(
        mlir::parseType("!itensor.itensor<" + text + ">", &context_));
    EXPECT_TRUE(type) << text;
    return type;
  }
  void Expect(const std::string& source, const std::string& result, std::vector<int64_t> shape,
              int64_t shared_loops) {
    auto buffer = InferConverter(Type(source), Type(result));
    ASSERT_TRUE(buffer.has_value());
    EXPECT_EQ(std::vector<int64_t>(buffer->shape.begin(), buffer->shape.end()), shape);
    EXPECT_EQ(buffer->shared_loops, shared_loops);
  }

  mlir::MLIRContext context_;
};

TEST_F(ItensorConverter, PaperExampleHoldsEightByTwo) {
  Expect("4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)",
         "4x2xf32, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)", {8, 2}, 1);
}

TEST_F(ItensorConverter, TransposedLoopsHoldEverything) {
  Expect("1x16xf32, [36, T max 16]*[16, 1], (d0, d1) -> (d1, d0)",
         "1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)", {16, 576}, 0);
}

TEST_F(ItensorConverter, SharedOuterLoopHoldsOneIteration) {
  Expect("1x16xf32, [T max 16, 4]*[1, 16], (d0, d1) -> (d0, d1)", "1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)",
         {1, 64}, 1);
}

TEST_F(ItensorConverter, RepetitionInsideTheElementHoldsOneElement) {
  Expect("16xf32, [4]*[16], (d0) -> (d0)", "16xf32, [4, 3]*[16, 1], (d0, d1) -> (d0)", {16}, 1);
}

TEST_F(ItensorConverter, SharedLoopBehindAnotherIsNotShared) {
  Expect("1x1x8xf32, [2, 3]*[1, 1], (d0, d1) -> (d0, d1, 0)",
         "1x1x8xf32, [3, 2]*[1, 1], (d0, d1) -> (d1, d0, 0)", {2, 3, 8}, 0);
}

TEST_F(ItensorConverter, OtherDataHasNoConverter) {
  const auto rows = Type("1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)");
  EXPECT_FALSE(InferConverter(rows, Type("1x64xf32, [W max 16]*[1], (d0) -> (d0, 0)")));
  EXPECT_FALSE(InferConverter(rows, Type("1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)")));
  EXPECT_FALSE(InferConverter(rows, Type("1x64xf16, [T max 16]*[1], (d0) -> (d0, 0)")));
  EXPECT_FALSE(InferConverter(rows, Type("1x64xf32, [16]*[1], (d0) -> (d0, 0)")));
}

TEST_F(ItensorConverter, CanonicalOrderForgetsUnitAndNestedLoops) {
  EXPECT_EQ(Type("1x16xf32, [1, 4, 2]*[1, 32, 16], (d0, d1, d2) -> (d0, d1 + d2)").getCanonical(),
            Type("1x16xf32, [8]*[16], (d0) -> (0, d0)"));
  EXPECT_NE(Type("1x16xf32, [4, 2]*[16, 64], (d0, d1) -> (0, d0 + d1)").getCanonical(),
            Type("1x16xf32, [8]*[16], (d0) -> (0, d0)"));
}

}  // namespace
}  // namespace streamtensor::compiler
