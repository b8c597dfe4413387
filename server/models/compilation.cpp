// SPDX-License-Identifier: Apache-2.0
#include "server/models/compilation.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/run_child.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "server/config/config.h"

namespace streamtensor::server {
namespace {

constexpr int64_t kVersionSeconds = 30;

// The compiler with these arguments, limited for a compilation of at most `max_seconds`.
base::ChildOptions CompilerCall(const CompilationOptions& options, std::vector<std::string> arguments,
                                int64_t max_seconds) {
  base::ChildOptions child;
  child.arguments = std::move(arguments);
  child.arguments.insert(child.arguments.begin(), options.compiler);
  child.environment =
      base::EnvironmentWith({"PATH=", "HOME=", "TMPDIR=", "LANG=", "STREAMTENSOR_", "CCACHE_"});
  child.limits.memory_bytes = options.max_memory_bytes;
  child.limits.processor_seconds = 4 * max_seconds;  // several threads may use more than wall time
  child.privileges =
      base::ChildOptions::Privileges::kFileAccess;  // as this process reads models and writes the cache
  child.own_group = true;                           // includes the C++ compilers that it starts
  child.dies_with_parent = true;
  return child;
}

absl::StatusOr<std::string> CompilerVersion(const CompilationOptions& options,
                                            const std::atomic<bool>& stop) {
  std::string version;
  base::ChildRun run;
  run.max_time = absl::Seconds(kVersionSeconds);
  run.stop = &stop;
  run.on_line = [&version](std::string_view line) { version.append(line).append("\n"); };
  RETURN_IF_ERROR(base::RunChild(CompilerCall(options, {"--version"}, kVersionSeconds), run));
  return version;
}

absl::StatusOr<std::string> CacheKey(const CompilationOptions& options, const std::atomic<bool>& stop) {
  ASSIGN_OR_RETURN(const std::string version, CompilerVersion(options, stop));
  ASSIGN_OR_RETURN(const std::string compiler, HashContent(options.compiler, stop));
  ASSIGN_OR_RETURN(const std::string model, HashContent(options.source, stop));
  return base::HexOf(base::Sha256Of(absl::StrCat(
      "artifact 1\n", model, "\n", compiler, "\n", version, options.platform, "\n", options.target, "\n",
      options.max_context, "\n", options.step_tokens, "\n", options.quantise, "\n")));
}

// Parses the compiler's progress lines (docs/architecture.md, section 8).
class ProgressReader {
 public:
  explicit ProgressReader(const std::function<void(const CompilationProgress&)>& on_progress)
      : on_progress_(on_progress) {}

  void ReadLine(std::string_view line) {
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) return;
    if (const auto it = object.find("error"); it != object.end() && it->is_string())
      error_ = it->get<std::string>();
    if (const auto it = object.find("done"); it != object.end() && it->is_boolean()) done_ = it->get<bool>();
    const auto stage = object.find("stage");
    const auto fraction = object.find("fraction");
    if (stage == object.end() || !stage->is_string()) return;
    CompilationProgress progress{stage->get<std::string>(), 0};
    if (fraction != object.end() && fraction->is_number()) {
      progress.fraction = std::clamp(fraction->get<double>(), 0.0, 1.0);
    }
    on_progress_(progress);
  }

  const std::string& error() const { return error_; }
  bool done() const { return done_; }

 private:
  const std::function<void(const CompilationProgress&)>& on_progress_;
  std::string error_;
  bool done_ = false;
};

absl::Status RunCompiler(const CompilationOptions& options, const std::string& folder,
                         const std::function<void(const CompilationProgress&)>& on_progress,
                         const std::atomic<bool>& stop) {
  ProgressReader progress(on_progress);
  base::ChildRun run;
  run.max_time = absl::Seconds(options.max_seconds);
  run.stop = &stop;
  run.on_line = [&](std::string_view line) { progress.ReadLine(line); };
  std::vector<std::string> arguments = {
      "compile",        options.source, "-o",           folder,          "--platform",
      options.platform, "--target",     options.target, "--step-tokens", absl::StrCat(options.step_tokens),
      "--progress",     "json"};
  if (options.max_context != kDefaultContext) {
    arguments.insert(arguments.end(), {"--max-context", absl::StrCat(options.max_context)});
  }
  if (options.quantise != "none") arguments.insert(arguments.end(), {"--quantise", options.quantise});
  const absl::Status status =
      base::RunChild(CompilerCall(options, std::move(arguments), options.max_seconds), run);
  if (absl::IsCancelled(status)) return status;
  if (!progress.error().empty()) return absl::InvalidArgumentError(progress.error());
  RETURN_IF_ERROR(status);
  std::error_code error;
  if (!progress.done() || !std::filesystem::is_directory(folder, error)) {
    return absl::InternalError(absl::StrCat(options.compiler, " succeeded but wrote no artifact"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> CompileOrFind(const ArtifactCache& cache, const CompilationOptions& options,
                                          const std::set<std::string>& in_use,
                                          const std::function<void(const CompilationProgress&)>& on_progress,
                                          const std::atomic<bool>& stop) {
  std::error_code error;
  if (!std::filesystem::exists(options.source, error)) {
    return absl::NotFoundError(absl::StrCat("there is no model at ", options.source));
  }
  ASSIGN_OR_RETURN(const std::string key, CacheKey(options, stop));
  if (std::optional<std::string> found = cache.Find(key)) return *found;

  on_progress({"waiting", 0});
  ASSIGN_OR_RETURN(const ArtifactCache::Lock lock, cache.Acquire(stop));
  // Another process may have compiled it meanwhile.
  if (std::optional<std::string> found = cache.Find(key)) return *found;
  cache.RemoveUnfinished();
  if (const absl::Status status = RunCompiler(options, cache.StagingPath(key), on_progress, stop);
      !status.ok()) {
    cache.RemoveUnfinished();
    return status;
  }
  ASSIGN_OR_RETURN(const std::string folder, cache.Install(key));
  std::set<std::string> keep = in_use;
  keep.insert(folder);
  if (const int64_t freed = cache.Trim(keep); freed > 0)
    spdlog::info("artifact cache: dropped {} bytes of old artifacts", freed);
  return folder;
}

}  // namespace streamtensor::server
