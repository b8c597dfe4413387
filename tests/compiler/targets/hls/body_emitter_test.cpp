// SPDX-License-Identifier: Apache-2.0
// Emits functions as C++14, compiles them as a design is compiled, runs them and looks at the bits.
#include "compiler/targets/hls/body_emitter.h"

#include <dlfcn.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "gtest/gtest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

namespace streamtensor::compiler::hls {
namespace {

class BodyEmitterTest : public ::testing::Test {
 protected:
  BodyEmitterTest() {
    context_.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
                         mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect>();
  }

  // The text of the module's one function, as `extern "C" void f(void** tensors)`: arguments first,
  // then results.
  mlir::FailureOr<std::string> Emit(const std::string& text) {
    module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    if (!module_) return mlir::failure();
    auto function = *module_->getOps<mlir::func::FuncOp>().begin();
    TextWriter out;
    ConstantPool constants;
    BodyEmitter emitter(&out, &constants, "v");
    out.set_depth(1);
    unsigned index = 0;
    for (mlir::BlockArgument argument : function.getArguments()) {
      const std::string name = "argument" + std::to_string(index);
      const std::string slot = "tensors[" + std::to_string(index++) + "]";
      if (auto type = llvm::dyn_cast<mlir::RankedTensorType>(argument.getType())) {
        const std::string element = *CppType(type.getElementType());
        out.line("const " + element + "* " + name + " = static_cast<const " + element + "*>(" + slot + ");");
        emitter.Bind(argument, name, /*writable=*/false);
      } else {
        const std::string element = *CppType(argument.getType());
        out.line("const " + element + " " + name + " = *static_cast<const " + element + "*>(" + slot + ");");
        emitter.BindScalar(argument, name);
      }
    }
    if (mlir::failed(emitter.EmitBlock(function.getBody().front()))) return mlir::failure();
    for (mlir::Value result : function.getBody().front().getTerminator()->getOperands()) {
      auto type = llvm::cast<mlir::RankedTensorType>(result.getType());
      const std::string name = "result" + std::to_string(index);
      const std::string element = *CppType(type.getElementType());
      out.line(element + "* " + name + " = static_cast<" + element + "*>(tensors[" + std::to_string(index++) +
               "]);");
      if (mlir::failed(emitter.EmitCopy(result, name))) return mlir::failure();
    }
    return "#include \"st/scalar.h\"\n" + constants.Text() + "extern \"C\" void f(void** tensors) {\n" +
           out.text() + "}\n";
  }

