// SPDX-License-Identifier: Apache-2.0
// Emits a small hand-written design, builds it as a card would get it, runs it on fibers, and compares
// with the numerics of docs/architecture.md written out here.
#include "compiler/targets/hls/design_emitter.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "artifact/object_index.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/targets/artifact/object_build.h"
#include "compiler/targets/hls/connectivity.h"
#include "compiler/targets/hls/packing_request.h"
#include "compiler/targets/weights/weights_writer.h"
#include "gtest/gtest.h"
#include "kernels/contract/descriptor.h"
#include "kernels/host/aligned_array.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "runtime/card/design_launcher.h"
#include "tests/reference/scalar_numerics.h"

namespace streamtensor::compiler::hls {
namespace {

constexpr int kWidth = 64, kGroups = 2, kHead = 20, kLayers = 2;

// One matrix, as the card holds it.
struct Matrix {
  int rows = 0;
  std::vector<int> q;  // rows x groups x 32
  std::vector<uint16_t> d, m;
};

class Weights : public WeightSource {
 public:
  explicit Weights(unsigned seed) : random_(seed) {
    for (int layer = 0; layer < kLayers; ++layer)
      Add("blk." + std::to_string(layer) + ".w", kWidth, 15, 0, true);
    Add("head", kHead, 255, -128, false);
    for (int layer = 0; layer < kLayers; ++layer) {
      std::vector<float>& bias = biases["blk." + std::to_string(layer) + ".bias"];
      for (int i = 0; i < kWidth; ++i) bias.push_back(static_cast<float>(random_() % 100) / 1000.0f);
    }
  }
  absl::StatusOr<WeightShape> Shape(std::string_view name, WeightPart part) const override {
    if (part == WeightPart::kValue) return WeightShape{WeightElement::kF32, {kWidth}};
    const Matrix& matrix = matrices.at(std::string(name));
    const bool u4 = !matrix.m.empty();
    if (part == WeightPart::kQ) {
      return WeightShape{u4 ? WeightElement::kU4 : WeightElement::kI8, {matrix.rows, kGroups, 32}};
    }
    return WeightShape{WeightElement::kF16, {matrix.rows, kGroups}};
  }
  absl::StatusOr<std::vector<uint8_t>> Read(std::string_view name, WeightPart part) const override {
    if (part == WeightPart::kValue) return Bytes(biases.at(std::string(name)));
    const Matrix& matrix = matrices.at(std::string(name));
    if (part == WeightPart::kQ) return std::vector<uint8_t>(matrix.q.begin(), matrix.q.end());
    return Bytes(part == WeightPart::kD ? matrix.d : matrix.m);
  }

  std::map<std::string, Matrix> matrices;
  std::map<std::string, std::vector<float>> biases;

