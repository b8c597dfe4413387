// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "compiler/frontend/imported_model.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace streamtensor::compiler {
namespace {

// A row of 32 floats, each 0.5 above the one before.
std::string Row(float first) {
  std::string text = "[";
  for (int i = 0; i < 32; ++i)
    text += (i > 0 ? ", " : "") + std::to_string(first + 0.5f * static_cast<float>(i));
  return text + "]";
}

class MlirImport : public ::testing::Test {
 protected:
  absl::StatusOr<ImportedModel> Import(const std::string& text, Quantisation quantise = Quantisation::kNone) {
    const std::string path = ::testing::TempDir() + "/mlir_import_" +
                             ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".mlir";
    std::ofstream(path) << text;
    return ImportModel(path, {.quantise = quantise}, &context_);
  }
  static std::string Text(ImportedModel& model) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    model.module->getOperation()->print(stream);
    return text;
  }
  void ExpectRefused(const std::string& text, absl::StatusCode code, const std::string& part,
                     Quantisation quantise = Quantisation::kNone) {
    const absl::Status status = Import(text, quantise).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
    EXPECT_NE(std::string(status.message()).find(".mlir"), std::string::npos) << "names the file: " << status;
  }
  // int8 value times its scale.
  static std::vector<float> Dequantised(const WeightSource& weights, const std::string& name) {
    const auto q = *weights.Read(name, WeightPart::kQ);
    const auto d = *weights.Read(name, WeightPart::kD);
    std::vector<float> values;
    for (size_t i = 0; i < q.size(); ++i) {
      _Float16 scale;
      std::memcpy(&scale, d.data() + i / 32 * 2, 2);
      values.push_back(static_cast<float>(scale) * static_cast<int8_t>(q[i]));
    }
    return values;
  }

  mlir::MLIRContext context_;
};

