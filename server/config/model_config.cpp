// SPDX-License-Identifier: Apache-2.0
#include "server/config/model_config.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "artifact/folder.h"

namespace streamtensor::server {
namespace {

namespace fs = std::filesystem;

// "/models/Story teller.gguf" -> "Story-teller".
std::string NameFor(const fs::path& model, bool is_folder) {
  std::string name = (is_folder ? model.filename() : model.stem()).string();
  for (char& c : name) {
    if (!IsModelNameCharacter(c)) c = '-';
  }
  name.resize(std::min(name.size(), kMaxModelNameBytes));
  return name.empty() ? "model" : name;
}

}  // namespace

absl::StatusOr<Config> ConfigForModel(const std::string& path) {
  std::error_code error;
  fs::path model = fs::absolute(path, error).lexically_normal();
  if (!model.has_filename()) model = model.parent_path();  // "folder/"
  if (error || !fs::exists(model, error)) {
    return absl::NotFoundError(absl::StrCat(
        path, ": no such file or folder; a GGUF file, a Hugging Face folder or an artifact is needed"));
  }
  const bool is_folder = fs::is_directory(model, error);

  Config config;
  config.server.http_listen = "127.0.0.1:8000";
  config.cache.dir = DefaultCacheDir();
  CardEntry card;
  card.card.driver = "emulated";
  card.name = "emulated:0";
  config.cards.push_back(std::move(card));
  ModelEntry entry;
  entry.name = NameFor(model, is_folder);
  (is_folder && fs::exists(model / artifact::kManifestName, error) ? entry.artifact : entry.source) =
      model.string();
  entry.max_context = kDefaultContext;
  entry.cards = {0};
  config.models.push_back(std::move(entry));
  return config;
}

}  // namespace streamtensor::server
