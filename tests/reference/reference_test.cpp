// SPDX-License-Identifier: Apache-2.0
// The JIT's results equal plain loops of docs/architecture.md, section 2, bit for bit.
#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/passes/pipeline.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "tests/reference/jit_program.h"
#include "tests/reference/scalar_numerics.h"

namespace streamtensor::reference {
namespace {

constexpr uint32_t kSeed = 20251125;

class Reference : public testing::Test {
 protected:
  Reference() : context_(Registry()), random_(kSeed), flags_(_mm_getcsr()) {
    _mm_setcsr(flags_ | 0x8040);  // for the scalar loops
    RecordProperty("seed", static_cast<int>(kSeed));
  }
  ~Reference() override { _mm_setcsr(flags_); }

  static mlir::DialectRegistry Registry() {
    mlir::DialectRegistry registry;
    RegisterReferenceDialects(&registry);
    return registry;
  }

  std::unique_ptr<JitProgram> Compile(const std::string& text, bool numerics = false) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    EXPECT_TRUE(module) << text;
    if (!module) return nullptr;
    if (numerics) {
      mlir::PassManager passes(&context_);
      compiler::BuildNumericsPipeline(passes);
      EXPECT_TRUE(mlir::succeeded(passes.run(*module)));
    }
    auto program = JitProgram::Create(*module, "f");
    EXPECT_TRUE(program.ok()) << program.status();
    return program.ok() ? *std::move(program) : nullptr;
  }

