// SPDX-License-Identifier: Apache-2.0
// A decoder's weights: what an architecture says of them, the tensors of a checkpoint that hold them, and
// their values as the card gets them. Free of MLIR.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/quantisation.h"
#include "compiler/frontend/stored_groups.h"
#include "compiler/frontend/weight_source.h"

namespace streamtensor::compiler {

enum class WeightKind {
  kMatrix,     // [rows x columns], of a product or an embedding: groups along the columns
  kVector,     // [rows] float32: a norm's weight, a bias
  kPositions,  // [rows x columns] float32, a row for each position the model was trained for
  kComputed,   // [positions x columns] float32 that no tensor holds; DecoderModel::ComputeTable() makes it
};

// One weight of the graph. Names are literals of the program; `{layer}` stands in what each layer has.
struct WeightSpec {
  WeightKind kind = WeightKind::kMatrix;
  std::string_view name;  // in the graph (weight_names.h)
  int64_t rows = 0;
  int64_t columns = 0;
  // The tensor in each dialect. In GGUF the graph's own name where this is empty.
  std::string_view gguf = {};
  std::string_view hugging_face = {};
  // Of a tensor that holds several weights, one below the other: where this one begins, and the rows of all.
  int64_t first_row = 0;
  int64_t tensor_rows = 0;  // 0: `rows`
  // Hugging Face stores the matrix as [columns x rows].
  bool hugging_face_transposed = false;
  // Of a vector: what is added to the values that Hugging Face stores.
  float hugging_face_offset = 0;
  // A model may do without it, in all layers alike.
  bool optional = false;
  // Every layer reads it, though there is one for all.
  bool shared_by_layers = false;
};

constexpr WeightSpec MatrixWeight(std::string_view name, std::string_view hugging_face, int64_t rows,
                                  int64_t columns) {
  return {.kind = WeightKind::kMatrix,
          .name = name,
          .rows = rows,
          .columns = columns,
          .hugging_face = hugging_face};
}

constexpr WeightSpec VectorWeight(std::string_view name, std::string_view hugging_face, int64_t width) {
  return {.kind = WeightKind::kVector, .name = name, .rows = width, .hugging_face = hugging_face};
}

constexpr WeightSpec Optional(WeightSpec spec) {
  spec.optional = true;
  return spec;
}

// What an architecture says of a checkpoint's tensors.
struct TensorSpecs {
  std::vector<WeightSpec> weights;  // in the order of the graph's arguments
  // Prefix of Hugging Face's names that some files leave out ("transformer.").
  std::string_view hugging_face_prefix;
  // Tensors that a file may hold and the graph doesn't read: constants, or the same as another.
  std::vector<std::string_view> unused;
};

// A weight that the model has.
struct DecoderWeight {
  WeightSpec spec;
  std::vector<const CheckpointTensor*> tensors;  // one a layer, or one; none of a computed weight
  CardFormat format = MatrixFormat::kI8;         // of a matrix, alike in all layers
  bool transposed = false;                       // of a matrix
  float offset = 0;                              // of a vector: added to what the tensor holds
};

// Finds every weight's tensors and checks their shapes and types; the weights without absent optional ones.
// The tensors are `checkpoint`'s.
//  UNIMPLEMENTED     a tensor's type can't be compiled, a width is not a multiple of what the card needs, or
//  a tensor is
//                    neither a weight's nor among `unused`; names it
//  INVALID_ARGUMENT  a tensor is missing or has another shape; names it
absl::StatusOr<std::vector<DecoderWeight>> FindDecoderWeights(const Checkpoint& checkpoint, int64_t layers,
                                                              const TensorSpecs& specs);

// The weights with those matrices quantised that --quantise is for: all whose tensors are F32, F16 or BF16 in
// each layer. kW4G128 gives kU4 with the largest of 128, 64 and 32 that divides the columns as its group, and
// leaves an embedding alone that is no head: rows of a table cost no bandwidth. kNone changes nothing.
//  INVALID_ARGUMENT  no matrix is F32, F16 or BF16
absl::StatusOr<std::vector<DecoderWeight>> QuantiseMatrices(std::vector<DecoderWeight> weights,
                                                            Quantisation quantise);

// Values of a computed table [positions x columns].
using ComputeTable = std::function<std::vector<float>(std::string_view name, int64_t positions)>;

// The weights by their names in the graph, read from the tensors when they are asked for. Tables have
// `positions` rows: one with fewer is continued by zeros.
std::shared_ptr<const WeightSource> MakeDecoderWeights(std::shared_ptr<const Checkpoint> checkpoint,
                                                       const std::vector<DecoderWeight>& weights,
                                                       int64_t positions, const ComputeTable& compute_table);

// A tensor's dimensions in the order that the dialect's own tools show: GGUF's innermost first.
std::vector<int64_t> ShownDims(CheckpointDialect dialect, std::vector<int64_t> dims);

// The part of `tensor` that is the matrix `weight`.
StoredMatrix StoredPart(const DecoderWeight& weight, const CheckpointTensor& tensor);

}  // namespace streamtensor::compiler
