// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/driver_card.h"

namespace streamtensor::runtime {

StepCardOpener DriverCardOpener(const DecoderOptions&) {
  return
      [](std::span<const std::byte>, const std::string&, bool) -> absl::StatusOr<std::unique_ptr<StepCard>> {
        return absl::UnimplementedError("this build has no card driver; only driver: dummy works");
      };
}

}  // namespace streamtensor::runtime