  std::vector<float> Floats(int64_t count, float spread = 1.0f) {
    std::normal_distribution<float> normal(0.0f, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  std::vector<uint16_t> Halves(int64_t count, float spread = 1.0f) {
    std::vector<uint16_t> halves;
    for (float value : Floats(count, spread)) halves.push_back(scalar::FloatToHalf(value));
    return halves;
  }
  std::vector<int> Integers(int64_t count, int low, int high) {
    std::uniform_int_distribution<int> uniform(low, high);
    std::vector<int> values(count);
    for (int& value : values) value = uniform(random_);
    return values;
  }

  template <class T>
  static Array Of(Element element, std::vector<int64_t> dims, const std::vector<T>& values) {
    Array array = Array::Zeros(element, std::move(dims));
    EXPECT_EQ(static_cast<int64_t>(values.size()), array.elements());
    for (size_t i = 0; i < values.size(); ++i) {
      switch (BytesPerElement(element)) {
        case 1:
          array.as<int8_t>()[i] = static_cast<int8_t>(values[i]);
          break;
        case 2:
          array.as<uint16_t>()[i] = static_cast<uint16_t>(values[i]);
          break;
        default:
          if (element == Element::kF32)
            array.as<float>()[i] = static_cast<float>(values[i]);
          else
            array.as<int32_t>()[i] = static_cast<int32_t>(values[i]);
      }
    }
    return array;
  }

  static void ExpectBits(const Array& got, const std::vector<float>& expected, const std::string& what) {
    ASSERT_EQ(got.elements(), static_cast<int64_t>(expected.size())) << what;
    for (size_t i = 0; i < expected.size(); ++i) {
      uint32_t a = 0, b = 0;
      std::memcpy(&a, got.as<float>() + i, sizeof a);
      std::memcpy(&b, &expected[i], sizeof b);
      ASSERT_EQ(a, b) << what << ", element " << i << ": " << got.as<float>()[i] << ", expected "
                      << expected[i];
    }
  }

  mlir::MLIRContext context_;
  std::mt19937 random_;
  unsigned flags_;
};

TEST_F(Reference, ContractWithMinimum) {
  const int64_t tokens = 3, outputs = 20, inner = 96;
  auto program = Compile(R"(func.func @f(%x: tensor<?x96xf32>, %q: tensor<20x3x32xi4>, %d: tensor<20x3xf16>,
                                         %m: tensor<20x3xf16>) -> tensor<?x20xf32> {
      %0 = dataflow.contract %x, %q, %d, %m : tensor<?x96xf32>, tensor<20x3x32xi4>, tensor<20x3xf16>,
           tensor<20x3xf16> -> tensor<?x20xf32>
      return %0 : tensor<?x20xf32> })");
  ASSERT_TRUE(program);
  std::vector<float> x = Floats(tokens * inner);
  std::fill_n(x.begin() + 32, 32, 0.0f);                    // a group of zeros
  for (int i = 64; i < 96; ++i) x[i] *= 0.25f;              // a finer group
  for (int i = 0; i < 96; ++i) x[2 * inner + i] *= 1e-31f;  // a row that counts as zeros
  for (int i = 0; i < 32; ++i)
    x[inner + i] = static_cast<float>(i) * 127.0f / 254.0f;  // ties: halves of a step
  x[inner + 5] = 127.0f;
  const std::vector<int> q = Integers(outputs * inner, 0, 15);
  std::vector<uint16_t> d = Halves(outputs * 3, 0.1f), m = Halves(outputs * 3, 0.5f);
  std::fill_n(d.begin() + 6, 3, uint16_t{0});  // a row of zeros
  std::fill_n(m.begin() + 6, 3, uint16_t{0});
  d[9] = 0x7bff, d[10] = 1;  // the largest float16 beside the least
  const Array xa = Of(Element::kF32, {tokens, inner}, x), qa = Of(Element::kU4, {outputs, 3, 32}, q),
              da = Of(Element::kF16, {outputs, 3}, d), ma = Of(Element::kF16, {outputs, 3}, m);
  auto results = program->Run({{&xa}, {&qa}, {&da}, {&ma}});
  ASSERT_TRUE(results.ok()) << results.status();
  std::vector<float> expected;
  for (int64_t t = 0; t < tokens; ++t) {
    const auto row =
        scalar::Contract({x.begin() + t * inner, x.begin() + (t + 1) * inner}, q, d, m, outputs, 8);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  ExpectBits((*results)[0], expected, "contract");
}

TEST_F(Reference, ContractOfSignedBytes) {
  auto program = Compile(R"(func.func @f(%x: tensor<2x64xf32>, %q: tensor<5x2x32xi8>, %d: tensor<5x2xf16>)
                                -> tensor<2x5xf32> {
      %0 = dataflow.contract %x, %q, %d : tensor<2x64xf32>, tensor<5x2x32xi8>, tensor<5x2xf16> -> tensor<2x5xf32>
      return %0 : tensor<2x5xf32> })");
  ASSERT_TRUE(program);
  const std::vector<float> x = Floats(128, 30.0f);
  const std::vector<int> q = Integers(5 * 64, -127, 127);
  const std::vector<uint16_t> d = Halves(10, 0.1f);
  const Array xa = Of(Element::kF32, {2, 64}, x), qa = Of(Element::kI8, {5, 2, 32}, q),
              da = Of(Element::kF16, {5, 2}, d);
  auto results = program->Run({{&xa}, {&qa}, {&da}});
  ASSERT_TRUE(results.ok()) << results.status();
  std::vector<float> expected;
  for (int t = 0; t < 2; ++t) {
    const auto row = scalar::Contract({x.begin() + t * 64, x.begin() + (t + 1) * 64}, q, d, {}, 5, 0);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  ExpectBits((*results)[0], expected, "contract");
}

struct AttentionCase {
  int64_t head_size;
  int64_t mask_offset;
  int64_t window = 0;  // of the layer that is computed
};

class ReferenceAttention : public Reference, public testing::WithParamInterface<AttentionCase> {};

// Two sequences in one step: a chunk that continues at position 70 (pages 0..2), and a new one.
TEST_P(ReferenceAttention, EqualsLoops) {
  const auto [size, offset, window] = GetParam();
  const int64_t query_heads = 6, heads = 2, layers = 2, pages = 6, layer = 1, tokens = 5;
  const std::string text = absl::StrReplaceAll(
      R"(func.func @f(%q: tensor<?x6xDxf32>, %k: tensor<?x2xDxf16>, %v: tensor<?x2xDxf16>,
             %kp: tensor<?x2x2x32xDxf16>, %vp: tensor<?x2x2x32xDxf16>, %pt: tensor<4x3xi32>, %slot: tensor<?xi32>,
             %position: tensor<?xi32>, %start: tensor<?xi32>, %layer: index) -> tensor<?x6xDxf32> {
        %0 = dataflow.paged_attention %q, %k, %v, %kp, %vp, %pt, %slot, %position, %start, %layer
             {scale = 3.000000e-01 : f32, kv_head_map = affine_map<(d0) -> (d0 floordiv 3)>, mask_offset = OFF : i64WINDOWS}
           : tensor<?x6xDxf32>, tensor<?x2xDxf16>, tensor<?x2xDxf16>, tensor<?x2x2x32xDxf16>, tensor<?x2x2x32xDxf16>,
             tensor<4x3xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x6xDxf32>
        return %0 : tensor<?x6xDxf32> })",
      {{"xDx", absl::StrCat("x", size, "x")},
       {"OFF", absl::StrCat(offset)},
       {"WINDOWS", window > 0 ? absl::StrCat(", windows = array<i64: 0, ", window, ">") : ""}});
  auto program = Compile(text);
  ASSERT_TRUE(program);
  const std::vector<int> slot = {2, 2, 2, 0, 0}, position = {70, 71, 72, 0, 1}, start = {70, 70, 70, 0, 0};
  const std::vector<int> table = {5, 0, 0, 0, 0, 0, 3, 1, 4, 0, 0, 0};
  const std::vector<float> q = Floats(tokens * query_heads * size, 2.0f);
  const std::vector<uint16_t> k = Halves(tokens * heads * size), v = Halves(tokens * heads * size);
  std::vector<uint16_t> k_pool(pages * layers * heads * 32 * size, 0x7e00), v_pool = k_pool;  // NaN
  auto pool_row = [&](int64_t s, int64_t j, int64_t head) {
    return (((table[s * 3 + j / 32] * layers + layer) * heads + head) * 32 + j % 32) * size;
  };
  for (int64_t j = 0; j < 70; ++j)
    for (int64_t head = 0; head < heads; ++head) {
      const auto key = Halves(size), value = Halves(size);
      std::copy(key.begin(), key.end(), k_pool.begin() + pool_row(2, j, head));
      std::copy(value.begin(), value.end(), v_pool.begin() + pool_row(2, j, head));
    }
  const Array qa = Of(Element::kF32, {tokens, query_heads, size}, q),
              ka = Of(Element::kF16, {tokens, heads, size}, k),
              va = Of(Element::kF16, {tokens, heads, size}, v),
              kp = Of(Element::kF16, {pages, layers, heads, 32, size}, k_pool),
              vp = Of(Element::kF16, {pages, layers, heads, 32, size}, v_pool),
              pt = Of(Element::kI32, {4, 3}, table), sa = Of(Element::kI32, {tokens}, slot),
              pa = Of(Element::kI32, {tokens}, position), st = Of(Element::kI32, {tokens}, start);
  auto results =
      program->Run({{&qa}, {&ka}, {&va}, {&kp}, {&vp}, {&pt}, {&sa}, {&pa}, {&st}, {nullptr, layer}});
  ASSERT_TRUE(results.ok()) << results.status();

  std::vector<float> expected;
  for (int64_t t = 0; t < tokens; ++t) {
    const int64_t first = slot[t] == 2 ? 0 : 3, last = slot[t] == 2 ? 72 : 1;
    const int64_t seen = std::min<int64_t>(position[t] + offset, last) + 1;
    for (int64_t h = 0; h < query_heads; ++h) {
      const int64_t head = h / 3;
      auto row = [&](const std::vector<uint16_t>& fresh, const std::vector<uint16_t>& pool, int64_t j) {
        return j < start[t] ? pool.data() + pool_row(slot[t], j, head)
                            : fresh.data() + ((first + j - start[t]) * heads + head) * size;
      };
      const auto begin = q.begin() + (t * query_heads + h) * size;
      const auto out = scalar::Attend(
          {begin, begin + size}, 0.3f, seen, [&](int64_t j) { return row(k, k_pool, j); },
          [&](int64_t j) { return row(v, v_pool, j); },
          window > 0 ? std::max<int64_t>(0, position[t] + offset + 1 - window) : 0);
      expected.insert(expected.end(), out.begin(), out.end());
    }
  }
  ExpectBits((*results)[0], expected, "attention");
}

std::string CaseName(const testing::TestParamInfo<AttentionCase>& info) {
  const int64_t offset = info.param.mask_offset;
  return absl::StrCat("Head", info.param.head_size,
                      offset < 0   ? "SeesLess"
                      : offset > 0 ? "SeesMore"
                                   : "",
                      info.param.window > 0 ? absl::StrCat("Window", info.param.window) : "");
}

INSTANTIATE_TEST_SUITE_P(Sizes, ReferenceAttention,
                         testing::Values(AttentionCase{64, 0}, AttentionCase{24, 0}, AttentionCase{8, 0},
                                         AttentionCase{16, -1}, AttentionCase{16, 1}, AttentionCase{16, 0, 2},
                                         AttentionCase{16, 0, 37}, AttentionCase{8, 1, 70},
                                         AttentionCase{8, 0, 100}),
                         CaseName);

class ReferenceSum : public Reference, public testing::WithParamInterface<int64_t> {};

TEST_P(ReferenceSum, EqualsLoops) {
  const int64_t length = GetParam(), tokens = 3;
  auto program = Compile(absl::StrReplaceAll(R"(func.func @f(%x: tensor<?xNxf32>) -> tensor<?xf32> {
        %zero = arith.constant 0.0 : f32
        %c0 = arith.constant 0 : index
        %t = tensor.dim %x, %c0 : tensor<?xNxf32>
        %e = tensor.empty(%t) : tensor<?xf32>
        %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
        %0 = linalg.reduce ins(%x : tensor<?xNxf32>) outs(%z : tensor<?xf32>) dimensions = [1]
          (%a: f32, %acc: f32) {
            %s = arith.mulf %a, %a : f32
            %r = arith.addf %s, %acc : f32
            linalg.yield %r : f32
          }
        return %0 : tensor<?xf32> })",
                                             {{"xNx", absl::StrCat("x", length, "x")}}),
                         /*numerics=*/true);
  ASSERT_TRUE(program);
  const std::vector<float> x = Floats(tokens * length);
  const Array xa = Of(Element::kF32, {tokens, length}, x);
  auto results = program->Run({{&xa}});
  ASSERT_TRUE(results.ok()) << results.status();
  std::vector<float> expected;
  for (int64_t t = 0; t < tokens; ++t) {
    std::vector<float> terms;
    for (int64_t i = 0; i < length; ++i) terms.push_back(x[t * length + i] * x[t * length + i]);
    expected.push_back(scalar::Sum(terms));
  }
  ExpectBits((*results)[0], expected, absl::StrCat("sum of ", length));
}

