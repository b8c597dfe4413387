// SPDX-License-Identifier: Apache-2.0
// A .mlir file: imported, its weights read, and brought through every stage up to the sized design.
#include "compiler/driver/ir_stages.h"
#include "compiler/frontend/imported_model.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  std::string row;
  for (int i = 0; i < 32; ++i) row += std::string(i > 0 ? ", " : "") + std::to_string(i - 16) + ".0";
  std::string blob = "0x04000000";
  for (int i = 0; i < 32; ++i) blob += i % 2 == 0 ? "0000803F" : "000000C0";
  return {
      "#map = affine_map<(d0, d1) -> (d0, d1)>\n"
      "#column = affine_map<(d0, d1) -> (d1)>\n"
      "module attributes {torch.debug_module_name = \"m\"} {\n"
      "  func.func @main(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {\n"
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
          "    return %y : tensor<?x32xf32>\n"
          "  }\n"
          "}\n",
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
          blob + "\" } } #-}\n"};
}

bool Accepts(std::string_view input) {
  compiler::RegisterIrPasses();
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  const std::string name = "m.mlir";
  auto model = compiler::ImportMlirText(std::string(input), name, {}, &context);
  if (!model.ok()) return Refused(model.status(), {name});
  for (const compiler::IrStage& stage : compiler::IrStages({})) {
    if (const absl::Status status = compiler::RunIrStage(stage, *model->module); !status.ok()) {
      return Refused(status);
    }
  }
  return true;
}

}  // namespace streamtensor::fuzz
