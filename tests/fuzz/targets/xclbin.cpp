// SPDX-License-Identifier: Apache-2.0
// An xclbin, as everything checks it before XRT or a card sees it.
#include "artifact/xclbin/validate.h"
#include "tests/artifact/xclbin/xclbin_sample.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

namespace xclbin = artifact::xclbin;

std::vector<std::string> Seeds() {
  const std::vector<std::byte> emulation = SampleXclbin();
  xclbin::WriterInput input = SampleInput();
  input.emulation = false;
  input.vbnv = "xilinx_u55c_gen3x16_xdma_base_3";
  const std::vector<std::byte> hardware = xclbin::WriteXclbin(input).value();
  std::vector<std::string> seeds;
  for (const auto& bytes : {emulation, hardware}) {
    seeds.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return seeds;
}

bool Accepts(std::string_view input) {
  const auto contents = xclbin::ValidateXclbin(AsBytes(input));
  if (!contents.ok()) return Refused(contents.status(), {"xclbin: ", "offset "});
  const char* const end = input.data() + input.size();
  Require(reinterpret_cast<const char*>(contents->bitstream.data() + contents->bitstream.size()) <= end &&
              contents->user_metadata.data() + contents->user_metadata.size() <= end,
          "sections lie within the file");
  Require(!contents->kernels.empty(), "there is a kernel");
  for (const xclbin::Kernel& kernel : contents->kernels) {
    Require(contents->FindKernel(kernel.name) != nullptr && !kernel.instances.empty(),
            "a kernel is on the card");
    for (std::size_t i = 0; i < kernel.arguments.size(); ++i) {
      const xclbin::Argument& argument = kernel.arguments[i];
      Require(argument.index == i, "arguments have no gaps");
      Require(!argument.is_buffer || !argument.memories.empty(), "a buffer is connected");
      for (const uint32_t memory : argument.memories) {
        Require(memory < contents->memories.size() && contents->memories[memory].used,
                "to memory that is there");
      }
    }
  }
  return true;
}

}  // namespace streamtensor::fuzz