INSTANTIATE_TEST_SUITE_P(Lengths, ReferenceSum, testing::Values(1, 5, 16, 31, 37, 64, 576));

// Functions of one value, at many values.
class ReferenceFunction : public Reference {
 protected:
  std::vector<float> Apply(const std::string& body, const std::vector<float>& x) {
    auto program = Compile(absl::StrCat(R"(func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> {
        %c0 = arith.constant 0 : index
        %one = arith.constant 1.0 : f32
        %n = tensor.dim %x, %c0 : tensor<?xf32>
        %e = tensor.empty(%n) : tensor<?xf32>
        %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                             iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
        ^bb0(%a: f32, %o: f32):
          )",
                                        body, R"(
          linalg.yield %r : f32
        } -> tensor<?xf32>
        return %0 : tensor<?xf32> })"),
                           /*numerics=*/true);
    if (!program) return {};
    const Array xa = Of(Element::kF32, {static_cast<int64_t>(x.size())}, x);
    auto results = program->Run({{&xa}});
    EXPECT_TRUE(results.ok()) << results.status();
    if (!results.ok()) return {};
    return {(*results)[0].as<float>(), (*results)[0].as<float>() + x.size()};
  }

  // Random bits over all finite magnitudes, and the places where something changes.
  std::vector<float> Inputs() {
    std::vector<float> x = {0.0f,       -0.0f,       0.5f,        -0.5f,       1.5f,       2.5f,   -2.5f,
                            87.0f,      -87.0f,      88.0f,       -88.f,       100.0f,     -100.f, 4194303.5f,
                            4194304.5f, -4194305.5f, 8388607.5f,  1e30f,       -1e30f,     1e-40f, -0.3f,
                            0.3f,       1e-30f,      -8388607.5f, 16777216.0f, 0.49999997f};
    for (float value : Floats(20000, 20.0f)) x.push_back(value);
    return x;
  }

  void Expect(const std::string& body, float (*scalar)(float)) {
    const std::vector<float> x = Inputs(), got = Apply(body, x);
    ASSERT_EQ(got.size(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const float expected = scalar(x[i]);
      ASSERT_EQ(std::memcmp(&got[i], &expected, sizeof expected), 0)
          << body << " at " << x[i] << " gives " << got[i] << ", expected " << expected;
    }
  }
};

