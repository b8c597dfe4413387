// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hardware/xclbin_check.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "artifact/folder.h"
#include "artifact/user_metadata.h"
#include "artifact/xclbin/validate.h"
#include "base/status_macros.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Manifest;
using artifact::xclbin::Kernel;
using artifact::xclbin::Xclbin;

constexpr uint64_t kPointerBytes = 8;

template <class... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("xclbin: ", parts...));
}

absl::Status CheckPlatform(const Xclbin& file, const Platform& platform) {
  if (file.kind == Xclbin::Kind::kEmulation) {
    return Wrong("it is built for an emulated card (platform ", file.vbnv, "), not for hardware");
  }
  if (file.kind == Xclbin::Kind::kForeignEmulation) {
    return Wrong("it is built for XRT's emulation (v++ -t sw_emu or hw_emu), must be v++ -t hw");
  }
  // Vitis names the platform it linked for; a shell of two stages may be named by its base.
  if (!platform.vitis) return Wrong("platform ", platform.name, " has no target hw");
  if (file.vbnv == platform.vitis->platform || file.vbnv == platform.vitis->shell) return absl::OkStatus();
  return Wrong("it is built for platform '", file.vbnv, "', this artifact is for ", platform.name, ": '",
               platform.vitis->platform, "' or '", platform.vitis->shell, "'");
}

absl::Status CheckArguments(const Kernel& kernel, const Xclbin& file, const Manifest& manifest,
                            const Platform& platform) {
  const auto& expected = manifest.kernel().arguments();
  if (kernel.arguments.size() != static_cast<size_t>(expected.size())) {
    return Wrong("kernel '", kernel.name, "' has ", kernel.arguments.size(), " arguments, must have ",
                 expected.size());
  }
  std::map<uint64_t, std::string> registers;  // offset -> argument
  std::map<uint32_t, uint64_t> used;          // bytes a bank must hold
  for (int i = 0; i < expected.size(); ++i) {
    const artifact::xclbin::Argument& argument = kernel.arguments[static_cast<size_t>(i)];
    const std::string name = absl::StrCat("argument ", i, " ('", argument.name, "')");
    if (argument.name != expected[i].name()) return Wrong(name, " must be '", expected[i].name(), "'");
    if (!argument.is_buffer) return Wrong(name, " is not a pointer into the card's memory");
    if (argument.bytes != kPointerBytes) {
      return Wrong(name, " has ", argument.bytes, " bytes in the kernel's registers, a pointer has ",
                   kPointerBytes);
    }
    const auto after = registers.lower_bound(argument.offset);
    if ((after != registers.end() && after->first < argument.offset + kPointerBytes) ||
        (after != registers.begin() && std::prev(after)->first + kPointerBytes > argument.offset)) {
      const std::string& other = after != registers.end() && after->first < argument.offset + kPointerBytes
                                     ? after->second
                                     : std::prev(after)->second;
      return Wrong(name, " overlaps ", other, " in the kernel's registers");
    }
    registers[argument.offset] = name;
    // A range of banks is a connection to each of them, in their order.
    const std::string bank = platform.memory.TopologyName(expected[i].bank());
    uint64_t left = expected[i].bytes();
    for (size_t k = 0; k < argument.memories.size(); ++k) {
      const uint32_t memory = argument.memories[k];
      const artifact::xclbin::Memory& found = file.memories[memory];
      const std::string wanted = platform.memory.TopologyName(expected[i].bank() + static_cast<int64_t>(k));
      if (found.tag != wanted) return Wrong(name, " is connected to ", found.tag, ", must be ", wanted);
      const bool is_last = k + 1 == argument.memories.size();
      const uint64_t here =
          is_last ? left : std::min(left, found.bytes - std::min(found.bytes, used[memory]));
      used[memory] += here;
      left -= here;
      if (used[memory] > found.bytes) {
        return Wrong(wanted, " holds ", found.bytes, " bytes; with ", name, " its buffers take ",
                     used[memory]);
      }
    }
    if (argument.memories.empty()) return Wrong(name, " is connected to no memory, must be ", bank);
  }
  return absl::OkStatus();
}

absl::Status CheckMetadata(const Xclbin& file, const Manifest& manifest) {
  if (file.user_metadata.empty()) {
    return Wrong(
        "it has no USER_METADATA, so nothing says that it is this design: hls/Makefile adds it with "
        "xclbinutil (--add-section USER_METADATA:RAW:user_metadata.json)");
  }
  const absl::Status status =
      artifact::CheckUserMetadata(file.user_metadata, manifest, artifact::kUserMetadataName);
  return status.ok() ? status : Wrong(status.message());
}

}  // namespace

absl::Status CheckHardwareXclbin(const Manifest& manifest, const Platform& platform,
                                 std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(const Xclbin file, artifact::xclbin::ValidateXclbin(bytes));
  RETURN_IF_ERROR(CheckPlatform(file, platform));
  const Kernel* kernel = file.FindKernel(manifest.kernel().name());
  if (kernel == nullptr) {
    return Wrong("it has no kernel '", manifest.kernel().name(), "', it has '", file.kernels.front().name,
                 "'");
  }
  if (kernel->instances.size() != 1) {
    return Wrong("kernel '", kernel->name, "' has ", kernel->instances.size(),
                 " instances; exactly one is required");
  }
  if (file.bitstream.empty()) return Wrong("it has no BITSTREAM");
  RETURN_IF_ERROR(CheckArguments(*kernel, file, manifest, platform));
  return CheckMetadata(file, manifest);
}

}  // namespace streamtensor::compiler
