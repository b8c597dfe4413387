// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/schedule_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/sha256.h"
#include "base/status_macros.h"

namespace streamtensor::schedule {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> Find(const std::string& installed, const std::string& source) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path first = program.parent_path().parent_path() / "share/streamtensor/schedule" / installed;
  if (!error && fs::exists(first, error)) return first.string();
  if (fs::exists(source, error)) return source;
  return absl::NotFoundError(absl::StrCat("neither ", first.string(), " nor ", source, " is there"));
}

}  // namespace

absl::StatusOr<std::string> FindDeviceCosts() {
  return Find("ultrascale_plus.yaml", ST_SOURCE_DIR "/configs/schedule/ultrascale_plus.yaml");
}

absl::StatusOr<std::string> FindVitisHeaders() {
  return Find("vitis", ST_SOURCE_DIR "/compiler/schedule/vitis");
}

absl::StatusOr<std::string> HashScheduleFiles() {
  ASSIGN_OR_RETURN(const std::string costs, FindDeviceCosts());
  ASSIGN_OR_RETURN(const std::string headers, FindVitisHeaders());
  std::vector<fs::path> files;
  std::error_code error;
  auto entry = fs::directory_iterator(headers, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) files.push_back(entry->path());
  if (error) return absl::UnavailableError(absl::StrCat(headers, ": ", error.message()));
  std::sort(files.begin(), files.end());
  files.emplace_back(costs);
  base::Sha256 hash;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) return absl::UnavailableError(absl::StrCat(path.string(), ": can't be read"));
    hash.Add(absl::StrCat(path.filename().string(), "\n", text.size(), "\n"));
    hash.Add(text);
  }
  return base::HexOf(hash.Finish());
}

}  // namespace streamtensor::schedule
