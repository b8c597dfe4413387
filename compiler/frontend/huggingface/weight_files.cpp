// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/weight_files.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/json_reader.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/folder_text.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr char kWeights[] = "model.safetensors";
constexpr char kIndex[] = "model.safetensors.index.json";
constexpr size_t kMaxIndexBytes = size_t{64} << 20;
constexpr size_t kMaxFiles = 4096;
constexpr size_t kMaxFileNameBytes = 255;

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

absl::Status InIndex(const std::string& folder, std::string_view message) {
  return absl::InvalidArgumentError(Message("'", (fs::path(folder) / kIndex).string(), "': ", message));
}

// Letters, digits and a few marks: no separator, nothing hidden, nothing that leads out of the folder.
bool IsFileName(std::string_view name) {
  return name.size() <= kMaxFileNameBytes && name.ends_with(".safetensors") && !name.starts_with('.') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

// The file's tensors, each of which the index must place there, go into `found`.
absl::Status CheckAgainstIndex(const std::string& folder, const std::string& name,
                               const SafetensorsFile& file, const std::map<std::string, std::string>& file_of,
                               std::set<std::string_view>* found) {
  for (const SafetensorsTensor& tensor : file.tensors()) {
    const auto entry = file_of.find(tensor.name);
    if (entry == file_of.end()) {
      return InIndex(folder, Message("tensor ", Quoted(tensor.name), " of '", name, "' is missing"));
    }
    if (entry->second != name) {
      return InIndex(folder, Message("tensor ", Quoted(tensor.name), " should be in '", entry->second,
                                     "', but is in '", name, "'"));
    }
    found->insert(tensor.name);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<const SafetensorsFile>>> OpenIndexed(const std::string& folder,
                                                                                std::string_view index) {
  const auto file_of = ParseWeightIndex(index);
  if (!file_of.ok()) return InIndex(folder, Message(file_of.status().message()));
  std::set<std::string> names;
  for (const auto& [tensor, file] : *file_of) names.insert(file);
  std::vector<std::unique_ptr<const SafetensorsFile>> files;
  std::set<std::string_view> found;
  for (const std::string& name : names) {
    auto file = SafetensorsFile::Open((fs::path(folder) / name).string());
    if (absl::IsNotFound(file.status())) return InIndex(folder, Message("file '", name, "' is missing"));
    RETURN_IF_ERROR(file.status());
    RETURN_IF_ERROR(CheckAgainstIndex(folder, name, **file, *file_of, &found));
    files.push_back(*std::move(file));
  }
  for (const auto& [tensor, file] : *file_of) {
    if (!found.contains(tensor)) {
      return InIndex(folder, Message("tensor ", Quoted(tensor), " is not in '", file, "'"));
    }
  }
  return files;
}

// What people have instead.
std::string OtherWeights(const std::string& folder) {
  std::error_code error;
  for (const char* name :
       {"pytorch_model.bin", "pytorch_model.bin.index.json", "adapter_model.safetensors"}) {
    if (fs::exists(fs::path(folder) / name, error))
      return Message("; it has ", name, ", which can't be read");
  }
  return "";
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ParseWeightIndex(std::string_view text) {
  ASSIGN_OR_RETURN(const json root, base::ReadJson(text));
  if (!root.is_object() || !root.contains("weight_map")) return Invalid("it has no 'weight_map'");
  const json& weight_map = root["weight_map"];
  if (!weight_map.is_object() || weight_map.empty()) {
    return Invalid(Message("'weight_map' is ", JsonText(weight_map), ", not an object of file names"));
  }
  std::map<std::string, std::string> file_of;
  std::set<std::string_view> names;
  for (const auto& [tensor, file] : weight_map.items()) {
    if (!file.is_string() || !IsFileName(file.get_ref<const std::string&>())) {
      return Invalid(Message("the file of tensor ", Quoted(tensor), " is ", JsonText(file),
                             ", not the name of a .safetensors file in the folder"));
    }
    names.insert(file.get_ref<const std::string&>());
    if (names.size() > kMaxFiles) return Invalid(Message("it names more than ", kMaxFiles, " files"));
    file_of.emplace(tensor, file.get<std::string>());
  }
  return file_of;
}

absl::StatusOr<std::vector<std::unique_ptr<const SafetensorsFile>>> OpenWeightFiles(
    const std::string& folder) {
  absl::StatusOr<std::unique_ptr<const SafetensorsFile>> single =
      SafetensorsFile::Open((fs::path(folder) / kWeights).string());
  if (single.ok()) {
    std::vector<std::unique_ptr<const SafetensorsFile>> files;
    files.push_back(*std::move(single));
    return files;
  }
  if (!absl::IsNotFound(single.status())) return single.status();
  ASSIGN_OR_RETURN(const std::optional<FolderText> index, FolderText::Open(folder, kIndex, kMaxIndexBytes));
  if (!index.has_value()) {
    return absl::NotFoundError(
        Message("'", folder, "' has neither ", kWeights, " nor ", kIndex, OtherWeights(folder)));
  }
  return OpenIndexed(folder, index->text());
}

}  // namespace streamtensor::compiler
