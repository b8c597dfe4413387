// SPDX-License-Identifier: Apache-2.0
// Compiles a model file to an artifact in the cache, with the compiler as a child process.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "kernels/contract/limits.h"
#include "server/models/artifact_cache.h"

namespace streamtensor::server {

struct CompilationOptions {
  std::string compiler;  // path of streamtensorc
  std::string source;
  std::string platform = "u55c";
  std::string target = "emulation";
  int64_t max_context = 2048;  // or kDefaultContext
  int64_t step_tokens = contract::kMaxStepTokens;
  std::string quantise = "none";
  int64_t max_memory_bytes = 16ll << 30;
  int64_t max_seconds = 3600;
};

struct CompilationProgress {
  std::string stage;    // "waiting" while another compilation runs
  double fraction = 0;  // of the whole compilation, 0..1
};

// Returns the artifact's folder, from the cache if it exists. The cache key covers the model's content, the
// options, the compiler binary and its --version. Folders in `in_use` are not evicted.
//   NOT_FOUND, CANCELLED (stop); otherwise the compiler's error
absl::StatusOr<std::string> CompileOrFind(const ArtifactCache& cache, const CompilationOptions& options,
                                          const std::set<std::string>& in_use,
                                          const std::function<void(const CompilationProgress&)>& on_progress,
                                          const std::atomic<bool>& stop);

}  // namespace streamtensor::server
