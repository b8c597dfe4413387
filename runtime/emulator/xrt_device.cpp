// SPDX-License-Identifier: Apache-2.0
// xrt::device for emulated cards.
#include <any>
#include <cerrno>
#include <cstring>
#include <string>

#include "artifact/xclbin/writer.h"
#include "runtime/emulator/xrt_error.h"
#include "runtime/emulator/xrt_handles.h"

namespace emulator = streamtensor::runtime::emulator;

namespace streamtensor::runtime::emulator {
namespace {

int ErrnoOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return EINVAL;
    case absl::StatusCode::kDeadlineExceeded:
      return ETIMEDOUT;
    case absl::StatusCode::kNotFound:
      return ENOENT;
    case absl::StatusCode::kResourceExhausted:
      return ENOMEM;
    case absl::StatusCode::kFailedPrecondition:
      return EBUSY;
    case absl::StatusCode::kUnavailable:
      return ENODEV;
    default:
      return EIO;
  }
}

uint32_t IndexFrom(const std::string& text) {
  std::size_t end = 0;
  unsigned long index = EmulatedCard::kMaxCards;
  try {
    index = std::stoul(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  if (end != text.size() || text.empty()) {
    throw XrtError(ENOENT, "emulated cards have an index and no PCI address; got '" + text + "'");
  }
  return index < EmulatedCard::kMaxCards ? static_cast<uint32_t>(index) : EmulatedCard::kMaxCards;
}

}  // namespace

XrtError::XrtError(const absl::Status& status)
    : XrtError(ErrnoOf(status.code()), std::string(status.message())) {}

}  // namespace streamtensor::runtime::emulator

namespace xrt {

device::device(unsigned int index)
    : handle(
          std::make_shared<xrt_core::device>(emulator::ValueOrThrow(emulator::EmulatedCard::Open(index)))) {}

device::device(const std::string& bdf) : device(emulator::IndexFrom(bdf)) {}

uuid device::load_xclbin(const xclbin& image) {
  const std::shared_ptr<xclbin_impl>& impl = image.get_handle();
  if (impl == nullptr) throw emulator::XrtError(EINVAL, "an empty xrt::xclbin");
  const auto& kernels = impl->image->contents.kernels;
  if (kernels.size() != 1) {
    throw emulator::XrtError(
        EINVAL, "an emulated card's xclbin has one kernel, this one has " + std::to_string(kernels.size()));
  }
  emulator::ThrowIfError(handle->card->Load(impl->image, kernels.front().name));
  return image.get_uuid();
}

uuid device::get_xclbin_uuid() const {
  uint64_t generation = 0;
  const auto image = handle->card->Loaded(&generation);
  return image == nullptr ? uuid() : uuid(image->contents.uuid.data());
}

// As in AMD's library: lets go of the device, no more.
void device::reset() { handle.reset(); }

device::operator xclDeviceHandle() const { return handle.get(); }

std::any device::get_info_std(info::device param, const detail::abi&) const {
  switch (param) {
    case info::device::bdf:
      return std::string();
    case info::device::name:
      return streamtensor::artifact::xclbin::EmulationVbnv(handle->card->options().platform);
    case info::device::electrical:
      return emulator::ValueOrThrow(handle->card->ReadSensors()).electrical;
    case info::device::thermal:
      return emulator::ValueOrThrow(handle->card->ReadSensors()).thermal;
    default:
      throw emulator::XrtError(EINVAL, "an emulated card does not have this information");
  }
}

}  // namespace xrt