TEST_F(MlirImport, HoistsWeightsOfProducts) {
  // The constant is [N, K], transposed as PyTorch's linear layers are.
  absl::StatusOr<ImportedModel> model = Import(R"mlir(
module attributes {torch.debug_module_name = "linear"} {
  func.func @main(%x: tensor<?x32xf32> {jax.arg = "x"}) -> tensor<?x2xf32> {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %t = tensor.dim %x, %c0 : tensor<?x32xf32>
    %w = arith.constant dense<[)mlir" + Row(-8) + ", " +
                                                   Row(1) + R"mlir(]> : tensor<2x32xf32>
    %bias = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
    %e = tensor.empty() : tensor<32x2xf32>
    %wt = linalg.transpose ins(%w : tensor<2x32xf32>) outs(%e : tensor<32x2xf32>) permutation = [1, 0]
    %ey = tensor.empty(%t) : tensor<?x2xf32>
    %init = linalg.broadcast ins(%bias : tensor<2xf32>) outs(%ey : tensor<?x2xf32>) dimensions = [0]
    %y = linalg.matmul ins(%x, %wt : tensor<?x32xf32>, tensor<32x2xf32>) outs(%init : tensor<?x2xf32>) -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  }
})mlir",
                                               Quantisation::kW8A8);
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->quantised.size(), 1u);
  EXPECT_EQ(model->quantised[0].weight, "constant0");
  EXPECT_GT(model->quantised[0].relative_error, 1e-4);
  EXPECT_LT(model->quantised[0].relative_error, 0.02);
  const std::string text = Text(*model);
  for (const char* part :
       {"func.func @step(%arg0: tensor<?x32xf32> {dataflow.input = \"input0\", dataflow.symbol = \"T\"}",
        "tensor<16x1x32xi8> {dataflow.part = \"q\", dataflow.weight = \"constant0\"}",
        "tensor<16x1xf16> {dataflow.part = \"d\", dataflow.weight = \"constant0\"}",
        "tensor<2xf32> {dataflow.part = \"value\", dataflow.weight = \"constant1\"}", "arith.sitofp",
        "linalg.broadcast", "dataflow.symbols = {T = 16 : i64}"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  for (const char* part : {"linalg.matmul", "linalg.transpose", "torch.", "jax.", "dense<"}) {
    EXPECT_EQ(text.find(part), std::string::npos) << part << "\n" << text;
  }
  const std::vector<float> values = Dequantised(*model->weights, "constant0");
  ASSERT_EQ(values.size(), 16u * 32u) << "a whole tile";
  for (int i = 0; i < 64; ++i) {
    const float wanted = (i < 32 ? -8.0f : 1.0f) + 0.5f * static_cast<float>(i % 32);
    EXPECT_NEAR(values[i], wanted, 0.08f) << i;
  }
  EXPECT_FALSE(model->decoder.has_value());
  EXPECT_FALSE(model->tokenizer.has_value());
  EXPECT_EQ(model->name, "mlir_import_HoistsWeightsOfProducts");
}

TEST_F(MlirImport, ReadsResourcesAndOtherOrientations) {
  std::string blob = "04000000";
  for (int i = 0; i < 64; ++i) {  // [K, N] = [32, 2]: w[k][n] = k + 100 n
    const float value = static_cast<float>(i / 2 + 100 * (i % 2));
    unsigned char bytes[4];
    std::memcpy(bytes, &value, 4);
    for (unsigned char byte : bytes) {
      constexpr char kDigits[] = "0123456789ABCDEF";
      blob += kDigits[byte >> 4];
      blob += kDigits[byte & 15];
    }
  }
  absl::StatusOr<ImportedModel> model = Import(R"mlir(
func.func @main(%x: tensor<?x32xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense_resource<my_weight> : tensor<32x2xf32>
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%t) : tensor<?x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %a = linalg.matmul ins(%x, %w : tensor<?x32xf32>, tensor<32x2xf32>) outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (k, n)>, affine_map<(t, n, k) -> (t, k)>, affine_map<(t, n, k) -> (t, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %x : tensor<32x2xf32>, tensor<?x32xf32>) outs(%z : tensor<?x2xf32>) {
  ^bb0(%in: f32, %in_x: f32, %out: f32):
    %p = arith.mulf %in, %in_x : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %a, %b : tensor<?x2xf32>, tensor<?x2xf32>
}
{-#
  dialect_resources: { builtin: { my_weight: "0x)mlir" +
                                                   blob + R"mlir(" } }
#-})mlir",
                                               Quantisation::kW8A8);
  ASSERT_TRUE(model.ok()) << model.status();
  // Both products share one weight.
  auto step = model->module->lookupSymbol<mlir::func::FuncOp>("step");
  EXPECT_EQ(step.getNumArguments(), 3u);
  const std::vector<float> values = Dequantised(*model->weights, "my_weight");
  ASSERT_EQ(values.size(), 64u);
  for (int i = 0; i < 64; ++i) EXPECT_NEAR(values[i], i % 32 + 100 * (i / 32), 0.6) << i;
}

TEST_F(MlirImport, KeepsTheTypesOfAModule) {
  const std::string text = R"mlir(
func.func @main(%x: tensor<?x3xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x3xf32>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%t) : tensor<?x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>) outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
})mlir";
  absl::StatusOr<ImportedModel> model = Import(text);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(model->quantised.empty());
  const std::string imported = Text(*model);
  for (const char* part : {"attributes {dataflow.samples}", "linalg.matmul", "dense<"}) {
    EXPECT_NE(imported.find(part), std::string::npos) << part << "\n" << imported;
  }
  ExpectRefused("func.func @main(%x: tensor<?x3xf32>) -> tensor<?x3xf32> { return %x : tensor<?x3xf32> }",
                absl::StatusCode::kInvalidArgument, "--quantise finds no product to quantise",
                Quantisation::kW8A8);
}

