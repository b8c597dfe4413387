// SPDX-License-Identifier: Apache-2.0
// Writes xclbin files (axlf containers) for emulated cards from xclbin.h's structures, because Debian's
// xclbinutil is broken. Does not link XRT.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::artifact::xclbin {

struct WriterArgument {
  std::string name;
  std::string type;   // C type as it stands in the kernel's signature: "const float*"
  uint32_t bank = 0;  // index into WriterInput::banks
};

// A bank of the card's memory. Banks are contiguous in the card's address space. Several that follow each
// other can be one for the arguments that are connected to the first, as where v++ connects a pointer to a
// range.
struct WriterBank {
  enum class Kind { kHbm, kDdr4 };
  Kind kind = Kind::kHbm;
  std::string tag;     // "HBM[3]"; at most 15 characters
  uint64_t bytes = 0;  // a multiple of 1024
  uint32_t group = 1;  // banks, from this one on, that its memory reaches over; they must be there, unused
};

struct WriterInput {
  std::string platform;                   // "u55c"
  std::string part;                       // "xcu55c-fsvh2892-2L-e"
  std::string kernel;                     // "streamtensor_step"
  std::vector<WriterArgument> arguments;  // by index: all are pointers
  std::vector<WriterBank> banks;          // all banks of the card, used or not: 1..contract::kMaxMemoryBanks
  double clock_hz = 0;
  // true: for the emulated card. false: a container that a real card's driver accepts, around any
  // `bitstream`; only for tests of the control path.
  bool emulation = true;
  std::string vbnv;                      // empty: EmulationVbnv(platform); must be given without `emulation`
  std::span<const std::byte> bitstream;  // emulation: an index of objects (artifact/object_index.h)
  std::string user_metadata;             // the manifest's JSON, without file hashes
  std::string compiler_version;
};

// The platform name of an emulated card, and its prefix, which no real platform has.
inline constexpr char kEmulationVbnvPrefix[] = "streamtensor_emulated_";
std::string EmulationVbnv(const std::string& platform);

// Returns the file's bytes. Deterministic: the UUID is a hash of the contents, times are 0. INVALID_ARGUMENT
// says what does not fit the container.
absl::StatusOr<std::vector<std::byte>> WriteXclbin(const WriterInput& input);

}  // namespace streamtensor::artifact::xclbin