 private:
  template <typename T>
  static std::vector<uint8_t> Bytes(const std::vector<T>& values) {
    std::vector<uint8_t> bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  void Add(const std::string& name, int rows, int span, int least, bool minimum) {
    Matrix& matrix = matrices[name];
    matrix.rows = rows;
    for (int i = 0; i < rows * kGroups * 32; ++i)
      matrix.q.push_back(static_cast<int>(random_() % (span + 1)) + least);
    for (int i = 0; i < rows * kGroups; ++i) {
      matrix.d.push_back(static_cast<uint16_t>(0x1c00 + random_() % 0x400));
      if (minimum) matrix.m.push_back(static_cast<uint16_t>(0x9800 + random_() % 0x400));
    }
  }
  std::mt19937 random_;
};

std::vector<float> Contract(const std::vector<float>& x, const Matrix& matrix) {
  const int centre = matrix.m.empty() ? 0 : 8;
  return reference::scalar::Contract(x, matrix.q, matrix.d, matrix.m, matrix.rows, centre);
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class DesignEmitterTest : public ::testing::Test {
 protected:
  DesignEmitterTest() {
    context_.loadDialect<mlir::arith::ArithDialect, mlir::linalg::LinalgDialect, mlir::scf::SCFDialect,
                         mlir::tensor::TensorDialect, itensor::ITensorDialect, dataflow::DataflowDialect,
                         process::ProcessDialect>();
  }
  dataflow::DesignOp Parse(const std::string& text) {
    module_ = mlir::parseSourceString<mlir::ModuleOp>(text, &context_);
    return module_ ? *module_->getOps<dataflow::DesignOp>().begin() : dataflow::DesignOp();
  }
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
};

TEST_F(DesignEmitterTest, RunsAsItsNumericsSay) {
  dataflow::DesignOp design = Parse(ReadText(ST_TEST_DIR "/small_design.mlir.inc"));
  ASSERT_TRUE(design);
  const std::string folder = ::testing::TempDir() + "/design_emitter_test." + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  mlir::FailureOr<DesignText> text = EmitDesign(design);
  ASSERT_TRUE(mlir::succeeded(text));
  std::ofstream(folder + "/design.h") << text->design_h;
  std::ofstream(folder + "/design.cpp") << text->design_cpp;
  std::ofstream(folder + "/launch.cpp") << text->launch_cpp;

  const unsigned seed = 11;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Weights weights(seed);
  mlir::FailureOr<PackingRequest> request = RequestPacking(design);
  ASSERT_TRUE(mlir::succeeded(request));
  absl::StatusOr<WeightLayout> layout = LayOutWeights(request->plan);
  ASSERT_TRUE(layout.ok()) << layout.status();
  const absl::Status packed =
      WriteWeights(folder + "/weights.bin", request->plan, *layout, weights, 1, nullptr);
  ASSERT_TRUE(packed.ok()) << packed;
  const std::string bytes = ReadText(folder + "/weights.bin");
  st::host::AlignedArray<char> memory(bytes.size() + 4096);
  std::memcpy(memory.data(), bytes.data(), bytes.size());

  absl::StatusOr<std::string> kernels = FindKernels();
  ASSERT_TRUE(kernels.ok()) << kernels.status();
  for (const bool plain : {false, true}) {
    absl::StatusOr<std::vector<std::string>> objects = BuildObjects(
        {{folder + "/design.cpp", folder + "/launch.cpp"}, folder, *kernels, plain}, ObjectTargets());
    ASSERT_TRUE(objects.ok()) << objects.status() << "\n" << text->design_cpp;
    for (size_t i = 0; i < objects->size(); ++i) {
      if (!artifact::CpuRunsIsa(ObjectTargets()[i].isa)) continue;
      const std::string object = ReadText((*objects)[i]);
      auto launcher =
          runtime::card::DesignLauncher::Load(std::as_bytes(std::span(object.data(), object.size())));
      ASSERT_TRUE(launcher.ok()) << launcher.status();
      for (int tokens = 1; tokens <= 16; ++tokens) {
        st::host::AlignedArray<uint32_t> descriptor(1024), status(16);
        st::host::AlignedArray<float> x(16 * kWidth), y(16 * kHead);
        const uint32_t head[] = {
            contract::kDescriptorMagic, contract::kDescriptorVersion, static_cast<uint32_t>(tokens), 0, 0, 0};
        for (int w = 0; w < 1024; ++w) descriptor.data()[w] = w < 6 ? head[w] : 0;
        std::mt19937 random(seed + tokens);
        for (int i = 0; i < 16 * kWidth; ++i)
          x.data()[i] = static_cast<float>(random() % 2000) / 1000.0f - 1.0f;
        for (int t = 0; t < tokens; ++t)
          descriptor.data()[contract::DescriptorTokenOffset(t) + contract::kTokenPositionWord] =
              static_cast<uint32_t>(t * 3);
        std::vector<void*> args = {descriptor.data(), status.data(), x.data(), y.data()};
        for (const WeightSegment& segment : layout->channels)
          args.push_back(memory.data() + segment.file_offset);
        args.push_back(memory.data() + layout->constants[0].file_offset);
        const runtime::card::LaunchReport report = (*launcher)->Launch(args);
        ASSERT_EQ(report.code, runtime::card::LaunchCode::kCompleted) << report.message;
        ASSERT_EQ(status.data()[0], 1u) << status.data()[1] << " " << status.data()[2];
        for (int t = 0; t < tokens; ++t) {
          std::vector<float> row(x.data() + t * kWidth, x.data() + (t + 1) * kWidth);
          for (int layer = 0; layer < kLayers; ++layer) {
            const std::string block = "blk." + std::to_string(layer);
            const std::vector<float> product = Contract(row, weights.matrices[block + ".w"]);
            const std::vector<float>& bias = weights.biases[block + ".bias"];
            for (int k = 0; k < kWidth; ++k)
              row[k] = (row[k] + product[k]) + bias[k] * static_cast<float>(t * 3);
          }
          const std::vector<float> expected = Contract(row, weights.matrices["head"]);
          for (int n = 0; n < kHead; ++n) {
            ASSERT_EQ(std::bit_cast<uint32_t>(y.data()[t * kHead + n]), std::bit_cast<uint32_t>(expected[n]))
                << "token " << t << " of " << tokens << ", output " << n;
          }
        }
      }
    }
  }
  std::filesystem::remove_all(folder);
}

TEST_F(DesignEmitterTest, WiresEveryPort) {
  dataflow::DesignOp design = Parse(ReadText(ST_TEST_DIR "/small_design.mlir.inc"));
  ASSERT_TRUE(design);
  mlir::FailureOr<DesignText> text = EmitDesign(design);
  ASSERT_TRUE(mlir::succeeded(text));
  Platform platform;
  platform.vitis = {"some_platform", "some_shell"};
  platform.clock_hz = 300e6;
  platform.memory.connectivity_name = "MEM[{bank}]";
  platform.memory.banks = 8;
  platform.memory.bytes_per_bank = 1 << 20;
  const mlir::FailureOr<std::string> connectivity = ConnectivityText(design, platform);
  ASSERT_TRUE(mlir::succeeded(connectivity));
  EXPECT_EQ(*connectivity,
            "platform=some_platform\nkernel_frequency=300\n\n[connectivity]\nnk=streamtensor_step:1:"
            "streamtensor_step_1\n"
            "sp=streamtensor_step_1.descriptor:MEM[0]\nsp=streamtensor_step_1.status:MEM[0]\n"
            "sp=streamtensor_step_1.x:MEM[1]\nsp=streamtensor_step_1.y:MEM[1]\n"
            "sp=streamtensor_step_1.w0:MEM[2]\nsp=streamtensor_step_1.w1:MEM[3]\n"
            "sp=streamtensor_step_1.bias:MEM[4]\n");
  EXPECT_NE(text->design_cpp.find("bundle = bank1 max_widen_bitwidth = 512 channel = 1"), std::string::npos);

  // What no bank holds reaches over those that follow, up to the next memory's.
  platform.memory.bytes_per_bank = 16;
  const mlir::FailureOr<std::string> ranges = ConnectivityText(design, platform);
  ASSERT_TRUE(mlir::succeeded(ranges));
  EXPECT_NE(ranges->find("sp=streamtensor_step_1.bias:MEM[4:7]\n"), std::string::npos) << *ranges;
  EXPECT_NE(ranges->find("sp=streamtensor_step_1.w1:MEM[3]\n"), std::string::npos) << *ranges;
}

TEST_F(DesignEmitterTest, StacksHoldTheEnginesFrame) {
  std::string wide = ReadText(ST_TEST_DIR "/small_design.mlir.inc");
  const auto replace = [&wide](const std::string& from, const std::string& to) {
    size_t at = wide.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    for (; at != std::string::npos; at = wide.find(from, at + to.size())) wide.replace(at, from.size(), to);
  };
  replace("@engine {words = 32 : i64}\n  dataflow.stream @weights0",
          "@engine {words = 65536 : i64}\n  dataflow.stream @weights0");
  replace("groups = 2,", "groups = 4096,");
  replace("<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>", "<1x131072xf32, [T max 16]*[1], (d0) -> (d0, 0)>");
  replace("tensor<1x64xf32>", "tensor<1x131072xf32>");
  replace("tensor<2x64xf32>", "tensor<2x131072xf32>");
  replace("tensor<?x64xf32>", "tensor<?x131072xf32>");
  replace("[4, T max 16]", "[8192, T max 16]");
  replace("row_tiles = 4", "row_tiles = 8192");
  replace("rows = 64", "rows = 131072");
  dataflow::DesignOp design = Parse(wide);
  ASSERT_TRUE(design);
  mlir::FailureOr<DesignText> text = EmitDesign(design);
  ASSERT_TRUE(mlir::succeeded(text));
  const std::string name = "#define ST_STACK_BYTES ";
  const size_t at = text->design_cpp.find(name);
  ASSERT_NE(at, std::string::npos);
  // st/engine.h keeps a frame of 16 rows of 4096 words made ready, and the results of 16 row tiles;
  // st/frames.h keeps the floats of 16 rows.
  EXPECT_GT(std::stoll(text->design_cpp.substr(at + name.size())), 2 * 16 * 4096 * 64 + 16 * 16 * 64);
}

TEST_F(DesignEmitterTest, NamesWhatItCanNotWrite) {
  const std::string good = ReadText(ST_TEST_DIR "/small_design.mlir.inc");
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } cases[] = {
      {"index = 6 : i64, ", "", "has no argument index; assign-channels gives it one"},
      {", bank = 4 : i64", "", "has no memory bank; assign-channels gives it one"},
      {"index = 6 : i64", "index = 7 : i64", "has argument index 7 where 6 is next"},
      {"\"T\" : index", "\"Z\" : index", "does not carry"},
  };
  for (const auto& test : cases) {
    std::string text = good;
    const size_t at = text.find(test.from);
    ASSERT_NE(at, std::string::npos) << test.from;
    text.replace(at, std::strlen(test.from), test.to);
    dataflow::DesignOp design = Parse(text);
    ASSERT_TRUE(design) << test.to;
    std::string message;
    mlir::ScopedDiagnosticHandler handler(&context_, [&](mlir::Diagnostic& diagnostic) {
      if (message.empty()) message = diagnostic.str();
      return mlir::success();
    });
    EXPECT_TRUE(mlir::failed(EmitDesign(design))) << test.to;
    EXPECT_NE(message.find(test.message), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace streamtensor::compiler::hls