// Neither K = 3 nor N = 2 is what the engine takes and gives; zeros fill up both.
TEST_F(MlirImport, FillsUpWhatTheEngineTakesWhole) {
  const std::string text = R"mlir(
func.func @main(%x: tensor<?x3xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x3xf32>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%t) : tensor<?x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %p = linalg.matmul ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>) outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.add ins(%p, %p : tensor<?x2xf32>, tensor<?x2xf32>) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %r = linalg.matmul ins(%x, %w : tensor<?x3xf32>, tensor<3x2xf32>) outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y, %r : tensor<?x2xf32>, tensor<?x2xf32>
})mlir";
  absl::StatusOr<ImportedModel> model = Import(text, Quantisation::kW8A8);
  ASSERT_TRUE(model.ok()) << model.status();
  const std::string imported = Text(*model);
  for (const char* part :
       {"tensor<16x1x32xi8> {dataflow.part = \"q\", dataflow.weight = \"constant0\"}",
        "tensor<2x1x32xi8> {dataflow.part = \"q\", dataflow.weight = \"constant1\"}",
        "[1, 1] : tensor<?x3xf32> into tensor<?x32xf32>", "[1, 1] : tensor<?x16xf32> to tensor<?x2xf32>"}) {
    EXPECT_NE(imported.find(part), std::string::npos) << part << "\n" << imported;
  }
  const std::vector<float> values = Dequantised(*model->weights, "constant0");
  ASSERT_EQ(values.size(), 16u * 32u);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t n = i / 32, k = i % 32;
    const float wanted = n < 2 && k < 3 ? static_cast<float>(2 * k + n + 1) : 0.0f;
    EXPECT_NEAR(values[i], wanted, 0.03f) << i;
  }
  // The module's own sizes, and an error of what is there alone.
  ASSERT_EQ(model->quantised.size(), 2u);
  for (const QuantisedProduct& product : model->quantised) {
    EXPECT_EQ(product.rows, 2);
    EXPECT_EQ(product.columns, 3);
    EXPECT_GT(product.relative_error, 1e-4);
    EXPECT_LT(product.relative_error, 0.02);
  }
}

TEST_F(MlirImport, QuantisesToFourBits) {
  const std::string text =
      "func.func @main(%x: tensor<?x32xf32>) -> tensor<?x2xf32> {\n"
      "  %zero = arith.constant 0.0 : f32\n"
      "  %w = arith.constant dense<[" +
      Row(-8) + ", " + Row(1) +
      "]> : tensor<2x32xf32>\n"
      "  %c0 = arith.constant 0 : index\n"
      "  %t = tensor.dim %x, %c0 : tensor<?x32xf32>\n"
      "  %e = tensor.empty(%t) : tensor<?x2xf32>\n"
      "  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>\n"
      "  %y = linalg.matmul_transpose_b ins(%x, %w : tensor<?x32xf32>, tensor<2x32xf32>)\n"
      "      outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>\n"
      "  return %y : tensor<?x2xf32>\n}";
  absl::StatusOr<ImportedModel> model = Import(text, Quantisation::kW4A8);
  ASSERT_TRUE(model.ok()) << model.status();
  const std::string imported = Text(*model);
  for (const char* part :
       {"tensor<2x1x32xi4> {dataflow.part = \"q\"", "tensor<2x1xf16> {dataflow.part = \"m\""}) {
    EXPECT_NE(imported.find(part), std::string::npos) << part << "\n" << imported;
  }
  const auto q = *model->weights->Read("constant0", WeightPart::kQ);
  // Row 0 spans -8 to 7.5 in 15 steps; its middle is 7 or 8 of them.
  EXPECT_EQ(q[0], 0);
  EXPECT_EQ(q[31], 15);
  EXPECT_NEAR(q[16], 8, 1);
  ASSERT_EQ(model->quantised.size(), 1u);
  EXPECT_GT(model->quantised[0].relative_error, 0.005);
  EXPECT_LT(model->quantised[0].relative_error, 0.2);
}

