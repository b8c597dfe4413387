// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/attach_platform.h"

#include "compiler/passes/Passes.h"
#include "compiler/platform/platform_folders.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_ATTACHPLATFORM
#include "compiler/passes/Passes.h.inc"

namespace {

constexpr char kDefaultPlatform[] = "u55c";

class AttachPlatformPass : public impl::AttachPlatformBase<AttachPlatformPass> {
 public:
  using AttachPlatformBase::AttachPlatformBase;

 private:
  void runOnOperation() override {
    if (name.empty() && dataflow::PlatformOf(getOperation())) return;
    const absl::StatusOr<Platform> platform = FindPlatform(name.empty() ? kDefaultPlatform : name.getValue());
    if (!platform.ok()) {
      getOperation().emitError(std::string(platform.status().message()));
      return signalPassFailure();
    }
    AttachPlatform(getOperation(), *platform);
  }
};

}  // namespace

void AttachPlatform(mlir::ModuleOp module, const Platform& platform) {
  module->setAttr(dataflow::kPlatformAttr,
                  dataflow::PlatformAttr::get(module.getContext(), platform.name, platform.memory.banks,
                                              platform.memory.bytes_per_bank, platform.OnChipBytes(),
                                              platform.engine.weight_channels, platform.engine.unroll));
}

}  // namespace streamtensor::compiler
