// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/xclbin_assembly.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "artifact/manifest_writer.h"
#include "artifact/object_index.h"
#include "artifact/xclbin/writer.h"
#include "base/status_macros.h"
#include "compiler/platform/bank_ranges.h"

namespace streamtensor::compiler {

using artifact::xclbin::WriterBank;

std::vector<WriterBank> MemoryBanks(const Platform& platform) {
  const Platform::Memory& memory = platform.memory;
  std::vector<WriterBank> banks;
  for (int64_t bank = 0; bank < memory.banks; ++bank) {
    banks.push_back({memory.IsHbm() ? WriterBank::Kind::kHbm : WriterBank::Kind::kDdr4,
                     memory.TopologyName(bank), static_cast<uint64_t>(memory.bytes_per_bank)});
  }
  return banks;
}

// Buffers that take a range of banks find it as one large bank.
static void GroupBanks(const artifact::v1::Kernel& kernel, const Platform& platform,
                       std::vector<WriterBank>& banks) {
  using artifact::v1::Argument;
  std::vector<PlacedBuffer> buffers;
  for (const Argument& argument : kernel.arguments()) {
    const bool is_pool =
        argument.role() == Argument::ROLE_K_READ || argument.role() == Argument::ROLE_K_WRITE ||
        argument.role() == Argument::ROLE_V_READ || argument.role() == Argument::ROLE_V_WRITE;
    buffers.push_back(
        {static_cast<int64_t>(argument.bank()), static_cast<int64_t>(argument.bytes()), is_pool});
  }
  const std::vector<int64_t> ranges = BankRanges(buffers, platform.memory);
  for (size_t bank = 0; bank < banks.size(); ++bank) banks[bank].group = static_cast<uint32_t>(ranges[bank]);
}

absl::StatusOr<std::string> AssembleXclbin(const artifact::v1::Manifest& manifest, const Platform& platform,
                                           const std::vector<std::string>& argument_types,
                                           const std::vector<ObjectTarget>& targets,
                                           const std::vector<std::string>& objects) {
  std::vector<std::string> bytes;
  std::vector<artifact::ObjectEntry> entries;
  for (const std::string& path : objects) {
    std::ifstream file(path, std::ios::binary);
    bytes.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file || bytes.back().empty())
      return absl::UnavailableError(absl::StrCat(path, ": can't be read back"));
  }
  for (size_t i = 0; i < objects.size(); ++i) {
    entries.push_back({targets[i].isa, std::as_bytes(std::span(bytes[i].data(), bytes[i].size()))});
  }
  ASSIGN_OR_RETURN(const std::vector<std::byte> index, artifact::WriteObjectIndex(entries));

  artifact::xclbin::WriterInput input;
  input.platform = platform.name;
  input.part = platform.part;
  input.kernel = manifest.kernel().name();
  for (const artifact::v1::Argument& argument : manifest.kernel().arguments()) {
    input.arguments.push_back({argument.name(), argument_types.at(argument.index()), argument.bank()});
  }
  input.banks = MemoryBanks(platform);
  GroupBanks(manifest.kernel(), platform, input.banks);
  input.clock_hz = platform.clock_hz;
  input.bitstream = index;
  ASSIGN_OR_RETURN(input.user_metadata, artifact::ManifestToUserMetadata(manifest));
  input.compiler_version = manifest.compiler_version();
  ASSIGN_OR_RETURN(const std::vector<std::byte> file, artifact::xclbin::WriteXclbin(input));
  return std::string(reinterpret_cast<const char*>(file.data()), file.size());
}

}  // namespace streamtensor::compiler