// What the shared engine doesn't take, rows of a fixed number and integers, computes its products in
// processes.
TEST_F(MlirImport, QuantisesProductsOfSamples) {
  const std::string text = R"mlir(
func.func @main(%x: tensor<4x40xf32>, %i: tensor<i64>) -> (tensor<4x5xf32>, tensor<i64>) {
  %w = arith.constant dense<0.5> : tensor<40x5xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x5xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x40xf32>, tensor<40x5xf32>) outs(%z : tensor<4x5xf32>) -> tensor<4x5xf32>
  return %y, %i : tensor<4x5xf32>, tensor<i64>
})mlir";
  absl::StatusOr<ImportedModel> model = Import(text, Quantisation::kW8A8);
  ASSERT_TRUE(model.ok()) << model.status();
  const std::string imported = Text(*model);
  for (const char* part : {"attributes {dataflow.samples}", "dataflow.contract", "tensor<5x2x32xi8>"}) {
    EXPECT_NE(imported.find(part), std::string::npos) << part << "\n" << imported;
  }
  ASSERT_EQ(model->quantised.size(), 1u);
  EXPECT_EQ(model->quantised[0].rows, 5);
  EXPECT_EQ(model->quantised[0].columns, 40);
  ExpectRefused("func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }",
                absl::StatusCode::kInvalidArgument, "--quantise finds no product to quantise",
                Quantisation::kW8A8);
}

// All elements alike, as a freshly made layer has them.
TEST_F(MlirImport, QuantisesAWeightOfOneValue) {
  const std::string text = R"mlir(
func.func @main(%x: tensor<?x32xf32>) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x32xf32>
  %w = arith.constant dense<-0.25> : tensor<32x16xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%t) : tensor<?x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x32xf32>, tensor<32x16xf32>) outs(%z : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
})mlir";
  absl::StatusOr<ImportedModel> model = Import(text, Quantisation::kW8A8);
  ASSERT_TRUE(model.ok()) << model.status();
  for (const float value : Dequantised(*model->weights, "constant0")) EXPECT_NEAR(value, -0.25f, 1e-3f);
}

TEST_F(MlirImport, TakesElementsOfEveryKind) {
  for (const char* element : {"f16", "bf16", "f32", "f64", "i1", "i8", "i16", "i32", "i64"}) {
    const std::string type = std::string("tensor<2x3x") + element + ">";
    EXPECT_TRUE(Import("func.func @main(%x: " + type + ") -> " + type + " { return %x : " + type + " }").ok())
        << element;
  }
}

// A safetensors file of one tensor "w" [2] of float32.
std::string WeightsOf(const std::string& dtype, float first, float second) {
  const std::string header = R"({"w":{"dtype":")" + dtype + R"(","shape":[2],"data_offsets":[0,8]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header;
  const float values[] = {first, second};
  bytes.append(reinterpret_cast<const char*>(values), sizeof values);
  return bytes;
}

TEST_F(MlirImport, ReadsWeightsBesideTheModule) {
  auto module = [](const std::string& file, const std::string& type = "tensor<2xf32>") {
    return "module attributes {streamtensor.weights = \"" + file +
           "\"} {\n"
           "func.func @main(%w: " +
           type +
           " {streamtensor.weight = \"w\"}, %x: tensor<2xf32> {streamtensor.input = "
           "\"x\"}) -> tensor<2xf32> {\n"
           "  %e = tensor.empty() : tensor<2xf32>\n"
           "  %y = linalg.add ins(%x, %x : tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2xf32>) -> "
           "tensor<2xf32>\n"
           "  return %y : tensor<2xf32>\n}\n}";
  };
  const std::string folder = ::testing::TempDir();
  std::ofstream(folder + "/mlir_import_weights.safetensors", std::ios::binary) << WeightsOf("F32", 1.5f, -2);
  std::string text = module("mlir_import_weights.safetensors");
  text.replace(text.find("ins(%x, %x"), 10, "ins(%x, %w");
  absl::StatusOr<ImportedModel> model = Import(text);
  ASSERT_TRUE(model.ok()) << model.status();
  const std::string imported = Text(*model);
  EXPECT_NE(imported.find("dense<[1.500000e+00, -2.000000e+00]>"), std::string::npos) << imported;
  EXPECT_EQ(imported.find("%arg1"), std::string::npos) << imported;

  using absl::StatusCode;
  ExpectRefused(module("none.safetensors"), StatusCode::kNotFound, "none.safetensors");
  ExpectRefused(module("../x.safetensors"), StatusCode::kInvalidArgument,
                "expected the name of a file beside");
  ExpectRefused(module("mlir_import_weights.safetensors", "tensor<3xf32>"), StatusCode::kInvalidArgument,
                "is F32 [2], but its argument is tensor<3xf32>");
  std::ofstream(folder + "/mlir_import_ints.safetensors", std::ios::binary) << WeightsOf("I32", 1, 2);
  ExpectRefused(module("mlir_import_ints.safetensors"), StatusCode::kInvalidArgument, "is I32 [2]");
  std::ofstream(folder + "/mlir_import_damaged.safetensors", std::ios::binary) << "damaged";
  ExpectRefused(module("mlir_import_damaged.safetensors"), StatusCode::kInvalidArgument,
                "mlir_import_damaged.safetensors");
  std::string hashed = module("mlir_import_weights.safetensors");
  hashed.replace(hashed.find("attributes {"), 12, "attributes {streamtensor.weights_sha256 = \"00\", ");
  ExpectRefused(hashed, StatusCode::kInvalidArgument, "is not the file that was written with the module");
  EXPECT_EQ(
      ImportMlirText(module("mlir_import_weights.safetensors"), "a.mlir", {}, &context_).status().code(),
      StatusCode::kInvalidArgument);
}

