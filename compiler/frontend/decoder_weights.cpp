// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/decoder_weights.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/stored_weights.h"
#include "compiler/frontend/weight_names.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

int64_t ElementsBytes(GgufTensorType type, int64_t elements) {
  const GgufTensorLayout* layout = FindGgufTensorLayout(static_cast<uint32_t>(type));
  return elements / layout->block_elements * layout->block_bytes;
}

int64_t TensorRows(const WeightSpec& spec) { return spec.tensor_rows > 0 ? spec.tensor_rows : spec.rows; }

// One format for all tensors of a weight, because their values are stacked by layer: the first that takes all
// of them, of those that cost least memory first. The last takes every type that can be compiled. Floats
// become four bits where that is asked for alone.
MatrixFormat CommonFormat(const std::vector<const CheckpointTensor*>& tensors) {
  for (MatrixFormat format : {MatrixFormat::kU4, MatrixFormat::kI8}) {
    const bool all = std::all_of(tensors.begin(), tensors.end(), [&](const CheckpointTensor* tensor) {
      return CanConvert(*tensor->type, format) && !(format == MatrixFormat::kU4 && IsFloat(*tensor->type));
    });
    if (all) return format;
  }
  return MatrixFormat::kI8Minimum;
}

class WeightFinder {
 public:
  WeightFinder(const Checkpoint& checkpoint, int64_t layers, const TensorSpecs& specs)
      : checkpoint_(checkpoint), layers_(layers), specs_(specs) {
    const absl::string_view prefix = MessagePiece(specs.hugging_face_prefix);
    strip_prefix_ = std::none_of(
        checkpoint.tensors().begin(), checkpoint.tensors().end(),
        [&](const CheckpointTensor& tensor) { return absl::StartsWith(MessagePiece(tensor.name), prefix); });
  }

  absl::StatusOr<std::vector<DecoderWeight>> Find() {
    std::vector<DecoderWeight> weights;
    for (const WeightSpec& spec : specs_.weights) {
      DecoderWeight weight;
      weight.spec = spec;
      weight.transposed = spec.hugging_face_transposed && !is_gguf();
      weight.offset = is_gguf() ? 0 : spec.hugging_face_offset;
      if (spec.kind != WeightKind::kComputed) {
        const std::vector<std::string> names = TensorNames(spec);
        if (spec.optional && checkpoint_.FindTensor(names.front()) == nullptr) continue;
        for (const std::string& name : names) RETURN_IF_ERROR(FindTensor(name, &weight));
        if (spec.kind == WeightKind::kMatrix) weight.format = CommonFormat(weight.tensors);
      }
      weights.push_back(std::move(weight));
    }
    RETURN_IF_ERROR(CheckNoOthers());
    return weights;
  }

 private:
  bool is_gguf() const { return checkpoint_.dialect() == CheckpointDialect::kGguf; }

  std::string InDialect(std::string_view hugging_face) const {
    if (!strip_prefix_) return std::string(hugging_face);
    return std::string(
        absl::StripPrefix(MessagePiece(hugging_face), MessagePiece(specs_.hugging_face_prefix)));
  }

  // One for each layer, or one.
  std::vector<std::string> OfLayers(const std::string& pattern) const {
    if (!RunsOverLayers(pattern)) return {pattern};
    std::vector<std::string> names;
    for (int64_t layer = 0; layer < layers_; ++layer) names.push_back(WeightName(pattern, layer));
    return names;
  }

  std::vector<std::string> TensorNames(const WeightSpec& spec) const {
    if (!is_gguf()) return OfLayers(InDialect(spec.hugging_face));
    return OfLayers(std::string(spec.gguf.empty() ? spec.name : spec.gguf));
  }