  // Emits, compiles and runs.
  void Run(const std::string& module, std::vector<void*> tensors) {
    mlir::FailureOr<std::string> text = Emit(module);
    ASSERT_TRUE(mlir::succeeded(text));
    const std::string folder = ::testing::TempDir() + "/body_emitter_test." + std::to_string(getpid());
    std::filesystem::create_directories(folder);
    static int count = 0;
    const std::string stem = folder + "/f" + std::to_string(count++);
    std::ofstream(folder + "/f.cpp") << *text;
    // In the text's folder: a compiler cache knows equal text again.
    const std::string command =
        "cd " + folder +
        " && " ST_CXX
        " -std=c++14 -O3 -march=x86-64-v3 -ffp-contract=off -fno-math-errno -Wall -Wextra "
        "-Wno-unknown-pragmas -Werror -fPIC -I" ST_KERNELS_DIR " -I" ST_KERNELS_DIR
        "/host -c f.cpp -o f.o && " ST_CXX " -shared f.o -o " +
        stem + ".so";
    ASSERT_EQ(std::system(command.c_str()), 0) << *text;
    void* library = dlopen((stem + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    auto* f = reinterpret_cast<void (*)(void**)>(dlsym(library, "f"));
    ASSERT_NE(f, nullptr);
    f(tensors.data());
    std::filesystem::remove_all(folder);
  }

  std::string Diagnostic(const std::string& module) {
    std::string message;
    mlir::ScopedDiagnosticHandler handler(&context_, [&](mlir::Diagnostic& diagnostic) {
      if (message.empty()) message = diagnostic.str();
      return mlir::success();
    });
    EXPECT_TRUE(mlir::failed(Emit(module)));
    return message;
  }

  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

TEST_F(BodyEmitterTest, FloatConstantsKeepTheirBits) {
  const unsigned seed = 20250301;
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::vector<uint32_t> patterns = {0,           0x80000000u, 0x7f800000u, 0xff800000u,       0x7fc00000u, 1u,
                                    0x807fffffu, 0x7f7fffffu, Bits(0.1f),  Bits(16777216.0f), Bits(1e10f)};
  while (patterns.size() < 1000) {
    const uint32_t bits = random();
    if (std::isfinite(std::bit_cast<float>(bits))) patterns.push_back(bits);
  }
  for (const bool finite : {true, false}) {
    std::vector<uint32_t> used;
    std::string list;
    for (uint32_t bits : patterns) {
      if (finite && !std::isfinite(std::bit_cast<float>(bits))) continue;
      char hex[16];
      snprintf(hex, sizeof hex, "0x%08X", bits);
      list += (used.empty() ? "" : ", ") + std::string(hex);
      used.push_back(bits);
    }
    const std::string type = "tensor<" + std::to_string(used.size()) + "xf32>";
    std::vector<uint32_t> out(used.size());
    Run("func.func @f() -> " + type + " {\n %0 = arith.constant dense<[" + list + "]> : " + type +
            "\n return %0 : " + type + "\n}",
        {out.data()});
    EXPECT_EQ(out, used);
  }
}

TEST_F(BodyEmitterTest, ScalarConstantsKeepTheirBits) {
  const uint32_t patterns[] = {0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u, 1u, 0x3dcccccdu};
  for (uint32_t bits : patterns) {
    char hex[16];
    snprintf(hex, sizeof hex, "0x%08X", bits);
    uint32_t out[4] = {};
    Run(std::string("func.func @f() -> tensor<4xf32> {\n %c = arith.constant ") + hex +
            " : f32\n %e = tensor.empty() : tensor<4xf32>\n"
            " %r = linalg.fill ins(%c : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>\n"
            " return %r : tensor<4xf32>\n}",
        {out});
    for (uint32_t word : out) EXPECT_EQ(word, bits);
  }
}

// The shape that order-sums gives a sum: 16 lanes, then a tree.
TEST_F(BodyEmitterTest, SumsKeepTheirOrder) {
  const unsigned seed = 7;
  std::mt19937 random(seed);
  std::vector<float> x(576);
  for (float& value : x)
    value = std::ldexp(static_cast<float>(random() % 4096) - 2048.0f, random() % 24 - 12);
  float lanes[16] = {};
  for (size_t i = 0; i < x.size(); ++i) lanes[i % 16] += x[i];
  for (int half : {8, 4, 2, 1}) {
    for (int i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
  }
  float out = 0;
  Run(R"(
    #lanes = affine_map<(k, l) -> (k, l)>
    #partials = affine_map<(k, l) -> (l)>
    #all = affine_map<(i) -> (i)>
    func.func @f(%x: tensor<1x576xf32>) -> tensor<1xf32> {
      %zero = arith.constant 0.0 : f32
      %e = tensor.empty() : tensor<16xf32>
      %z = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
      %flat = tensor.collapse_shape %x [[0, 1]] : tensor<1x576xf32> into tensor<576xf32>
      %wide = tensor.expand_shape %flat [[0, 1]] output_shape [36, 16] : tensor<576xf32> into tensor<36x16xf32>
      %p16 = linalg.generic {indexing_maps = [#lanes, #partials], iterator_types = ["reduction", "parallel"]}
        ins(%wide : tensor<36x16xf32>) outs(%z : tensor<16xf32>) {
      ^bb0(%a: f32, %acc: f32):
        %s = arith.addf %acc, %a : f32
        linalg.yield %s : f32
      } -> tensor<16xf32>
      %l8 = tensor.extract_slice %p16[0] [8] [1] : tensor<16xf32> to tensor<8xf32>
      %h8 = tensor.extract_slice %p16[8] [8] [1] : tensor<16xf32> to tensor<8xf32>
      %p8 = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel"]}
        ins(%l8, %h8 : tensor<8xf32>, tensor<8xf32>) outs(%l8 : tensor<8xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %s = arith.addf %a, %b : f32
        linalg.yield %s : f32
      } -> tensor<8xf32>
      %e1 = tensor.empty() : tensor<1xf32>
      %p1 = linalg.generic {indexing_maps = [affine_map<(i) -> (0)>, affine_map<(i) -> (1)>, affine_map<(i) -> (2)>,
          affine_map<(i) -> (3)>, affine_map<(i) -> (4)>, affine_map<(i) -> (5)>, affine_map<(i) -> (6)>,
          affine_map<(i) -> (7)>, #all], iterator_types = ["parallel"]}
        ins(%p8, %p8, %p8, %p8, %p8, %p8, %p8, %p8 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>,
          tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e1 : tensor<1xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %e0: f32, %g: f32, %h: f32, %i: f32, %o: f32):
        %ae = arith.addf %a, %e0 : f32
        %bg = arith.addf %b, %g : f32
        %ch = arith.addf %c, %h : f32
        %di = arith.addf %d, %i : f32
        %ac = arith.addf %ae, %ch : f32
        %bd = arith.addf %bg, %di : f32
        %r = arith.addf %ac, %bd : f32
        linalg.yield %r : f32
      } -> tensor<1xf32>
      return %p1 : tensor<1xf32>
    })",
      {x.data(), &out});
  EXPECT_EQ(Bits(out), Bits(lanes[0]));
}

// A destination that is read later must not be overwritten.
TEST_F(BodyEmitterTest, OverwritesOnlyWhatIsDeadAfterwards) {
  float x[4] = {1, 2, 3, 4}, doubled[4], sum[4];
  Run(R"(
    #id = affine_map<(i) -> (i)>
    func.func @f(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x2xf32>) {
      %e = tensor.empty() : tensor<4xf32>
      %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
      ^bb0(%i: f32, %o: f32):
        %s = arith.addf %i, %i : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      %square = tensor.expand_shape %a [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
      %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<4xf32>) outs(%a : tensor<4xf32>) {
      ^bb0(%i: f32, %o: f32):
        %s = arith.addf %i, %o : f32
        linalg.yield %s : f32
      } -> tensor<4xf32>
      return %b, %square : tensor<4xf32>, tensor<2x2xf32>
    })",
      {x, sum, doubled});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(doubled[i], 2 * x[i]);
    EXPECT_EQ(sum[i], 3 * x[i]);
  }
}

TEST_F(BodyEmitterTest, ComparesTreatNanAsMlirDoes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  float a[4] = {1, 2, nan, nan}, b[4] = {2, 1, 1, nan};
  for (const auto& [predicate, expected] :
       std::vector<std::pair<const char*, std::array<int, 4>>>{{"oeq", {0, 0, 0, 0}},
                                                               {"ogt", {0, 1, 0, 0}},
                                                               {"oge", {0, 1, 0, 0}},
                                                               {"olt", {1, 0, 0, 0}},
                                                               {"ole", {1, 0, 0, 0}},
                                                               {"one", {1, 1, 0, 0}},
                                                               {"ord", {1, 1, 0, 0}},
                                                               {"ueq", {0, 0, 1, 1}},
                                                               {"ugt", {0, 1, 1, 1}},
                                                               {"uge", {0, 1, 1, 1}},
                                                               {"ult", {1, 0, 1, 1}},
                                                               {"ule", {1, 0, 1, 1}},
                                                               {"une", {1, 1, 1, 1}},
                                                               {"uno", {0, 0, 1, 1}}}) {
    int32_t out[4];
    Run(std::string(R"(
      #id = affine_map<(i) -> (i)>
      func.func @f(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xi32> {
        %e = tensor.empty() : tensor<4xi32>
        %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
          ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xi32>) {
        ^bb0(%x: f32, %y: f32, %o: i32):
          %c = arith.cmpf )") +
            predicate + R"(, %x, %y : f32
          %w = arith.extui %c : i1 to i32
          linalg.yield %w : i32
        } -> tensor<4xi32>
        return %r : tensor<4xi32>
      })",
        {a, b, out});
    for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], expected[i]) << predicate << " " << i;
  }
}

// The exponential of docs/architecture.md, with its rounding trick and its bit cast.
TEST_F(BodyEmitterTest, ExponentialHasTheDocumentedBits) {
  std::vector<float> x(64), out(64);
  for (int i = 0; i < 64; ++i) x[i] = -100.0f + 3.2f * static_cast<float>(i);
  Run(R"(
    #id = affine_map<(i) -> (i)>
    func.func @f(%x: tensor<64xf32>) -> tensor<64xf32> {
      %low = arith.constant -87.0 : f32
      %high = arith.constant 88.0 : f32
      %log2e = arith.constant 1.44269504 : f32
      %magic = arith.constant 12582912.0 : f32
      %c1 = arith.constant 0.693359375 : f32
      %c2 = arith.constant -2.12194440e-4 : f32
      %one = arith.constant 1.0 : f32
      %bias = arith.constant 127 : i32
      %shift = arith.constant 23 : i32
      %e = tensor.empty() : tensor<64xf32>
      %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) {
      ^bb0(%a: f32, %o: f32):
        %below = arith.cmpf olt, %a, %low : f32
        %a1 = arith.select %below, %low, %a : f32
        %above = arith.cmpf ogt, %a1, %high : f32
        %a2 = arith.select %above, %high, %a1 : f32
        %t = arith.mulf %a2, %log2e : f32
        %m = arith.addf %t, %magic : f32
        %n = arith.subf %m, %magic : f32
        %n1 = arith.mulf %n, %c1 : f32
        %r0 = arith.subf %a2, %n1 : f32
        %n2 = arith.mulf %n, %c2 : f32
        %r1 = arith.subf %r0, %n2 : f32
        %y = arith.addf %r1, %one : f32
        %ni = arith.fptosi %n : f32 to i32
        %nb = arith.addi %ni, %bias : i32
        %ns = arith.shli %nb, %shift : i32
        %p = arith.bitcast %ns : i32 to f32
        %q = arith.mulf %y, %p : f32
        linalg.yield %q : f32
      } -> tensor<64xf32>
      return %r : tensor<64xf32>
    })",
      {x.data(), out.data()});
  for (int i = 0; i < 64; ++i) {
    volatile float a = x[i] < -87.0f ? -87.0f : x[i];
    if (a > 88.0f) a = 88.0f;
    volatile float t = a * 1.44269504f;
    volatile float m = t + 12582912.0f;
    volatile float n = m - 12582912.0f;
    volatile float n1 = n * 0.693359375f;
    volatile float r = a - n1;
    volatile float n2 = n * -2.12194440e-4f;
    r = r - n2;
    volatile float y = r + 1.0f;
    const float power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
    EXPECT_EQ(Bits(out[i]), Bits(y * power)) << x[i];
  }
}

TEST_F(BodyEmitterTest, IntegersWrap) {
  int32_t a[4] = {INT32_MAX, INT32_MIN, -1, 46341}, sum[4], product[4];
  Run(R"(
    #id = affine_map<(i) -> (i)>
    func.func @f(%a: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>) {
      %e = tensor.empty() : tensor<4xi32>
      %r:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%a : tensor<4xi32>) outs(%e, %e : tensor<4xi32>, tensor<4xi32>) {
      ^bb0(%x: i32, %o: i32, %p: i32):
        %s = arith.addi %x, %x : i32
        %m = arith.muli %x, %x : i32
        linalg.yield %s, %m : i32, i32
      } -> (tensor<4xi32>, tensor<4xi32>)
      return %r#0, %r#1 : tensor<4xi32>, tensor<4xi32>
    })",
      {a, sum, product});
  for (int i = 0; i < 4; ++i) {
    const uint32_t x = static_cast<uint32_t>(a[i]);
    EXPECT_EQ(static_cast<uint32_t>(sum[i]), x + x);
    EXPECT_EQ(static_cast<uint32_t>(product[i]), x * x);
  }
}

