// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/inspect.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/frontend/gguf/gguf_file.h"
#include "compiler/frontend/llama/llama_config.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/requantisation.h"
#include "compiler/frontend/gguf/gguf_tokenizer.h"

namespace streamtensor::compiler {
namespace {

using nlohmann::ordered_json;

struct TypeTotal {
  uint64_t tensors = 0;
  uint64_t elements = 0;
  uint64_t bytes = 0;
};

std::map<std::string, TypeTotal> TotalsByType(const GgufFile& file) {
  std::map<std::string, TypeTotal> totals;
  for (const GgufTensor& tensor : file.tensors()) {
    TypeTotal& total = totals[GgufTensorTypeName(tensor.type)];
    ++total.tensors;
    total.elements += tensor.elements();
    total.bytes += tensor.bytes;
  }
  return totals;
}

uint64_t Parameters(const GgufFile& file) {
  uint64_t elements = 0;
  for (const GgufTensor& tensor : file.tensors()) elements += tensor.elements();
  return elements;
}

// Whether the file can be compiled, and what its values lose by it.
struct Verdict {
  absl::Status compilable;  // what stands in the way, or OK
  std::vector<RequantisedMatrix> requantised;
  RequantisationError total;
};

Verdict Judge(const GgufFile& file) {
  Verdict verdict;
  absl::StatusOr<LlamaConfig> config = ReadLlamaConfig(file);
  verdict.compilable = config.status();
  if (!config.ok()) return verdict;
  verdict.compilable = ReadGgufTokenizer(file).status();
  if (!verdict.compilable.ok()) return verdict;
  absl::StatusOr<std::vector<RequantisedMatrix>> measured = MeasureRequantisation(file, *config);
  verdict.compilable = measured.status();
  if (!measured.ok()) return verdict;
  verdict.requantised = *std::move(measured);
  for (const RequantisedMatrix& matrix : verdict.requantised) verdict.total.Add(matrix.error);
  return verdict;
}

// Names and strings of a file may be any bytes; JSON wants UTF-8.
ordered_json ValueJson(const GgufValue& value) {
  if (const auto* number = std::get_if<uint64_t>(&value.value)) {
    if (value.type == GgufValueType::kBool) return *number != 0;
    return *number;
  }
  if (const auto* number = std::get_if<int64_t>(&value.value)) return *number;
  if (const auto* number = std::get_if<double>(&value.value)) return *number;
  if (const auto* text = std::get_if<std::string_view>(&value.value)) return std::string(*text);
  return GgufValueText(value);  // arrays: length and first elements
}

std::vector<uint64_t> Dims(const GgufTensor& tensor) {
  return {tensor.dims.begin(), tensor.dims.begin() + tensor.rank};
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
                          {"format", MatrixFormatName(matrix.format)}};
    entry.update(ErrorJson(matrix.error));
    matrices.push_back(std::move(entry));
  }
  return {{"matrices", std::move(matrices)}, {"total", ErrorJson(verdict.total)}};
}

// One line a matrix; the largest error is shown beside the largest value it is to be held against.
std::string RequantisedText(const Verdict& verdict) {
  if (verdict.requantised.empty()) return "";
  std::string text = "\nrequantised for the card (error against the file's values)\n";
  const auto line = [&](const std::string& name, std::string_view type, std::string_view format,
                        const RequantisationError& error) {
    absl::StrAppend(&text, absl::StrFormat("  %-32s %-4s -> %-15s %8.4f %% RMS, largest %.3g of %.3g\n", name,
                                           std::string(type), std::string(format), 100 * error.relative_rms(),
                                           error.largest_error, error.largest_value));
  };
  for (const RequantisedMatrix& matrix : verdict.requantised) {
    line(matrix.name, GgufTensorTypeName(static_cast<uint32_t>(matrix.type)), MatrixFormatName(matrix.format),
         matrix.error);
  }
  line(Message(verdict.requantised.size(), " matrices"), "", "", verdict.total);
  return text;
}

std::string Json(const GgufFile& file) {
  ordered_json root;
  root["format"] = "gguf";
  root["version"] = file.version();
  root["bytes"] = file.file_bytes();
  root["parameters"] = Parameters(file);
  const Verdict verdict = Judge(file);
  root["compilable"] = verdict.compilable.ok();
  if (verdict.compilable.ok()) {
    root["requantised"] = RequantisedJson(verdict);
  } else {
    root["reason"] = std::string(verdict.compilable.message());
  }
  ordered_json& metadata = root["metadata"] = ordered_json::object();
  for (const auto& [key, value] : file.metadata()) metadata[std::string(key)] = ValueJson(value);
  ordered_json& types = root["types"] = ordered_json::object();
  for (const auto& [name, total] : TotalsByType(file)) {
    types[name] = {{"tensors", total.tensors}, {"elements", total.elements}, {"bytes", total.bytes}};
  }
  ordered_json& tensors = root["tensors"] = ordered_json::array();
  for (const GgufTensor& tensor : file.tensors()) {
    tensors.push_back({{"name", std::string(tensor.name)},
                       {"type", GgufTensorTypeName(tensor.type)},
                       {"dims", Dims(tensor)},
                       {"offset", tensor.offset},
                       {"bytes", tensor.bytes}});
  }
  if (absl::StatusOr<artifact::v1::Tokenizer> tokenizer = ReadGgufTokenizer(file); tokenizer.ok()) {
    root["tokenizer"] = {{"tokens", tokenizer->pieces_size()},
                         {"merges", tokenizer->merges_size()},
                         {"chat_template", !tokenizer->chat_template().empty()}};
  }
  return root.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string Text(const std::string& path, const GgufFile& file) {
  std::string text = absl::StrFormat("%s: GGUF version %d, %d bytes, %d parameters\n", path, file.version(),
                                     file.file_bytes(), Parameters(file));
  const Verdict verdict = Judge(file);
  absl::StrAppend(
      &text, "compilable: ", verdict.compilable.ok() ? "yes" : Message("no: ", verdict.compilable.message()),
      "\n", RequantisedText(verdict), "\nmetadata\n");
  for (const auto& [key, value] : file.metadata()) {
    absl::StrAppend(&text, "  ", Printable(key), " = ", GgufValueText(value), "\n");
  }
  absl::StrAppend(&text, "\ntensors by type\n");
  for (const auto& [name, total] : TotalsByType(file)) {
    absl::StrAppend(&text, absl::StrFormat("  %-8s %5d tensors %12d elements %12d bytes\n", name,
                                           total.tensors, total.elements, total.bytes));
  }
  absl::StrAppend(&text, "\ntensors (rows last)\n");
  for (const GgufTensor& tensor : file.tensors()) {
    absl::StrAppend(
        &text, absl::StrFormat("  %-32s %-6s [%s]\n", Printable(tensor.name), GgufTensorTypeName(tensor.type),
                               absl::StrJoin(Dims(tensor), ", ")));
  }
  if (absl::StatusOr<artifact::v1::Tokenizer> tokenizer = ReadGgufTokenizer(file); tokenizer.ok()) {
    absl::StrAppend(&text, absl::StrFormat("\ntokenizer: byte-level BPE, %d tokens, %d merges, %s\n",
                                           tokenizer->pieces_size(), tokenizer->merges_size(),
                                           tokenizer->chat_template().empty() ? "no chat template"
                                                                              : "with a chat template"));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> InspectGguf(const std::string& path, InspectFormat format) {
  absl::StatusOr<std::shared_ptr<const GgufFile>> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  return format == InspectFormat::kJson ? Json(**file) : Text(path, **file);
}

}  // namespace streamtensor::compiler
