// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/design_launcher.h"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "artifact/object_index.h"
#include "base/status_macros.h"
#include "runtime/card/fiber_scheduler.h"
#include "runtime/card/float_mode.h"
#include "runtime/card/object_loader.h"

namespace streamtensor::runtime::card {

class DesignLauncher::Impl {
 public:
  std::optional<LoadedObject> object;  // empty for a function of this program
  st_launch_function launch = nullptr;
  FiberScheduler scheduler;
};

DesignLauncher::DesignLauncher() : impl_(std::make_unique<Impl>()) {}
DesignLauncher::~DesignLauncher() = default;

absl::StatusOr<std::unique_ptr<DesignLauncher>> DesignLauncher::Load(std::span<const std::byte> object,
                                                                     const BeforeCode& before_code) {
  ASSIGN_OR_RETURN(LoadedObject loaded, LoadedObject::Load(object, before_code));
  std::unique_ptr<DesignLauncher> launcher = FromFunction(loaded.launch());
  launcher->impl_->object.emplace(std::move(loaded));
  return launcher;
}

absl::StatusOr<std::unique_ptr<DesignLauncher>> DesignLauncher::LoadIndexed(
    std::span<const std::byte> bitstream, const BeforeCode& before_code) {
  ASSIGN_OR_RETURN(const std::vector<artifact::ObjectEntry> entries, artifact::ReadObjectIndex(bitstream));
  const char* const forced = std::getenv("STREAMTENSOR_ISA");
  ASSIGN_OR_RETURN(const artifact::ObjectEntry entry,
                   artifact::SelectObject(entries, forced == nullptr ? "" : forced));
  ASSIGN_OR_RETURN(std::unique_ptr<DesignLauncher> launcher, Load(entry.object, before_code));
  launcher->isa_ = entry.isa;
  return launcher;
}

std::unique_ptr<DesignLauncher> DesignLauncher::FromFunction(st_launch_function launch) {
  std::unique_ptr<DesignLauncher> launcher(new DesignLauncher());
  launcher->impl_->launch = launch;
  return launcher;
}

LaunchReport DesignLauncher::Launch(std::span<void* const> args, const LaunchOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  impl_->scheduler.Begin(options);
  int32_t code;
  {
    const ScopedFloatMode mode;
    code = impl_->launch(impl_->scheduler.api(), args.data());
  }
  const auto elapsed = std::chrono::steady_clock::now() - begin;
  return impl_->scheduler.End(
      code, static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
}

void DesignLauncher::Cancel() { impl_->scheduler.Cancel(); }

}  // namespace streamtensor::runtime::card
