// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/inspect.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/requantisation.h"

namespace streamtensor::compiler {
namespace {

const char* KindText(const artifact::v1::Tokenizer& tokenizer) {
  return tokenizer.kind() == artifact::v1::Tokenizer::KIND_BYTE_LEVEL_BPE ? "byte-level BPE"
                                                                          : "SentencePiece BPE";
}

using nlohmann::ordered_json;

struct TypeTotal {
  int64_t tensors = 0;
  int64_t elements = 0;
  size_t bytes = 0;
};

std::map<std::string, TypeTotal> TotalsByType(const Checkpoint& checkpoint) {
  std::map<std::string, TypeTotal> totals;
  for (const CheckpointTensor& tensor : checkpoint.tensors()) {
    TypeTotal& total = totals[std::string(tensor.type_name)];
    ++total.tensors;
    total.elements += tensor.elements();
    total.bytes += tensor.bytes.size();
  }
  return totals;
}

int64_t Parameters(const Checkpoint& checkpoint) {
  int64_t elements = 0;
  for (const CheckpointTensor& tensor : checkpoint.tensors()) elements += tensor.elements();
  return elements;
}

// Whether a checkpoint can be compiled, and what its values lose by it.
struct Verdict {
  absl::Status compilable;  // what stands in the way, or OK
  std::vector<RequantisedMatrix> requantised;
  RequantisationError total;
  int64_t bytes = 0;  // of all of them, in the engine's tiles
};

absl::StatusOr<std::vector<RequantisedMatrix>> Requantised(const Checkpoint& checkpoint,
                                                           const absl::StatusOr<const DecoderModel*>& decoder,
                                                           Quantisation quantise) {
  RETURN_IF_ERROR(decoder.status());
  RETURN_IF_ERROR(ReadTokenizer(checkpoint, (*decoder)->sizes()).status());
  ASSIGN_OR_RETURN(const std::vector<DecoderWeight> weights,
                   QuantiseMatrices((*decoder)->weights(), quantise));
  return MeasureRequantisation(weights);
}

Verdict Judge(const Checkpoint& checkpoint, const absl::StatusOr<const DecoderModel*>& decoder,
              Quantisation quantise) {
  Verdict verdict;
  absl::StatusOr<std::vector<RequantisedMatrix>> measured = Requantised(checkpoint, decoder, quantise);
  verdict.compilable = measured.status();
  if (!measured.ok()) return verdict;
  verdict.requantised = *std::move(measured);
  for (const RequantisedMatrix& matrix : verdict.requantised) {
    verdict.total.Add(matrix.error);
    verdict.bytes += matrix.bytes;
  }
  return verdict;
}

// Names and strings of a file may be any bytes; JSON wants UTF-8.
ordered_json ValueJson(const Checkpoint& checkpoint, const std::string& key) {
  if (const auto value = checkpoint.GetBool(key); value.ok()) return *value;
  if (const auto value = checkpoint.GetInt(key); value.ok()) return *value;
  if (const auto value = checkpoint.GetUint(key); value.ok()) return *value;
  if (const auto value = checkpoint.GetFloat(key); value.ok()) return *value;
  if (const auto value = checkpoint.GetString(key); value.ok()) return *value;
  return checkpoint.ValueText(key);  // arrays: length and first elements
}

ordered_json ErrorJson(const RequantisationError& error) {
  return {{"relative_rms", error.relative_rms()},
          {"largest_error", error.largest_error},
          {"largest_value", error.largest_value}};
}

ordered_json RequantisedJson(const Verdict& verdict) {
  ordered_json matrices = ordered_json::array();
  for (const RequantisedMatrix& matrix : verdict.requantised) {
    ordered_json entry = {{"name", matrix.name},
                          {"type", GgufTensorTypeName(static_cast<uint32_t>(matrix.type))},
                          {"format", CardFormatName(matrix.format)},
                          {"bytes", matrix.bytes}};
    entry.update(ErrorJson(matrix.error));
    matrices.push_back(std::move(entry));
  }
  ordered_json total = {{"bytes", verdict.bytes}};
  total.update(ErrorJson(verdict.total));
  return {{"matrices", std::move(matrices)}, {"total", std::move(total)}};
}

// Of a column that holds the names of all.
template <typename Named>
int NameWidth(const Named& all) {
  size_t width = 32;
  for (const auto& each : all) width = std::max(width, Printable(each.name).size());
  return static_cast<int>(width);
}

// One line a matrix; the largest error is shown beside the largest value it is to be held against.
std::string RequantisedText(const Verdict& verdict) {
  if (verdict.requantised.empty()) return "";
  const int width = NameWidth(verdict.requantised);
  std::string text = "\nrequantised for the card (error against the file's values)\n";
  const auto line = [&](const std::string& name, std::string_view type, std::string_view format,
                        const RequantisationError& error, int64_t bytes) {
    absl::StrAppend(
        &text, absl::StrFormat("  %-*s %-4s -> %-15s %8.4f %% RMS, largest %.3g of %.3g, %d bytes\n", width,
                               name, std::string(type), std::string(format), 100 * error.relative_rms(),
                               error.largest_error, error.largest_value, bytes));
  };
  for (const RequantisedMatrix& matrix : verdict.requantised) {
    line(matrix.name, GgufTensorTypeName(static_cast<uint32_t>(matrix.type)), CardFormatName(matrix.format),
         matrix.error, matrix.bytes);
  }
  line(Message(verdict.requantised.size(), " matrices"), "", "", verdict.total, verdict.bytes);
  return text;
}

ordered_json TensorJson(const Checkpoint& checkpoint, const CheckpointTensor& tensor) {
  return {{"name", std::string(tensor.name)},
          {"type", std::string(tensor.type_name)},
          {"dims", ShownDims(checkpoint.dialect(), tensor.dims)},
          {"offset", tensor.offset},
          {"bytes", tensor.bytes.size()}};
}

std::string Json(const Checkpoint& checkpoint, const Verdict& verdict) {
  ordered_json root;
  const CheckpointFormat format = checkpoint.format();
  root["format"] = std::string(format.name);
  if (format.version != 0) root["version"] = format.version;
  root["files"] = format.files;
  root["bytes"] = checkpoint.file_bytes();
  root["parameters"] = Parameters(checkpoint);
  root["compilable"] = verdict.compilable.ok();
  if (verdict.compilable.ok()) {
    root["requantised"] = RequantisedJson(verdict);
  } else {
    root["reason"] = std::string(verdict.compilable.message());
  }
  ordered_json& metadata = root["metadata"] = ordered_json::object();
  for (const std::string& key : checkpoint.keys()) metadata[key] = ValueJson(checkpoint, key);
  ordered_json& types = root["types"] = ordered_json::object();
  for (const auto& [name, total] : TotalsByType(checkpoint)) {
    types[name] = {{"tensors", total.tensors}, {"elements", total.elements}, {"bytes", total.bytes}};
  }
  ordered_json& tensors = root["tensors"] = ordered_json::array();
  for (const CheckpointTensor& tensor : checkpoint.tensors()) {
    tensors.push_back(TensorJson(checkpoint, tensor));
  }
  if (const absl::StatusOr<artifact::v1::Tokenizer> tokenizer = checkpoint.tokenizer(); tokenizer.ok()) {
    root["tokenizer"] = {{"kind", KindText(*tokenizer)},
                         {"tokens", tokenizer->pieces_size()},
                         {"merges", tokenizer->merges_size()},
                         {"chat_template", !tokenizer->chat_template().empty()}};
  }
  return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string FormatText(const CheckpointFormat& format) {
  std::string text = format.name == "gguf" ? "GGUF" : std::string(format.name);
  if (format.version != 0) absl::StrAppend(&text, " version ", format.version);
  if (format.files != 1) absl::StrAppend(&text, " in ", format.files, " files");
  return text;
}

std::string Text(const std::string& path, const Checkpoint& checkpoint, const Verdict& verdict) {
  std::string text =
      absl::StrFormat("%s: %s, %d bytes, %d parameters\n", path, FormatText(checkpoint.format()),
                      checkpoint.file_bytes(), Parameters(checkpoint));
  absl::StrAppend(
      &text, "compilable: ", verdict.compilable.ok() ? "yes" : Message("no: ", verdict.compilable.message()),
      "\n", RequantisedText(verdict), "\nmetadata\n");
  for (const std::string& key : checkpoint.keys()) {
    absl::StrAppend(&text, "  ", Printable(key), " = ", checkpoint.ValueText(key), "\n");
  }
  absl::StrAppend(&text, "\ntensors by type\n");
  for (const auto& [name, total] : TotalsByType(checkpoint)) {
    absl::StrAppend(&text, absl::StrFormat("  %-8s %5d tensors %12d elements %12d bytes\n", Printable(name),
                                           total.tensors, total.elements, total.bytes));
  }
  const int width = NameWidth(checkpoint.tensors());
  absl::StrAppend(&text, "\ntensors (",
                  checkpoint.dialect() == CheckpointDialect::kGguf ? "rows last" : "rows first", ")\n");
  for (const CheckpointTensor& tensor : checkpoint.tensors()) {
    absl::StrAppend(
        &text,
        absl::StrFormat("  %-*s %-6s [%s]\n", width, Printable(tensor.name), Printable(tensor.type_name),
                        absl::StrJoin(ShownDims(checkpoint.dialect(), tensor.dims), ", ")));
  }
  if (const absl::StatusOr<artifact::v1::Tokenizer> tokenizer = checkpoint.tokenizer(); tokenizer.ok()) {
    absl::StrAppend(
        &text,
        absl::StrFormat("\ntokenizer: %s, %d tokens, %d merges, %s\n", KindText(*tokenizer),
                        tokenizer->pieces_size(), tokenizer->merges_size(),
                        tokenizer->chat_template().empty() ? "no chat template" : "with a chat template"));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> InspectCheckpoint(const std::string& path, InspectFormat format,
                                              Quantisation quantise) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Checkpoint> checkpoint, OpenCheckpoint(path));
  const auto decoder = ReadDecoder(*checkpoint);
  return DescribeCheckpoint(path, *checkpoint,
                            decoder.ok() ? absl::StatusOr<const DecoderModel*>(decoder->get())
                                         : absl::StatusOr<const DecoderModel*>(decoder.status()),
                            format, quantise);
}

std::string DescribeCheckpoint(const std::string& path, const Checkpoint& checkpoint,
                               const absl::StatusOr<const DecoderModel*>& decoder, InspectFormat format,
                               Quantisation quantise) {
  const Verdict verdict = Judge(checkpoint, decoder, quantise);
  return format == InspectFormat::kJson ? Json(checkpoint, verdict) : Text(path, checkpoint, verdict);
}

}  // namespace streamtensor::compiler