  absl::Status FindTensor(const std::string& name, DecoderWeight* weight) {
    const CheckpointTensor* tensor = checkpoint_.FindTensor(name);
    if (tensor == nullptr) return absl::InvalidArgumentError(Message("tensor '", name, "' is missing"));
    RETURN_IF_ERROR(weight->spec.kind == WeightKind::kMatrix ? CheckMatrix(*tensor, *weight)
                                                             : CheckFloats(*tensor, weight->spec));
    weight->tensors.push_back(tensor);
    known_.insert(name);
    return absl::OkStatus();
  }

  absl::Status CheckMatrix(const CheckpointTensor& tensor, const DecoderWeight& weight) const {
    const WeightSpec& spec = weight.spec;
    if (!tensor.type.has_value() || !CanConvert(*tensor.type, MatrixFormat::kI8Minimum)) {
      return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has type ", tensor.type_name,
                                              ", which can't be compiled yet; F32, F16, BF16, Q4_0, Q4_1, "
                                              "Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K can"));
    }
    if (spec.columns % contract::kGroupElements != 0) {
      return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has ", spec.columns,
                                              " columns; only multiples of ", contract::kGroupElements,
                                              " can be compiled yet"));
    }
    // The embedding may have any number of rows, and the output too.
    if (RunsOverLayers(spec.name) && spec.rows % contract::kTileRows != 0) {
      return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has ", spec.rows,
                                              " output columns; only multiples of ", contract::kTileRows,
                                              " can be compiled yet"));
    }
    std::vector<int64_t> dims = {TensorRows(spec), spec.columns};
    if (weight.transposed) std::swap(dims[0], dims[1]);
    return CheckDims(tensor, dims);
  }

  absl::Status CheckFloats(const CheckpointTensor& tensor, const WeightSpec& spec) const {
    if (!tensor.type || !IsFloat(*tensor.type)) {
      return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has type ", tensor.type_name,
                                              "; a norm, a bias or a ",
                                              "table of positions must be F32, F16 or BF16"));
    }
    if (spec.kind == WeightKind::kVector) return CheckDims(tensor, {TensorRows(spec)});
    return CheckDims(tensor, {TensorRows(spec), spec.columns});
  }

  absl::Status CheckDims(const CheckpointTensor& tensor, const std::vector<int64_t>& expected) const {
    if (tensor.dims == expected) return absl::OkStatus();
    return absl::InvalidArgumentError(Message("tensor ", Quoted(tensor.name), " has dimensions ",
                                              DimsText(tensor.dims), ", expected ", DimsText(expected)));
  }

  std::string DimsText(const std::vector<int64_t>& dims) const {
    return Message("[", absl::StrJoin(ShownDims(checkpoint_.dialect(), dims), ", "), "]");
  }

  absl::Status CheckNoOthers() {
    for (std::string_view pattern : specs_.unused) {
      for (std::string& name : OfLayers(InDialect(pattern))) known_.insert(std::move(name));
    }
    for (const CheckpointTensor& tensor : checkpoint_.tensors()) {
      if (known_.find(tensor.name) != known_.end()) continue;
      return absl::UnimplementedError(
          Message("tensor ", Quoted(tensor.name), " is not part of the graph that can be compiled"));
    }
    return absl::OkStatus();
  }

  const Checkpoint& checkpoint_;
  const int64_t layers_;
  const TensorSpecs& specs_;
  bool strip_prefix_ = false;
  std::set<std::string, std::less<>> known_;
};

// The largest group of so many columns that can share a scale.
int64_t LargestGroup(int64_t columns) {
  int64_t group = kMaxGroup;
  while (columns % group != 0) group /= 2;
  return group;
}

// The rows of a tensor of floats that are the weight's, without those beyond `limit`.
std::span<const uint8_t> FloatRows(const DecoderWeight& weight, const CheckpointTensor& tensor,
                                   int64_t limit) {
  const WeightSpec& spec = weight.spec;
  const int64_t row_bytes = ElementsBytes(*tensor.type, std::max<int64_t>(spec.columns, 1));
  return tensor.bytes.subspan(spec.first_row * row_bytes, std::min(spec.rows, limit) * row_bytes);
}

}  // namespace