TEST_F(ReferenceFunction, Exp) { Expect("%r = math.exp %a : f32", scalar::Exp); }

TEST_F(ReferenceFunction, Silu) {
  Expect(R"(%m = arith.negf %a : f32
            %p = math.exp %m : f32
            %d = arith.addf %p, %one : f32
            %r = arith.divf %a, %d : f32)",
         [](float x) { return x / (scalar::Exp(-x) + 1.0f); });
}

TEST_F(ReferenceFunction, InverseRoot) {
  Expect(R"(%s = arith.mulf %a, %a : f32
            %p = arith.addf %s, %one : f32
            %r = math.rsqrt %p : f32)",
         [](float x) { return 1.0f / std::sqrt(x * x + 1.0f); });
}

TEST_F(ReferenceFunction, HalfRounding) {
  Expect(R"(%h = arith.truncf %a : f32 to f16
            %r = arith.extf %h : f16 to f32)",
         [](float x) { return scalar::HalfToFloat(scalar::FloatToHalf(x)); });
}

TEST_F(ReferenceFunction, RoundingAgreesWithTheLibrary) {
  // Equal as numbers: a zero's sign is not kept.
  for (auto [body, function] :
       {std::pair<const char*, float (*)(float)>("%r = math.roundeven %a : f32", std::nearbyint),
        {"%r = math.floor %a : f32", std::floor},
        {"%r = math.ceil %a : f32", std::ceil},
        {"%r = math.trunc %a : f32", std::trunc}}) {
    const std::vector<float> x = Inputs(), got = Apply(body, x);
    ASSERT_EQ(got.size(), x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::fabs(x[i]) < 1e-37f) continue;
      ASSERT_EQ(got[i], function(x[i])) << body << " at " << x[i];
    }
  }
}

