// SPDX-License-Identifier: Apache-2.0
// What XRT's public classes point at in the emulator. XRT's headers (2.13) declare these names and
// leave them to the library.
#pragma once

#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/emulator/emulated_card.h"

#if XRT_VERSION_CODE != XRT_VERSION(2, 13)
#error "the emulator implements the classes of XRT 2.13"
#endif

namespace xrt_core {
class device : public std::enable_shared_from_this<device> {
 public:
  explicit device(std::shared_ptr<streamtensor::runtime::emulator::EmulatedCard> the_card)
      : card(std::move(the_card)) {}
  const std::shared_ptr<streamtensor::runtime::emulator::EmulatedCard> card;
};
}  // namespace xrt_core

namespace xrt {

class xclbin_impl {
 public:
  std::shared_ptr<const streamtensor::runtime::emulator::XclbinImage> image;
};

class bo_impl {
 public:
  std::shared_ptr<streamtensor::runtime::emulator::EmulatedBuffer> buffer;
};

class kernel_impl {
 public:
  std::shared_ptr<streamtensor::runtime::emulator::EmulatedCard> card;
  std::shared_ptr<const streamtensor::runtime::emulator::XclbinImage> image;
  const streamtensor::artifact::xclbin::Kernel* kernel = nullptr;  // of `image`
  uint64_t generation = 0;
};

class run_impl {
 public:
  std::shared_ptr<kernel_impl> kernel;
  std::vector<std::shared_ptr<bo_impl>> arguments;  // null: not set
  ert_cmd_state state = ERT_CMD_STATE_NEW;
  uint64_t ticket = 0;
  streamtensor::runtime::emulator::RunAnswer answer;  // of the latest execution that ended
};

}  // namespace xrt