TEST_F(MlirImport, RefusesWithAReason) {
  using absl::StatusCode;
  ExpectRefused("not mlir", StatusCode::kInvalidArgument, "line 1, column 1");
  ExpectRefused("func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  return %y : tensor<4xf32>\n}",
                StatusCode::kInvalidArgument, "line 2, column 10: use of undeclared SSA value name");
  ExpectRefused("module {}", StatusCode::kInvalidArgument, "no function @main");
  ExpectRefused("func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }",
                StatusCode::kUnimplemented, "@forward; only one function, @main");
  ExpectRefused("func.func @main(%x: tensor<4xi4>) -> tensor<4xi4> { return %x : tensor<4xi4> }",
                StatusCode::kUnimplemented,
                "argument 0 of @main is tensor<4xi4>; expected a ranked tensor of f16, bf16, f32, f64, i1");
  ExpectRefused("func.func @main(%x: tensor<4x?xf32>) -> tensor<4x?xf32> { return %x : tensor<4x?xf32> }",
                StatusCode::kUnimplemented, "only the leading dimension may be dynamic");
  ExpectRefused("func.func @main(%x: tensor<4xf32>) { return }", StatusCode::kInvalidArgument, "no result");
  ExpectRefused(
      "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
      "  %y = \"torch.aten.relu\"(%x) : (tensor<4xf32>) -> tensor<4xf32>\n  return %y : tensor<4xf32>\n}",
      StatusCode::kUnimplemented, "@main uses 'torch.aten.relu'");
  ExpectRefused(
      "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
      "  %w = arith.constant dense_resource<missing> : tensor<2xf32>\n  return %w : tensor<2xf32>\n}",
      StatusCode::kInvalidArgument, "dense_resource 'missing' has no data");
  ExpectRefused(
      "func.func @main(%rows: tensor<?xf32>) -> tensor<2xf32> {\n"
      "  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf64>\n"
      "  %e = tensor.empty() : tensor<2xf32>\n"
      "  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],\n"
      "                       iterator_types = [\"parallel\"]}\n"
      "      ins(%w : tensor<2xf64>) outs(%e : tensor<2xf32>) {\n"
      "  ^bb0(%in: f64, %out: f32):\n"
      "    %t = arith.truncf %in : f64 to f32\n"
      "    linalg.yield %t : f32\n"
      "  } -> tensor<2xf32>\n"
      "  return %y : tensor<2xf32>\n}",
      StatusCode::kUnimplemented, "a constant of type tensor<2xf64> can't be compiled yet",
      Quantisation::kW8A8);
}