// A table in memory, read at a row that a scalar chooses, and rows rotated as RoPE does.
TEST_F(BodyEmitterTest, TablesSlicesAndInsertions) {
  std::vector<float> table(10 * 8), x(2 * 16), out(2 * 16);
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i) * 0.5f;
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 7.0f;
  int32_t position = 7;
  Run(R"(
    #hd = affine_map<(h, d) -> (h, d)>
    func.func @f(%table: tensor<?x8xf32>, %x: tensor<2x16xf32>, %position: i32) -> tensor<2x16xf32> {
      %p = arith.index_cast %position : i32 to index
      %low = tensor.extract_slice %x[0, 0] [2, 8] [1, 1] : tensor<2x16xf32> to tensor<2x8xf32>
      %high = tensor.extract_slice %x[0, 8] [2, 8] [1, 1] : tensor<2x16xf32> to tensor<2x8xf32>
      %e = tensor.empty() : tensor<2x8xf32>
      %r = linalg.generic {indexing_maps = [#hd, #hd, #hd], iterator_types = ["parallel", "parallel"]}
        ins(%low, %high : tensor<2x8xf32>, tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %d = linalg.index 1 : index
        %c = tensor.extract %table[%p, %d] : tensor<?x8xf32>
        %ac = arith.mulf %a, %c : f32
        %s = arith.subf %ac, %b : f32
        linalg.yield %s : f32
      } -> tensor<2x8xf32>
      %row = tensor.extract_slice %table[%p, 0] [1, 8] [1, 1] : tensor<?x8xf32> to tensor<1x8xf32>
      %r1 = tensor.insert_slice %r into %x[0, 0] [2, 8] [1, 1] : tensor<2x8xf32> into tensor<2x16xf32>
      %r2 = tensor.insert_slice %row into %r1[1, 8] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<2x16xf32>
      return %r2 : tensor<2x16xf32>
    })",
      {table.data(), x.data(), &position, out.data()});
  for (int h = 0; h < 2; ++h) {
    for (int d = 0; d < 8; ++d) {
      EXPECT_EQ(out[h * 16 + d], x[h * 16 + d] * table[7 * 8 + d] - x[h * 16 + 8 + d]);
      EXPECT_EQ(out[h * 16 + 8 + d], h == 1 ? table[7 * 8 + d] : x[h * 16 + 8 + d]);
    }
  }
}

