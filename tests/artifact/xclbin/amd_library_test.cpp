// SPDX-License-Identifier: Apache-2.0
// AMD's own xrt::xclbin opens what we write.
#include <gtest/gtest.h>
#include <xrt/xrt_device.h>

#include "tests/artifact/xclbin/xclbin_sample.h"

namespace {

TEST(AmdLibrary, ListsKernelArgumentsAndMemories) {
  const std::vector<std::byte> file = SampleXclbin();
  const auto* begin = reinterpret_cast<const char*>(file.data());
  const xrt::xclbin image(std::vector<char>(begin, begin + file.size()));
  EXPECT_EQ(image.get_xsa_name(), "streamtensor_emulated_u55c_1");
  EXPECT_EQ(image.get_fpga_device_name(), "xcu55c-fsvh2892-2L-e");
  EXPECT_EQ(image.get_target_type(), xrt::xclbin::target_type::sw_emu);
  EXPECT_TRUE(static_cast<bool>(image.get_uuid()));

  const auto kernels = image.get_kernels();
  ASSERT_EQ(kernels.size(), 1u);
  EXPECT_EQ(kernels[0].get_name(), "streamtensor_step");
  ASSERT_EQ(kernels[0].get_cus().size(), 1u);
  EXPECT_EQ(kernels[0].get_cus()[0].get_name(), "streamtensor_step:streamtensor_step_1");
  EXPECT_EQ(kernels[0].get_cus()[0].get_control_type(), xrt::xclbin::ip::control_type::chain);

  const auto arguments = kernels[0].get_args();
  ASSERT_EQ(arguments.size(), 4u);
  const uint32_t banks[] = {0, 0, 7, 31};
  const char* const names[] = {"descriptor", "status", "weights_0", "logits"};
  const char* const types[] = {"const uint32_t*", "uint32_t*", "const word512*", "float*"};
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(arguments[i].get_index(), i);
    EXPECT_EQ(arguments[i].get_name(), names[i]);
    EXPECT_EQ(arguments[i].get_host_type(), types[i]);
    EXPECT_EQ(arguments[i].get_size(), 8u);
    EXPECT_EQ(arguments[i].get_offset(), 0x10 + 0xc * i);
    ASSERT_EQ(arguments[i].get_mems().size(), 1u);
    EXPECT_EQ(arguments[i].get_mems()[0].get_index(), static_cast<int32_t>(banks[i]));
  }

  const auto memories = image.get_mems();
  ASSERT_EQ(memories.size(), 32u);
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(memories[i].get_tag(), "HBM[" + std::to_string(i) + "]");
    EXPECT_EQ(memories[i].get_type(), xrt::xclbin::mem::memory_type::hbm);
    EXPECT_EQ(memories[i].get_size_kb(), 512u << 10);
    EXPECT_EQ(memories[i].get_base_address(), i * (512ull << 20));
    EXPECT_EQ(memories[i].get_used(), i == 0 || i == 7 || i == 31);
  }
}

TEST(AmdLibrary, TellsDdrBanksAndTheirAddresses) {
  using streamtensor::artifact::xclbin::WriterBank;
  streamtensor::artifact::xclbin::WriterInput input = SampleInput();
  input.banks = {{WriterBank::Kind::kDdr4, "bank0", uint64_t{16} << 30},
                 {WriterBank::Kind::kDdr4, "bank1", 4096}};
  for (auto& argument : input.arguments) argument.bank = 1;
  const std::vector<std::byte> file = streamtensor::artifact::xclbin::WriteXclbin(input).value();
  const auto* begin = reinterpret_cast<const char*>(file.data());
  const xrt::xclbin image(std::vector<char>(begin, begin + file.size()));
  const auto memories = image.get_mems();
  ASSERT_EQ(memories.size(), 2u);
  EXPECT_EQ(memories[0].get_tag(), "bank0");
  EXPECT_EQ(memories[1].get_tag(), "bank1");
  for (const auto& memory : memories) EXPECT_EQ(memory.get_type(), xrt::xclbin::mem::memory_type::ddr4);
  EXPECT_EQ(memories[0].get_size_kb(), 16u << 20);
  EXPECT_EQ(memories[1].get_base_address(), uint64_t{16} << 30);
  EXPECT_FALSE(memories[0].get_used());
  EXPECT_TRUE(memories[1].get_used());
}

}  // namespace
