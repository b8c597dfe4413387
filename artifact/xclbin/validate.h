// SPDX-License-Identifier: Apache-2.0
// Validates an xclbin completely before XRT or a card uses it: XRT trusts every offset, length, count and
// index in the file. Does not link XRT.
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
  bool is_buffer = false;          // a pointer to the card's memory
  uint64_t offset = 0;             // in the kernel's registers
  uint64_t bytes = 0;              // of the register
  std::vector<uint32_t> memories;  // buffers: the connected memory banks, at least one
};

struct Kernel {
  std::string name;
  std::vector<std::string> instances;
  std::vector<Argument> arguments;  // by index, contiguous
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
  // Views into the validated bytes; empty if there is no such section.
  std::span<const std::byte> bitstream;
  std::string_view user_metadata;

  const Kernel* FindKernel(std::string_view name) const;
};

// INVALID_ARGUMENT names section and offset. Every section must lie inside the file without overlaps, counts
// must fit their section, names must be terminated, indices must exist, and every buffer argument must be
// connected to an existing memory.
absl::StatusOr<Xclbin> ValidateXclbin(std::span<const std::byte> file);

}  // namespace streamtensor::artifact::xclbin