TEST_F(MlirImport, RefusesDivisionsThatStopACard) {
  auto divided = [](const std::string& operation, const std::string& divisor, const std::string& n = "0") {
    return "func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {\n"
           "  %c0 = arith.constant 0 : index\n"
           "  %t = tensor.dim %x, %c0 : tensor<?xf32>\n"
           "  %e = tensor.empty(%t) : tensor<?xf32>\n"
           "  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],\n"
           "                       iterator_types = [\"parallel\"]}\n"
           "      ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {\n"
           "  ^bb0(%in: f32, %out: f32):\n"
           "    %a = arith.fptosi %in : f32 to i32\n"
           "    %n = arith.constant " +
           n +
           " : index\n"
           "    %b = " +
           divisor +
           "\n"
           "    %q = " +
           operation +
           " %a, %b : i32\n"
           "    %f = arith.sitofp %q : i32 to f32\n"
           "    linalg.yield %f : f32\n"
           "  } -> tensor<?xf32>\n"
           "  return %y : tensor<?xf32>\n}";
  };
  for (const char* operation : {"arith.divsi", "arith.divui", "arith.remsi", "arith.remui"}) {
    for (const char* divisor :
         {"arith.constant 0 : i32", "arith.constant -1 : i32", "arith.fptosi %in : f32 to i32"}) {
      ExpectRefused(divided(operation, divisor), absl::StatusCode::kUnimplemented,
                    std::string("'") + operation + "' at loc(\"", Quantisation::kW8A8);
      // Without it the division is a check of the module.
      EXPECT_TRUE(Import(divided(operation, divisor)).ok()) << operation;
    }
    const std::string rows = "finds no product to quantise";  // which is looked at later
    ExpectRefused(divided(operation, "arith.constant 7 : i32"), absl::StatusCode::kInvalidArgument, rows,
                  Quantisation::kW8A8);
    const std::string cast = "arith.index_cast %n : index to i32";
    ExpectRefused(divided(operation, cast, "7"), absl::StatusCode::kInvalidArgument, rows,
                  Quantisation::kW8A8);
    for (const char* n : {"0", "-7", "4294967296"}) {  // the last is 0 as i32
      ExpectRefused(divided(operation, cast, n), absl::StatusCode::kUnimplemented, operation,
                    Quantisation::kW8A8);
    }
  }
}

TEST_F(MlirImport, RefusesMapsThatCannotBeComputed) {
  auto mapped = [](const std::string& expression) {
    return "func.func @main(%x: tensor<32xf32>) -> tensor<32xf32> {\n"
           "  %e = tensor.empty() : tensor<32xf32>\n"
           "  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (" +
           expression +
           ")>, affine_map<(i) -> (i)>],\n"
           "                       iterator_types = [\"parallel\"]}\n"
           "      ins(%x : tensor<32xf32>) outs(%e : tensor<32xf32>) {\n"
           "  ^bb0(%in: f32, %out: f32):\n"
           "    linalg.yield %in : f32\n"
           "  } -> tensor<32xf32>\n"
           "  return %y : tensor<32xf32>\n}";
  };
  for (const char* expression :
       {"i floordiv 0", "i mod 0", "i ceildiv 0", "i mod -4", "(i * 9223372036854775807) mod 32"}) {
    ExpectRefused(mapped(expression), absl::StatusCode::kInvalidArgument,
                  "expected divisors that are positive constants");
  }
  EXPECT_TRUE(Import(mapped("(i * 5) mod 32")).ok());
}

