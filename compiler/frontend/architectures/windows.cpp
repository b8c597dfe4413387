// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/windows.h"

#include <algorithm>
#include <string>

#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

constexpr HyperparameterKey kWindow = {"attention.sliding_window", "sliding_window"};
constexpr HyperparameterKey kLayerTypes = {"", "layer_types"};
constexpr HyperparameterKey kPeriod = {"attention.sliding_window_pattern", "sliding_window_pattern"};
constexpr int64_t kDefaultPeriod = 6;
constexpr int64_t kWindowLimit = kTrainedContextLimit;

// 0 for a checkpoint without a window. GGUF says that by 0 too.
absl::StatusOr<int64_t> ReadWindow(Hyperparameters* keys) {
  if (!keys->Has(kWindow)) return 0;
  if (keys->is_gguf()) {
    ASSIGN_OR_RETURN(const uint64_t stated, keys->checkpoint().GetUint(keys->Name(kWindow)));
    if (stated == 0) return 0;
  }
  const int64_t window = keys->Count(kWindow, kWindowLimit);
  RETURN_IF_ERROR(keys->status());
  return window;
}

absl::StatusOr<std::vector<int64_t>> ReadListed(const Hyperparameters& keys, int64_t layers, int64_t window) {
  ASSIGN_OR_RETURN(const std::vector<std::string> types,
                   keys.checkpoint().GetStrings(keys.Name(kLayerTypes)));
  if (static_cast<int64_t>(types.size()) != layers) {
    return absl::InvalidArgumentError(
        Message("metadata key 'layer_types' lists ", types.size(), " layers, expected ", layers));
  }
  std::vector<int64_t> windows;
  for (const std::string& type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      return absl::UnimplementedError(
          Message("layers with ", Quoted(type), " (layer_types) can't be compiled yet"));
    }
    if (type == "sliding_attention" && window == 0) {
      return absl::InvalidArgumentError(
          Message("metadata key 'layer_types' lists layers with a window, but 'sliding_window' is missing"));
    }
    windows.push_back(type == "sliding_attention" ? window : 0);
  }
  return windows;
}

// Every so many layers the last has no window.
int64_t ReadPeriod(Hyperparameters* keys) {
  // Transformers writes the second name too.
  return keys->Count(kPeriod, kLayersLimit,
                     keys->Count({"", "_sliding_window_pattern"}, kLayersLimit, kDefaultPeriod));
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> ReadWindows(Hyperparameters keys, int64_t layers,
                                                 WindowedLayers windowed) {
  if (windowed == WindowedLayers::kNone) return std::vector<int64_t>();
  const bool is_periodic = windowed == WindowedLayers::kPeriodic;
  if (!is_periodic) keys.Refuse({kPeriod.gguf, ""});
  ASSIGN_OR_RETURN(int64_t window, ReadWindow(&keys));
  int64_t first = 0;
  if (windowed == WindowedLayers::kFlagged && !keys.is_gguf()) {
    if (!keys.Flag({"", "use_sliding_window"}, false)) window = 0;
    if (window != 0 && keys.Has({"", "max_window_layers"})) {
      ASSIGN_OR_RETURN(const uint64_t stated, keys.checkpoint().GetUint("max_window_layers"));
      first = static_cast<int64_t>(std::min<uint64_t>(stated, layers));
    }
  }
  const int64_t period = is_periodic && !keys.Has(kLayerTypes) ? ReadPeriod(&keys) : 0;
  RETURN_IF_ERROR(keys.status());
  std::vector<int64_t> windows(layers, 0);
  if (keys.Has(kLayerTypes)) {
    ASSIGN_OR_RETURN(windows, ReadListed(keys, layers, window));
  } else {
    std::fill(windows.begin() + first, windows.end(), window);
    for (int64_t layer = period - 1; period > 0 && layer < layers; layer += period) windows[layer] = 0;
  }
  const bool has_none = std::all_of(windows.begin(), windows.end(), [](int64_t each) { return each == 0; });
  return has_none ? std::vector<int64_t>() : windows;
}

}  // namespace streamtensor::compiler
