// SPDX-License-Identifier: Apache-2.0
// xrt::xclbin: what our validator read, through XRT's names.
#include <cerrno>
#include <span>
#include <string>

#include "runtime/emulator/xrt_error.h"
#include "runtime/emulator/xrt_handles.h"

namespace emulator = streamtensor::runtime::emulator;
namespace contents = streamtensor::artifact::xclbin;

namespace xrt {

// Parts of an image, kept alive by it.
class xclbin::kernel_impl {
 public:
  std::shared_ptr<const emulator::XclbinImage> image;
  const contents::Kernel* kernel;
};
class xclbin::arg_impl {
 public:
  std::shared_ptr<const emulator::XclbinImage> image;
  const contents::Argument* argument;
};
class xclbin::mem_impl {
 public:
  std::shared_ptr<const emulator::XclbinImage> image;
  uint32_t index;
};

xclbin::xclbin(const std::vector<char>& data) : detail::pimpl<xclbin_impl>(std::make_shared<xclbin_impl>()) {
  auto image = std::make_shared<emulator::XclbinImage>();
  image->bytes = data;
  image->contents = emulator::ValueOrThrow(contents::ValidateXclbin(std::as_bytes(std::span(image->bytes))));
  handle->image = std::move(image);
}

xclbin::kernel xclbin::get_kernel(const std::string& name) const {
  const contents::Kernel* const found = handle->image->contents.FindKernel(name);
  if (found == nullptr) return {};
  return kernel(std::make_shared<kernel_impl>(kernel_impl{handle->image, found}));
}

std::string xclbin::get_xsa_name() const { return handle->image->contents.vbnv; }

uuid xclbin::get_uuid() const { return uuid(handle->image->contents.uuid.data()); }

xclbin::target_type xclbin::get_target_type() const {
  return handle->image->contents.kind == contents::Xclbin::Kind::kHardware ? target_type::hw
                                                                           : target_type::sw_emu;
}

std::string xclbin::kernel::get_name() const { return handle->kernel->name; }

std::vector<xclbin::arg> xclbin::kernel::get_args() const {
  std::vector<arg> arguments;
  for (const contents::Argument& argument : handle->kernel->arguments) {
    arguments.emplace_back(std::make_shared<arg_impl>(arg_impl{handle->image, &argument}));
  }
  return arguments;
}

std::string xclbin::arg::get_name() const { return handle->argument->name; }

size_t xclbin::arg::get_index() const { return handle->argument->index; }

std::vector<xclbin::mem> xclbin::arg::get_mems() const {
  std::vector<mem> memories;
  for (const uint32_t index : handle->argument->memories) {
    memories.emplace_back(std::make_shared<mem_impl>(mem_impl{handle->image, index}));
  }
  return memories;
}

int32_t xclbin::mem::get_index() const { return static_cast<int32_t>(handle->index); }

std::string xclbin::mem::get_tag() const { return handle->image->contents.memories[handle->index].tag; }

}  // namespace xrt