TEST_F(BodyEmitterTest, HalvesAreConverted) {
  float x[5] = {1.0f, 65504.0f, 65520.0f, 5.9604645e-8f, -0.1f}, back[5];
  uint16_t half[5];
  Run(R"(
    #id = affine_map<(i) -> (i)>
    func.func @f(%x: tensor<5xf32>) -> (tensor<5xf16>, tensor<5xf32>) {
      %e = tensor.empty() : tensor<5xf16>
      %g = tensor.empty() : tensor<5xf32>
      %r:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<5xf32>) outs(%e, %g : tensor<5xf16>, tensor<5xf32>) {
      ^bb0(%a: f32, %o: f16, %p: f32):
        %h = arith.truncf %a : f32 to f16
        %w = arith.extf %h : f16 to f32
        linalg.yield %h, %w : f16, f32
      } -> (tensor<5xf16>, tensor<5xf32>)
      return %r#0, %r#1 : tensor<5xf16>, tensor<5xf32>
    })",
      {x, half, back});
  const uint16_t expected[5] = {0x3c00, 0x7bff, 0x7c00, 0x0001, 0xae66};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(half[i], expected[i]) << i;
  EXPECT_EQ(back[0], 1.0f);
  EXPECT_TRUE(std::isinf(back[2]));
}

