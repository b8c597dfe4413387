// SPDX-License-Identifier: Apache-2.0
// A .mlir file: imported, brought through every stage, emitted, its weights packed. All but the system's
// compiler.
#include <optional>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/driver/diagnostic_text.h"
#include "compiler/driver/ir_stages.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/passes/attach_platform.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/hls/design_emitter.h"
#include "compiler/targets/hls/packing_request.h"
#include "compiler/targets/weights/weights_writer.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

namespace {

// A resource of 32 float32 values, 1 and -2 in turn.
std::string Blob() {
  std::string hex = "0x04000000";
  for (int i = 0; i < 32; ++i) hex += i % 2 == 0 ? "0000803F" : "000000C0";
  return hex;
}

}  // namespace

std::vector<std::string> Seeds() {
  std::string row;
  for (int i = 0; i < 32; ++i) row += std::string(i > 0 ? ", " : "") + std::to_string(i - 16) + ".0";
  return {
      "#map = affine_map<(d0, d1) -> (d0, d1)>\n"
      "#column = affine_map<(d0, d1) -> (d1)>\n"
      "module attributes {torch.debug_module_name = \"m\"} {\n"
      "  func.func @main(%x: tensor<?x32xf32>) -> tensor<?x1xf32> {\n"
      "    %c0 = arith.constant 0 : index\n"
      "    %zero = arith.constant 0.000000e+00 : f32\n"
      "    %bias = arith.constant dense<[" +
          row +
          "]> : tensor<32xf32>\n"
          "    %t = tensor.dim %x, %c0 : tensor<?x32xf32>\n"
          "    %e = tensor.empty(%t) : tensor<?x32xf32>\n"
          "    %y = linalg.generic {indexing_maps = [#map, #column, #map], iterator_types = [\"parallel\", "
          "\"parallel\"]} "
          "ins(%x, %bias : tensor<?x32xf32>, tensor<32xf32>) outs(%e : tensor<?x32xf32>) {\n"
          "    ^bb0(%a: f32, %b: f32, %o: f32):\n"
          "      %s = arith.addf %a, %b : f32\n"
          "      %r = arith.maximumf %s, %zero : f32\n"
          "      linalg.yield %r : f32\n"
          "    } -> tensor<?x32xf32>\n"
          "    %w = arith.constant dense_resource<w> : tensor<32x1xf32>\n"
          "    %n = tensor.empty(%t) : tensor<?x1xf32>\n"
          "    %f = linalg.fill ins(%zero : f32) outs(%n : tensor<?x1xf32>) -> tensor<?x1xf32>\n"
          "    %p = linalg.matmul ins(%y, %w : tensor<?x32xf32>, tensor<32x1xf32>) outs(%f : "
          "tensor<?x1xf32>) -> "
          "tensor<?x1xf32>\n"
          "    return %p : tensor<?x1xf32>\n"
          "  }\n"
          "}\n"
          "{-# dialect_resources: { builtin: { w: \"" +
          Blob() + "\" } } #-}\n",
      "func.func @main(%x: tensor<?x32xf32>) -> tensor<?x1xf32> {\n"
      "  %c0 = arith.constant 0 : index\n"
      "  %zero = arith.constant 0.0 : f32\n"
      "  %w = arith.constant dense_resource<w> : tensor<32x1xf32>\n"
      "  %t = tensor.dim %x, %c0 : tensor<?x32xf32>\n"
      "  %e = tensor.empty(%t) : tensor<?x1xf32>\n"
      "  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1xf32>) -> tensor<?x1xf32>\n"
      "  %y = linalg.matmul ins(%x, %w : tensor<?x32xf32>, tensor<32x1xf32>) outs(%f : tensor<?x1xf32>) -> "
      "tensor<?x1xf32>\n"
      "  return %y : tensor<?x1xf32>\n"
      "}\n"
      "{-# dialect_resources: { builtin: { w: \"" +
          Blob() + "\" } } #-}\n",
      // Complex numbers, and an update of parts of slices.
      "#map = affine_map<(d0, d1) -> (d0, d1)>\n"
      "func.func @main(%x: tensor<4x3xcomplex<f32>>, %u: tensor<2x2x2xf32>, %i: tensor<2x1xi64>) -> "
      "(tensor<4x3xcomplex<f32>>, tensor<4x3xf32>) {\n"
      "  %w = arith.constant dense<[[(1.0, 2.0), (0.5, -1.0), (0.0, 4.0)]]> : tensor<1x3xcomplex<f32>>\n"
      "  %n = tensor.empty() : tensor<4x3xcomplex<f32>>\n"
      "  %e = tensor.empty() : tensor<4x3xf32>\n"
      "  %y:2 = linalg.generic {indexing_maps = [#map, affine_map<(d0, d1) -> (0, d1)>, #map, #map], "
      "iterator_types = [\"parallel\", \"parallel\"]} ins(%x, %w : tensor<4x3xcomplex<f32>>, "
      "tensor<1x3xcomplex<f32>>) outs(%n, %e : tensor<4x3xcomplex<f32>>, tensor<4x3xf32>) {\n"
      "  ^bb0(%a: complex<f32>, %b: complex<f32>, %o: complex<f32>, %l: f32):\n"
      "    %p = complex.mul %a, %b : complex<f32>\n"
      "    %s = complex.abs %p : complex<f32>\n"
      "    linalg.yield %p, %s : complex<f32>, f32\n"
      "  } -> (tensor<4x3xcomplex<f32>>, tensor<4x3xf32>)\n"
      "  %r = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false) ins(%u, %i : "
      "tensor<2x2x2xf32>, tensor<2x1xi64>) outs(%y#1 : tensor<4x3xf32>) {\n"
      "  ^bb0(%a: f32, %b: f32):\n"
      "    tm_tensor.yield %a : f32\n"
      "  } -> tensor<4x3xf32>\n"
      "  return %y#0, %r : tensor<4x3xcomplex<f32>>, tensor<4x3xf32>\n"
      "}\n"};
}