TEST_F(ReferenceFunction, TanhIsCloseToTheLibrary) {
  const std::vector<float> x = Inputs(), got = Apply("%r = math.tanh %a : f32", x);
  ASSERT_EQ(got.size(), x.size());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(got[i], std::tanh(x[i]), 3e-7f) << x[i];
}

TEST_F(Reference, DenormalsAreFlushed) {
  auto program = Compile(R"(func.func @f(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %c0 = arith.constant 0 : index
      %n = tensor.dim %x, %c0 : tensor<?xf32>
      %e = tensor.empty(%n) : tensor<?xf32>
      %0 = linalg.mul ins(%x, %y : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
      return %0 : tensor<?xf32> })");
  ASSERT_TRUE(program);
  const Array x = Of(Element::kF32, {2}, std::vector<float>{1e-20f, 1e-40f}),
              y = Of(Element::kF32, {2}, std::vector<float>{1e-20f, 1e10f});
  auto results = program->Run({{&x}, {&y}});
  ASSERT_TRUE(results.ok()) << results.status();
  ExpectBits((*results)[0], {0.0f, 0.0f}, "products");
}

TEST_F(Reference, TakesRowsInOrder) {
  auto program = Compile(R"(func.func @f(%x: tensor<?x2xf32>, %flags: tensor<?xi32>) -> tensor<?x2xf32> {
      %0 = dataflow.take_rows %x, %flags : tensor<?x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
      return %0 : tensor<?x2xf32> })");
  ASSERT_TRUE(program);
  const Array x = Of(Element::kF32, {4, 2}, std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  for (auto [flags, expected] : {std::pair(std::vector<int>{0, 1, 0, 2}, std::vector<float>{2, 3, 6, 7}),
                                 {{1, 1, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7}},
                                 {{0, 0, 0, 0}, {}}}) {
    const Array fa = Of(Element::kI32, {4}, flags);
    auto results = program->Run({{&x}, {&fa}});
    ASSERT_TRUE(results.ok()) << results.status();
    ExpectBits((*results)[0], expected, "rows");
  }
}