TEST_F(BodyEmitterTest, LoopsCarryTensorsAndScalars) {
  float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[4];
  Run(R"(
    #id = affine_map<(i) -> (i)>
    func.func @f(%x: tensor<2x4xf32>) -> tensor<4xf32> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %one = arith.constant 1.0 : f32
      %two = arith.constant 2.0 : f32
      %e = tensor.empty() : tensor<4xf32>
      %z = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      %r:2 = scf.for %i = %c0 to %c2 step %c1 iter_args(%acc = %z, %s = %one) -> (tensor<4xf32>, f32) {
        %row = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<4xf32>
        %next = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
          ins(%row : tensor<4xf32>) outs(%acc : tensor<4xf32>) {
        ^bb0(%a: f32, %o: f32):
          %m = arith.mulf %a, %s : f32
          %t = arith.addf %m, %o : f32
          linalg.yield %t : f32
        } -> tensor<4xf32>
        %s2 = arith.mulf %s, %two : f32
        scf.yield %next, %s2 : tensor<4xf32>, f32
      }
      %w = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%r#0 : tensor<4xf32>) {
      ^bb0(%o: f32):
        %t = arith.mulf %o, %r#1 : f32
        linalg.yield %t : f32
      } -> tensor<4xf32>
      return %w : tensor<4xf32>
    })",
      {x, out});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], 4 * (1 + x[i] + 2 * x[4 + i]));
}

TEST_F(BodyEmitterTest, RefusesWhatHasNoText) {
  EXPECT_NE(Diagnostic(R"(
    #id = affine_map<(i) -> (i)>
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %e = tensor.empty() : tensor<4xf32>
      %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
        ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
      ^bb0(%a: f32, %o: f32):
        %t = math.cbrt %a : f32
        linalg.yield %t : f32
      } -> tensor<4xf32>
      return %r : tensor<4xf32>
    })")
                .find("and functions of math.h"),
            std::string::npos);
  EXPECT_NE(Diagnostic(R"(
    func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {
      %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                           iterator_types = ["parallel"]}
        ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
      } -> tensor<?xf32>
      return %r : tensor<?xf32>
    })")
                .find("static shape"),
            std::string::npos);
  EXPECT_NE(Diagnostic(R"(
    func.func @f(%x: tensor<4xi24>) -> tensor<4xi24> {
      %e = tensor.empty() : tensor<4xi24>
      %z = arith.constant 0 : i24
      %r = linalg.fill ins(%z : i24) outs(%e : tensor<4xi24>) -> tensor<4xi24>
      return %r : tensor<4xi24>
    })")
                .find("C++"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler::hls
