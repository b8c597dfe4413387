// SPDX-License-Identifier: Apache-2.0
#include "compiler/platform/platform_folders.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/printable.h"
#include "base/sha256.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> PlatformFolders() {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("STREAMTENSOR_PLATFORM_DIR"); folder && *folder) {
    folders.emplace_back(folder);
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back(program.parent_path().parent_path() / "share/streamtensor/platforms");
#ifdef ST_SOURCE_DIR
  folders.push_back(fs::path(ST_SOURCE_DIR) / "configs/platforms");
#endif
  return folders;
}

// By name; the first folder that has one counts.
std::map<std::string, fs::path> PlatformFiles() {
  std::map<std::string, fs::path> files;
  for (const fs::path& folder : PlatformFolders()) {
    std::error_code error;
    auto entry = fs::directory_iterator(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code no_file;
      if (entry->path().extension() != ".yaml" || !entry->is_regular_file(no_file)) continue;
      files.emplace(entry->path().stem().string(), entry->path());
    }
  }
  return files;
}

}  // namespace

std::vector<std::string> PlatformNames() {
  std::vector<std::string> names;
  for (const auto& [name, path] : PlatformFiles()) names.push_back(name);
  return names;
}

absl::StatusOr<Platform> FindPlatform(const std::string& name) {
  const std::map<std::string, fs::path> files = PlatformFiles();
  if (const auto found = files.find(name); found != files.end()) return ReadPlatform(found->second.string());
  const std::string known = absl::StrJoin(
      files, ", ", [](std::string* out, const auto& file) { absl::StrAppend(out, file.first); });
  return absl::NotFoundError(absl::StrCat("unknown platform '", base::Printable(name, 100),
                                          "'; known: ", known.empty() ? "none found" : known));
}

absl::StatusOr<std::string> HashPlatforms() {
  base::Sha256 hash;
  for (const auto& [name, path] : PlatformFiles()) {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) return absl::UnavailableError(absl::StrCat(path.string(), ": can't be read"));
    hash.Add(absl::StrCat(name, "\n", text.size(), "\n"));
    hash.Add(text);
  }
  return base::HexOf(hash.Finish());
}

}  // namespace streamtensor::compiler
