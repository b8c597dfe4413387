// SPDX-License-Identifier: Apache-2.0
// xrt::bo for emulated cards: normal buffers, one memory bank each.
#include <cerrno>
#include <string>

#include "runtime/emulator/xrt_error.h"
#include "runtime/emulator/xrt_handles.h"

namespace emulator = streamtensor::runtime::emulator;

namespace xrt {

bo::bo(xclDeviceHandle device, size_t size, bo::flags flags, memory_group group)
    : handle(std::make_shared<bo_impl>()) {
  if (device == nullptr) throw emulator::XrtError(EINVAL, "a buffer needs a device");
  if (flags != flags::normal) throw emulator::XrtError(EINVAL, "an emulated card has normal buffers only");
  handle->buffer =
      emulator::ValueOrThrow(static_cast<xrt_core::device*>(device)->card->Allocate(group, size));
}

size_t bo::size() const { return handle->buffer->bytes(); }

uint64_t bo::address() const { return handle->buffer->address(); }

memory_group bo::get_memory_group() const { return handle->buffer->bank(); }

bo::flags bo::get_flags() const { return flags::normal; }

void bo::sync(xclBOSyncDirection direction, size_t size, size_t offset) {
  if (direction != XCL_BO_SYNC_BO_TO_DEVICE && direction != XCL_BO_SYNC_BO_FROM_DEVICE) {
    throw emulator::XrtError(EINVAL, "sync of a buffer goes to or from the device");
  }
  emulator::ThrowIfError(handle->buffer->Sync(direction == XCL_BO_SYNC_BO_TO_DEVICE, offset, size));
}

void* bo::map() { return handle->buffer->host(); }

}  // namespace xrt