TEST_F(MlirImport, RefusesClaimsOfMoreThanThereIs) {
  auto returned = [](const std::string& type) {
    return "func.func @main(%rows: tensor<?xf32>) -> " + type +
           " {\n  %w = arith.constant dense_resource<w> : " + type + "\n  return %w : " + type +
           "\n}\n{-# dialect_resources: { builtin: { w: \"0x040000000000803F0000803F\" } } #-}";
  };
  for (const char* shape : {"4000000000x4000000000x4", "1000000x1000000", "3"}) {
    const std::string type = std::string("tensor<") + shape + "xf32>";
    ExpectRefused(returned(type), absl::StatusCode::kInvalidArgument,
                  "has 8 bytes, expected 4 for each element of " + type);
  }
  ExpectRefused(returned("tensor<4x0xf32>"), absl::StatusCode::kUnimplemented, "which holds nothing");
  for (const char* alignment : {"00000000", "03000000", "00000080", "0400000", "0x0400"}) {
    ExpectRefused(std::string("{-# dialect_resources: { builtin: { w: \"0x") + alignment + "\" } } #-}",
                  absl::StatusCode::kInvalidArgument, "line 1: a resource begins with '0x");
  }
  for (const char* text : {"\"", "\n\"abc", "\n@\"a\n\"", "\n\"a\\", "\n\"a\\\n\""}) {
    ExpectRefused(text, absl::StatusCode::kInvalidArgument, ": a string has no closing quote");
  }
  // No other text of a file is taken for a resource.
  EXPECT_TRUE(Import("{-# external_resources: { tool: { dialect_resources: \"0xabc\" } } #-}\n"
                     "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
                     "  %w = arith.constant dense<\"0x0000803F00000040\"> : tensor<2xf32>\n"
                     "  return %w : tensor<2xf32>\n}")
                  .ok());
  ExpectRefused(
      "{-# external_resources: { tool: { a: \"0xabc\" } },\n"
      "dialect_resources: { builtin: { external_resources: \"0x00000000\" } } #-}",
      absl::StatusCode::kInvalidArgument, "line 2: a resource begins with");
  const std::string path = ::testing::TempDir() + "/mlir_import_huge.mlir";
  std::ofstream(path) << "module {}";
  std::filesystem::resize_file(path, uint64_t{30} << 30);
  const absl::Status status = ImportModel(path, {}, &context_).status();
  std::filesystem::remove(path);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_NE(status.message().find("has 32212254720 bytes"), std::string::npos) << status;
}

TEST_F(MlirImport, RefusesWhatTheParserIsNotMadeFor) {
  using absl::StatusCode;
  ExpectRefused("ML\xefR\x01\x02\x03", StatusCode::kUnimplemented, "bytecode");
  ExpectRefused("\n" + std::string(100000, '('), StatusCode::kInvalidArgument,
                "line 2: more than 200 brackets");
  EXPECT_TRUE(
      Import("// " + std::string(1000, '(') + "\nmodule attributes {x.y = \"" + std::string(1000, '{') +
             "\"} { func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> } }")
          .ok());
  for (const char* list : {"x", "[1, 0", "[1; 0]", "[1, 99999999999999999999]", "", "[a]"}) {
    ExpectRefused(std::string("func.func @main(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {\n"
                              "  %e = tensor.empty() : tensor<3x2xf32>\n"
                              "  %y = linalg.transpose ins(%x : tensor<2x3xf32>) outs(%e : tensor<3x2xf32>)\n"
                              "      permutation = ") +
                      list + "\n  return %y : tensor<3x2xf32>\n}",
                  absl::StatusCode::kInvalidArgument,
                  "line 4: expected numbers, such as [1, 0], behind 'permutation'");
  }
}

TEST_F(MlirImport, BoundsTheOperations) {
  // @main and its return are two.
  const auto text = [](int operations) {
    std::string body;
    for (int i = 2; i < operations; ++i) body += "  %v" + std::to_string(i) + " = arith.constant 1 : i32\n";
    return "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n" + body +
           "  return %x : tensor<4xf32>\n}";
  };
  EXPECT_TRUE(Import(text(10000)).ok());
  for (const int operations : {10001, 100000}) {
    ExpectRefused(text(operations), absl::StatusCode::kUnimplemented,
                  "has " + std::to_string(operations) + " operations; at most 10000 can be compiled");
  }
}

TEST_F(MlirImport, ReadsTheSamePathsAsAnyFile) {
  EXPECT_EQ(ImportMlir("/nowhere/x.mlir", {}, &context_).status().code(), absl::StatusCode::kNotFound);
  const std::string text =
      "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }";
  EXPECT_TRUE(Import(text).ok());
  const std::string path = ::testing::TempDir() + "/mlir_import_options.mlir";
  std::ofstream(path) << text;
  EXPECT_EQ(ImportModel(path, {.step_tokens = 0}, &context_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::compiler
