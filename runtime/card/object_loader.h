// SPDX-License-Identifier: Apache-2.0
// Loads the bytes of a shared object and finds its st_launch.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/host/st_host_api.h"

namespace streamtensor::runtime::card {

// Called when the object is checked and stored in the sealed memory file `file`, immediately before any of
// its code can run. It must leave opening /proc/self/fd/`file` for reading allowed.
using BeforeCode = std::function<absl::Status(int file)>;

// A loaded object; its code stays mapped as long as this lives. Movable.
class LoadedObject {
 public:
  // Checks that `object` is an x86-64 ELF shared object whose one exported symbol is st_launch, and
  // loads it from a sealed memory file. INVALID_ARGUMENT says what is wrong; needs /proc.
  static absl::StatusOr<LoadedObject> Load(std::span<const std::byte> object,
                                           const BeforeCode& before_code = nullptr);

  LoadedObject(LoadedObject&& other) noexcept;
  LoadedObject& operator=(LoadedObject&& other) noexcept;
  ~LoadedObject();

  st_launch_function launch() const { return launch_; }

 private:
  LoadedObject(void* handle, st_launch_function launch) : handle_(handle), launch_(launch) {}

  void* handle_ = nullptr;
  st_launch_function launch_ = nullptr;
};

// The check alone: INVALID_ARGUMENT naming what is wrong.
absl::Status CheckObject(std::span<const std::byte> object);

}  // namespace streamtensor::runtime::card
