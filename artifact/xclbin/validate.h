// SPDX-License-Identifier: Apache-2.0
// Checks an xclbin whole, before XRT or a card sees a byte of it: XRT trusts every offset, length,
// count and index in the file. Links no XRT.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::artifact::xclbin {

struct Memory {
  std::string tag;  // "HBM[3]"
  bool used = false;
  uint64_t base_address = 0;
  uint64_t bytes = 0;
};

struct Argument {
  uint32_t index = 0;
  std::string name;
  std::string type;
  bool is_buffer = false;          // a pointer into the card's memory
  uint64_t offset = 0;             // in the kernel's registers
  uint64_t bytes = 0;              // there
  std::vector<uint32_t> memories;  // buffers: the banks it is connected to, at least one
};

struct Kernel {
  std::string name;
  std::vector<std::string> instances;
  std::vector<Argument> arguments;  // by index, without gaps
};

struct Xclbin {
  enum class Kind {
    kHardware,          // a bitstream for a real card
    kEmulation,         // ours: objects for the emulated card
    kForeignEmulation,  // for XRT's own sw_emu or hw_emu
  };
  Kind kind = Kind::kHardware;
  std::string vbnv;  // platform
  std::array<uint8_t, 16> uuid = {};
  std::vector<Memory> memories;
  std::vector<Kernel> kernels;
  // Views into the bytes that were validated; empty when there is no such section.
  std::span<const std::byte> bitstream;
  std::string_view user_metadata;

  const Kernel* FindKernel(std::string_view name) const;
};

// INVALID_ARGUMENT names section and offset. Every section must lie inside the file and overlap no
// other; counts must fit their section; names must end; indices must exist; every buffer argument must
// be connected to memory that is there.
absl::StatusOr<Xclbin> ValidateXclbin(std::span<const std::byte> file);

}  // namespace streamtensor::artifact::xclbin