TEST_F(Reference, AppendsToThePagesOfTheTable) {
  auto program =
      Compile(R"(func.func @f(%k: tensor<?x1x4xf16>, %v: tensor<?x1x4xf16>, %kp: tensor<?x2x1x32x4xf16>,
        %vp: tensor<?x2x1x32x4xf16>, %pt: tensor<2x3xi32>, %slot: tensor<?xi32>, %position: tensor<?xi32>) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      scf.for %layer = %c0 to %c2 step %c1 {
        dataflow.kv_append %k, %v, %kp, %vp, %pt, %slot, %position, %layer : tensor<?x1x4xf16>, tensor<?x1x4xf16>,
          tensor<?x2x1x32x4xf16>, tensor<?x2x1x32x4xf16>, tensor<2x3xi32>, tensor<?xi32>, tensor<?xi32>
      }
      return })");
  ASSERT_TRUE(program);
  const std::vector<uint16_t> k = Halves(8), v = Halves(8);
  const Array ka = Of(Element::kF16, {2, 1, 4}, k), va = Of(Element::kF16, {2, 1, 4}, v),
              pool = Array::Zeros(Element::kF16, {9, 2, 1, 32, 4}),
              pt = Of(Element::kI32, {2, 3}, std::vector<int>{1, 2, 3, 6, 7, 8}),
              slot = Of(Element::kI32, {2}, std::vector<int>{1, 0}),
              position = Of(Element::kI32, {2}, std::vector<int>{69, 31});
  std::vector<AppendedRows> appended;
  auto results = program->Run({{&ka}, {&va}, {&pool}, {&pool}, {&pt}, {&slot}, {&position}},
                              [&](AppendedRows rows) { appended.push_back(std::move(rows)); });
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(appended.size(), 2u);
  for (int64_t layer = 0; layer < 2; ++layer) {
    EXPECT_EQ(appended[layer].layer, layer);
    EXPECT_EQ(appended[layer].page, (std::vector<int32_t>{8, 1}));
    EXPECT_EQ(appended[layer].row, (std::vector<int32_t>{5, 31}));
    EXPECT_EQ(appended[layer].k_new.data, ka.data);
    EXPECT_EQ(appended[layer].v_new.data, va.data);
  }
}

TEST_F(Reference, SaysWhichArgumentDoesNotFit) {
  auto program =
      Compile("func.func @f(%x: tensor<?x2xf32>) -> tensor<?x2xf32> { return %x : tensor<?x2xf32> }");
  ASSERT_TRUE(program);
  const Array wrong = Array::Zeros(Element::kF32, {3, 3});
  EXPECT_EQ(program->Run({}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(program->Run({{&wrong}}).status().code(), absl::StatusCode::kInvalidArgument);
  const Array right = Of(Element::kF32, {1, 2}, std::vector<float>{3, 4});
  auto results = program->Run({{&right}});
  ASSERT_TRUE(results.ok()) << results.status();
  ExpectBits((*results)[0], {3, 4}, "identity");
}

}  // namespace
}  // namespace streamtensor::reference