absl::StatusOr<std::vector<DecoderWeight>> FindDecoderWeights(const Checkpoint& checkpoint, int64_t layers,
                                                              const TensorSpecs& specs) {
  return WeightFinder(checkpoint, layers, specs).Find();
}

absl::StatusOr<std::vector<DecoderWeight>> QuantiseMatrices(std::vector<DecoderWeight> weights,
                                                            Quantisation quantise) {
  if (!IsOfCheckpoints(quantise)) return weights;
  const bool has_head = std::any_of(weights.begin(), weights.end(),
                                    [](const DecoderWeight& weight) { return weight.spec.name == kHead; });
  int64_t count = 0;
  for (DecoderWeight& weight : weights) {
    if (weight.spec.kind != WeightKind::kMatrix ||
        !std::all_of(weight.tensors.begin(), weight.tensors.end(),
                     [](const CheckpointTensor* tensor) { return IsFloat(*tensor->type); })) {
      continue;
    }
    ++count;
    const bool is_table = has_head && weight.spec.name == kTokenEmbedding;
    weight.format = quantise == Quantisation::kW4G128 && !is_table
                        ? CardFormat(MatrixFormat::kU4, LargestGroup(weight.spec.columns))
                        : CardFormat(MatrixFormat::kI8);
  }
  if (count > 0) return weights;
  return absl::InvalidArgumentError(Message("--quantise ", QuantisationName(quantise),
                                            " is for matrices of F32, F16 and BF16, and the model has none; ",
                                            "without the option it keeps the formats of its file"));
}

std::vector<int64_t> ShownDims(CheckpointDialect dialect, std::vector<int64_t> dims) {
  if (dialect == CheckpointDialect::kGguf) std::reverse(dims.begin(), dims.end());
  return dims;
}

StoredMatrix StoredPart(const DecoderWeight& weight, const CheckpointTensor& tensor) {
  const WeightSpec& spec = weight.spec;
  StoredMatrix part = {.type = *tensor.type, .rows = spec.rows, .columns = spec.columns};
  if (weight.transposed) {
    part.row_stride = 1;
    part.column_stride = TensorRows(spec);
    part.bytes = tensor.bytes.subspan(ElementsBytes(part.type, spec.first_row));
  } else {
    part.bytes = tensor.bytes.subspan(ElementsBytes(part.type, spec.first_row * spec.columns),
                                      ElementsBytes(part.type, spec.rows * spec.columns));
  }
  return part;
}

std::shared_ptr<const WeightSource> MakeDecoderWeights(std::shared_ptr<const Checkpoint> checkpoint,
                                                       const std::vector<DecoderWeight>& weights,
                                                       int64_t positions, const ComputeTable& compute_table) {
  auto source = std::make_shared<StoredWeights>(std::move(checkpoint));
  for (const DecoderWeight& weight : weights) {
    const WeightSpec& spec = weight.spec;
    if (spec.kind == WeightKind::kComputed) {
      source->AddTable(std::string(spec.name), {positions, spec.columns},
                       compute_table(spec.name, positions));
      continue;
    }
    for (size_t layer = 0; layer < weight.tensors.size(); ++layer) {
      const CheckpointTensor& tensor = *weight.tensors[layer];
      std::string name = WeightName(spec.name, static_cast<int64_t>(layer));
      switch (spec.kind) {
        case WeightKind::kMatrix:
          source->AddMatrix(std::move(name), StoredPart(weight, tensor), weight.format);
          break;
        case WeightKind::kVector:
          source->AddValue(std::move(name), {spec.rows}, *tensor.type, FloatRows(weight, tensor, spec.rows),
                           weight.offset);
          break;
        case WeightKind::kPositions:
          source->AddValue(std::move(name), {positions, spec.columns}, *tensor.type,
                           FloatRows(weight, tensor, positions));
          break;
        case WeightKind::kComputed:
          break;
      }
    }
  }
  return source;
}

}  // namespace streamtensor::compiler
