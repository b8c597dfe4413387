// SPDX-License-Identifier: Apache-2.0
// A small exported decoder as streamtensor.export_decoder() writes it: RMS norm, attention over a cache and a
// residual in each of two layers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/compiler/frontend/huggingface/folder_builder.h"

namespace streamtensor::compiler {

// Weights of the step by name, with their shapes, in the order of @main's arguments.
struct StepWeightShape {
  std::string name;
  std::vector<int64_t> shape;
};

inline std::vector<StepWeightShape> SmallStepWeights() {
  std::vector<StepWeightShape> weights = {{"embedding", {16, 32}}};
  for (int layer = 0; layer < 2; ++layer) {
    const std::string prefix = "blocks." + std::to_string(layer) + ".";
    weights.push_back({prefix + "norm", {32}});
    weights.push_back({prefix + "query", {32, 32}});
    weights.push_back({prefix + "key", {16, 32}});
    weights.push_back({prefix + "value", {16, 32}});
    weights.push_back({prefix + "out", {32, 32}});
  }
  weights.push_back({"head", {16, 32}});
  return weights;
}

// The text of step.mlir, line by line.
class SmallStep {
 public:
  std::string Text() {
    Line("#element = affine_map<(t, k) -> (t, k)>");
    Line("#row = affine_map<(t, k) -> (t)>");
    Line("#column = affine_map<(t, k) -> (k)>");
    Line("module attributes {streamtensor.weights = \"model.safetensors\"} {");
    Line("func.func private @streamtensor_layer(tensor<3x32xf32>, i64) -> tensor<3x32xf32>");
    Line(
        "func.func private @streamtensor_cached_attention(tensor<3x2x16xf32>, tensor<3x1x16xf32>, "
        "tensor<3x1x16xf32>, tensor<2x4x1x16xf32>, tensor<2x4x1x16xf32>, tensor<3xi32>, i64, f64) -> "
        "tensor<3x2x16xf32>");
    text_ += "func.func @main(";
    const std::vector<StepWeightShape> weights = SmallStepWeights();
    for (size_t i = 0; i < weights.size(); ++i) {
      text_ += "%w" + std::to_string(i) + ": " + Type(weights[i].shape) + " {streamtensor.weight = \"" +
               weights[i].name + "\"}, ";
    }
    Line(
        "%ids: tensor<3xi32> {streamtensor.input = \"ids\"}, %positions: tensor<3xi32> {streamtensor.input = "
        "\"positions\"}, %k_cache: tensor<2x4x1x16xf32> {streamtensor.input = \"k_cache\"}, %v_cache: "
        "tensor<2x4x1x16xf32> {streamtensor.input = \"v_cache\"}) -> (tensor<3x16xf32>, "
        "tensor<2x3x1x16xf32>, tensor<2x3x1x16xf32>) {");
    for (int i = 0; i < 3; ++i)
      Line("%c" + std::to_string(i) + " = arith.constant " + std::to_string(i) + " : i64");
    Line("%scale = arith.constant 2.5e-01 : f64");
    Line("%zero = arith.constant 0.0 : f32");
    Line("%epsilon = arith.constant 1.0e-05 : f32");
    Line("%width = arith.constant 32.0 : f32");
    Line("%empty = tensor.empty() : tensor<3x32xf32>");
    Line("%sums = tensor.empty() : tensor<3xf32>");
    Line("%no_sums = linalg.fill ins(%zero : f32) outs(%sums : tensor<3xf32>) -> tensor<3xf32>");
    Line(
        "%x0 = linalg.generic {indexing_maps = [affine_map<(t, k) -> (t)>, #element], iterator_types = "
        "[\"parallel\", \"parallel\"]} ins(%ids : tensor<3xi32>) outs(%empty : tensor<3x32xf32>) {");
    Line("^bb0(%id: i32, %o: f32):");
    Line("%at = arith.index_cast %id : i32 to index");
    Line("%column = linalg.index 1 : index");
    Line("%e = tensor.extract %w0[%at, %column] : tensor<16x32xf32>");
    Line("linalg.yield %e : f32");
    Line("} -> tensor<3x32xf32>");
    for (int layer = 0; layer < 2; ++layer) Layer(layer);
    Line("%end = call @streamtensor_layer(%x2, %c2) : (tensor<3x32xf32>, i64) -> tensor<3x32xf32>");
    Product("logits", "end", 11, 16);
    for (const char* what : {"k", "v"}) {
      for (int layer = 0; layer < 2; ++layer) {
        const std::string name = "%" + std::string(what) + std::to_string(layer);
        Line(name + "_stacked = tensor.expand_shape " + name +
             " [[0, 1], [2], [3]] output_shape [1, 3, 1, 16] : tensor<3x1x16xf32> into tensor<1x3x1x16xf32>");
      }
      Line("%" + std::string(what) + "_new = tensor.concat dim(0) %" + what + "0_stacked, %" + what +
           "1_stacked : (tensor<1x3x1x16xf32>, tensor<1x3x1x16xf32>) -> tensor<2x3x1x16xf32>");
    }
    Line("return %logits, %k_new, %v_new : tensor<3x16xf32>, tensor<2x3x1x16xf32>, tensor<2x3x1x16xf32>");
    Line("}");
    Line("}");
    return text_;
  }

 private:
  static std::string Type(const std::vector<int64_t>& shape) {
    std::string text = "tensor<";
    for (int64_t size : shape) text += std::to_string(size) + "x";
    return text + "f32>";
  }

  void Line(const std::string& line) { text_ += line + "\n"; }

