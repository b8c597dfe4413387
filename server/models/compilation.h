// SPDX-License-Identifier: Apache-2.0
// From a model file to an artifact in the cache: the compiler, run as a child.
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
  int64_t max_context = 2048;
  int64_t step_tokens = contract::kMaxStepTokens;
  int64_t max_memory_bytes = 16ll << 30;
  int64_t max_seconds = 3600;
};

struct CompilationProgress {
  std::string stage;    // "waiting" while another compilation runs
  double fraction = 0;  // 0..1 of the whole
};

// The folder of the artifact, from the cache when it was made before. The cache's key covers the model's
// content, the options, the compiler's program and what it says with --version. `in_use` are folders that
// must not make room for a new one.
//  NOT_FOUND, CANCELLED (stop); otherwise what the compiler said
absl::StatusOr<std::string> CompileOrFind(const ArtifactCache& cache, const CompilationOptions& options,
                                          const std::set<std::string>& in_use,
                                          const std::function<void(const CompilationProgress&)>& on_progress,
                                          const std::atomic<bool>& stop);

}  // namespace streamtensor::server