namespace {

// Takes longer to make than most inputs take; what inputs leave in it (types, names) must not pile up for
// ever.
mlir::MLIRContext& Context() {
  constexpr int kInputs = 200;
  static std::optional<mlir::MLIRContext> context;
  static int inputs = 0;
  if (inputs++ % kInputs == 0) {
    context.emplace(mlir::MLIRContext::Threading::DISABLED);
    context->printOpOnDiagnostic(false);
  }
  return *context;
}

absl::Status EmitAndPack(compiler::ImportedModel& model, mlir::MLIRContext* context) {
  const auto designs = model.module->getOps<compiler::dataflow::DesignOp>();
  Require(!designs.empty(), "the stages make a design");
  compiler::DiagnosticText diagnostics(context);
  const auto failed = [&] {
    return absl::InvalidArgumentError(diagnostics.Take("the design can't be emitted"));
  };
  if (mlir::failed(compiler::hls::EmitDesign(*designs.begin()))) return failed();
  const auto packing = compiler::hls::RequestPacking(*designs.begin());
  if (mlir::failed(packing)) return failed();
  const auto layout = compiler::LayOutWeights(packing->plan);
  if (!layout.ok()) return layout.status();
  if (layout->file_bytes == 0) return absl::OkStatus();  // a module without weights
  return compiler::WriteWeights(ScratchFolder() + "/weights.bin", packing->plan, *layout, *model.weights, 1,
                                nullptr);
}

// In the module's own types, or quantised.
bool AcceptsAs(std::string_view input, compiler::Quantisation quantise) {
  mlir::MLIRContext& context = Context();
  const std::string name = "m.mlir";
  auto model = compiler::ImportMlirText(std::string(input), name, {.quantise = quantise}, &context);
  if (!model.ok()) return Refused(model.status(), {name});
  static const compiler::Platform* const platform =
      new compiler::Platform(compiler::FindPlatform("u55c").value());
  compiler::AttachPlatform(*model->module, *platform);
  if (const absl::Status status = compiler::RunIrStages({}, *model->module); !status.ok()) {
    return Refused(status);
  }
  if (const absl::Status status = EmitAndPack(*model, &context); !status.ok()) return Refused(status);
  return true;
}

}  // namespace

bool Accepts(std::string_view input) {
  const bool own = AcceptsAs(input, compiler::Quantisation::kNone);
  const bool eight_bits = AcceptsAs(input, compiler::Quantisation::kW8A8);
  return own || eight_bits;
}

}  // namespace streamtensor::fuzz