  // %name [3, rows] = %x times weight number `weight` [rows, 32], transposed.
  void Product(const std::string& name, const std::string& x, int weight, int64_t rows) {
    const std::string w = "%w" + std::to_string(weight), from = Type({rows, 32}), turned = Type({32, rows});
    const std::string result = Type({3, rows}), n = "%" + name;
    Line(n + "_te = tensor.empty() : " + turned);
    Line(n + "_t = linalg.transpose ins(" + w + " : " + from + ") outs(" + n + "_te : " + turned +
         ") permutation = [1, 0]");
    Line(n + "_e = tensor.empty() : " + result);
    Line(n + "_z = linalg.fill ins(%zero : f32) outs(" + n + "_e : " + result + ") -> " + result);
    Line(n + " = linalg.matmul ins(%" + x + ", " + n + "_t : tensor<3x32xf32>, " + turned + ") outs(" + n +
         "_z : " + result + ") -> " + result);
  }

  void Layer(int layer) {
    const std::string i = std::to_string(layer);
    const int first = 1 + 5 * layer;
    const std::string mark = "%r" + i, norm = "%w" + std::to_string(first);
    Line(mark + " = call @streamtensor_layer(%x" + i + ", %c" + i +
         ") : (tensor<3x32xf32>, i64) -> tensor<3x32xf32>");
    Line("%s" + i +
         " = linalg.generic {indexing_maps = [#element, #row], iterator_types = [\"parallel\", "
         "\"reduction\"]} ins(" +
         mark + " : tensor<3x32xf32>) outs(%no_sums : tensor<3xf32>) {");
    Line("^bb0(%a: f32, %o: f32):");
    Line("%p = arith.mulf %a, %a : f32");
    Line("%s = arith.addf %p, %o : f32");
    Line("linalg.yield %s : f32");
    Line("} -> tensor<3xf32>");
    Line("%h" + i +
         " = linalg.generic {indexing_maps = [#element, #row, #column, #element], iterator_types = "
         "[\"parallel\", \"parallel\"]} ins(" +
         mark + ", %s" + i + ", " + norm +
         " : tensor<3x32xf32>, tensor<3xf32>, tensor<32xf32>) outs(%empty : tensor<3x32xf32>) {");
    Line("^bb0(%a: f32, %q: f32, %w: f32, %o: f32):");
    Line("%m = arith.divf %q, %width : f32");
    Line("%n = arith.addf %m, %epsilon : f32");
    Line("%f = math.rsqrt %n : f32");
    Line("%g = arith.mulf %a, %f : f32");
    Line("%y = arith.mulf %g, %w : f32");
    Line("linalg.yield %y : f32");
    Line("} -> tensor<3x32xf32>");
    Product("q" + i + "_flat", "h" + i, first + 1, 32);
    Product("k" + i + "_flat", "h" + i, first + 2, 16);
    Product("v" + i + "_flat", "h" + i, first + 3, 16);
    Line("%q" + i + " = tensor.expand_shape %q" + i +
         "_flat [[0], [1, 2]] output_shape [3, 2, 16] : tensor<3x32xf32> into tensor<3x2x16xf32>");
    for (const char* what : {"k", "v"}) {
      Line("%" + std::string(what) + i + " = tensor.expand_shape %" + what + i +
           "_flat [[0], [1, 2]] output_shape [3, 1, 16] : tensor<3x16xf32> into tensor<3x1x16xf32>");
    }
    Line("%y" + i + " = call @streamtensor_cached_attention(%q" + i + ", %k" + i + ", %v" + i +
         ", %k_cache, %v_cache, %positions, %c" + i +
         ", %scale) : (tensor<3x2x16xf32>, tensor<3x1x16xf32>, tensor<3x1x16xf32>, tensor<2x4x1x16xf32>, "
         "tensor<2x4x1x16xf32>, tensor<3xi32>, i64, f64) -> tensor<3x2x16xf32>");
    Line("%z" + i + " = tensor.collapse_shape %y" + i +
         " [[0], [1, 2]] : tensor<3x2x16xf32> into tensor<3x32xf32>");
    Product("o" + i, "z" + i, first + 4, 32);
    Line("%x" + std::to_string(layer + 1) +
         " = linalg.generic {indexing_maps = [#element, #element, #element], iterator_types = [\"parallel\", "
         "\"parallel\"]} ins(" +
         mark + ", %o" + i + " : tensor<3x32xf32>, tensor<3x32xf32>) outs(%empty : tensor<3x32xf32>) {");
    Line("^bb0(%a: f32, %b: f32, %o: f32):");
    Line("%s = arith.addf %a, %b : f32");
    Line("linalg.yield %s : f32");
    Line("} -> tensor<3x32xf32>");
  }

  std::string text_;
};

inline json SmallDescription() {
  return {{"format", "streamtensor-decoder"},
          {"version", 1},
          {"context", 64},
          {"model_type", "module"},
          {"vocab_size", 16},
          {"bos_token_id", 1},
          {"eos_token_id", 2}};
}

// Its folder; the weights are multiples of 1/8 from -1 to 1.
inline FolderBuilder SmallExportedFolder() {
  SafetensorsBuilder weights;
  for (const StepWeightShape& weight : SmallStepWeights()) weights.Add(weight.name, "F32", weight.shape, 32);
  for (size_t i = 0; i < weights.data.size() / sizeof(float); ++i) {
    const float value = static_cast<float>(static_cast<int>(i * 7 % 17) - 8) / 8;
    std::memcpy(weights.data.data() + i * sizeof(float), &value, sizeof(value));
  }
  FolderBuilder folder;
  folder.files["decoder.json"] = SmallDescription().dump();
  folder.files["step.mlir"] = SmallStep().Text();
  folder.files["model.safetensors"] = weights.Build();
  folder.files["tokenizer.json"] = SmallTokenizer().dump();
  folder.files["tokenizer_config.json"] = SmallTokenizerConfig().dump();
  return folder;
}

}  // namespace streamtensor::compiler
