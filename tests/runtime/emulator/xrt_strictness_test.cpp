// SPDX-License-Identifier: Apache-2.0
// The emulator's XRT classes by themselves: what AMD's library lets pass is an error here.
#include <gtest/gtest.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <system_error>

#include "runtime/driver_library/xrt_extension.h"
#include "tests/conformance/conformance_design.h"
#include "tests/conformance/sample_xclbin.h"

namespace {

using conformance::ArgumentBytes;
using conformance::kArguments;
using conformance::kKernelName;

xrt::xclbin Image() {
  const std::vector<std::byte> bytes = conformance::EmulationXclbin();
  const auto* begin = reinterpret_cast<const char*>(bytes.data());
  return xrt::xclbin(std::vector<char>(begin, begin + bytes.size()));
}

// The errno of what `body` throws, its message in *message; 0 when it throws nothing.
template <class Body>
int Thrown(Body body, std::string* message = nullptr) {
  try {
    body();
  } catch (const std::system_error& error) {
    if (message != nullptr) *message = error.what();
    return error.code().value();
  }
  return 0;
}

class XrtStrictness : public testing::Test {
 protected:
  void SetUp() override {
    streamtensor::runtime::driver_library::PrepareCard(0, {"u55c", ST_TEST_CARD_PROGRAM, true});
    device_ = xrt::device(0);
    image_ = Image();
    uuid_ = device_.load_xclbin(image_);
    kernel_ = xrt::kernel(device_, uuid_, kKernelName);
    run_ = xrt::run(kernel_);
  }
  xrt::bo Buffer(int argument) {
    return xrt::bo(device_, ArgumentBytes()[static_cast<std::size_t>(argument)],
                   static_cast<xrt::memory_group>(kernel_.group_id(argument)));
  }

  xrt::device device_;
  xrt::xclbin image_;
  xrt::uuid uuid_;
  xrt::kernel kernel_;
  xrt::run run_;
};

TEST_F(XrtStrictness, TellsWhatTheXclbinHolds) {
  EXPECT_EQ(image_.get_xsa_name(), "streamtensor_emulated_u55c_1");
  EXPECT_EQ(image_.get_target_type(), xrt::xclbin::target_type::sw_emu);
  EXPECT_EQ(device_.get_info<xrt::info::device::name>(), "streamtensor_emulated_u55c_1");
  EXPECT_EQ(device_.get_xclbin_uuid().to_string(), image_.get_uuid().to_string());
  EXPECT_FALSE(static_cast<bool>(image_.get_kernel("other")));
  const auto arguments = image_.get_kernel(kKernelName).get_args();
  ASSERT_EQ(arguments.size(), static_cast<std::size_t>(kArguments));
  EXPECT_EQ(arguments[3].get_name(), "output");
  EXPECT_EQ(arguments[3].get_mems().at(0).get_tag(), "HBM[2]");
}

TEST_F(XrtStrictness, AnXclbinOfAnotherUuidHasNoKernel) {
  EXPECT_EQ(Thrown([&] { xrt::kernel(device_, xrt::uuid(), kKernelName); }), EINVAL);
  EXPECT_EQ(Thrown([&] { xrt::kernel(device_, uuid_, "other"); }), ENOENT);
}

TEST_F(XrtStrictness, AWrongArgumentIsAnError) {
  std::string message;
  EXPECT_EQ(Thrown([&] { run_.set_arg(0, 42); }, &message), EINVAL);
  EXPECT_NE(message.find("'descriptor'"), std::string::npos) << message;
  EXPECT_EQ(Thrown([&] { run_.set_arg(kArguments, Buffer(0)); }), EINVAL);
  EXPECT_EQ(Thrown([&] { run_.set_arg(-1, Buffer(0)); }), EINVAL);
  EXPECT_EQ(Thrown([&] { run_.set_arg(0, xrt::bo()); }), EINVAL);
  EXPECT_EQ(Thrown([&] { run_.set_arg(2, Buffer(3)); }, &message), EINVAL);
  EXPECT_NE(message.find("bank 1"), std::string::npos) << message;
  EXPECT_NE(message.find("bank 2"), std::string::npos) << message;
}

TEST_F(XrtStrictness, AnUnsetArgumentIsAnError) {
  for (int i = 0; i + 1 < kArguments; ++i) run_.set_arg(i, Buffer(i));
  std::string message;
  EXPECT_EQ(Thrown([&] { run_.start(); }, &message), EINVAL);
  EXPECT_NE(message.find("'pool_write'"), std::string::npos) << message;
  EXPECT_EQ(run_.state(), ERT_CMD_STATE_NEW);
}

TEST_F(XrtStrictness, ABufferHasABankAnAddressAndASize) {
  const xrt::bo first = Buffer(2), second = Buffer(2), other = Buffer(3);
  EXPECT_EQ(first.get_memory_group(), 1u);
  EXPECT_EQ(first.size(), ArgumentBytes()[2]);
  EXPECT_GE(first.address(), 512ull << 20);
  EXPECT_GE(second.address(), first.address() + first.size());
  EXPECT_GE(other.address(), 1024ull << 20);
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, 64, 9); }), EINVAL);   // used by no argument
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, 64, 99); }), EINVAL);  // not there
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, 0, 1); }), EINVAL);
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, 64, xrt::bo::flags::host_only, 1); }), EINVAL);
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, 513ull << 20, 1); }), ENOMEM);
}

TEST_F(XrtStrictness, TheCardsMemoryIsTheXclbins) {
  using streamtensor::artifact::xclbin::WriterBank;
  std::vector<std::byte> bitstream;
  auto input = conformance::EmulationInput(&bitstream);
  input.banks.clear();
  for (const char* tag : {"bank0", "bank1", "bank2", "bank3", "bank4"}) {
    input.banks.push_back({WriterBank::Kind::kDdr4, tag, input.banks.empty() ? 1u << 20 : 2u << 20});
  }
  const std::vector<std::byte> file = streamtensor::artifact::xclbin::WriteXclbin(input).value();
  const auto* begin = reinterpret_cast<const char*>(file.data());
  const xrt::xclbin image(std::vector<char>(begin, begin + file.size()));
  run_ = {};
  kernel_ = {};
  const xrt::uuid uuid = device_.load_xclbin(image);
  EXPECT_EQ(image.get_kernel(kKernelName).get_args()[3].get_mems().at(0).get_tag(), "bank2");
  EXPECT_EQ(xrt::bo(device_, 64, 1).address(), 1u << 20);
  EXPECT_EQ(xrt::bo(device_, 2 << 20, 2).address(), 3u << 20);
  std::string message;
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, (2 << 20) + 1, 2); }, &message), ENOMEM);
  EXPECT_NE(message.find("memory bank 2 (bank2, 2097152 bytes)"), std::string::npos) << message;
  EXPECT_EQ(Thrown([&] { xrt::bo(device_, 64, 5); }), EINVAL);  // not there
}

TEST_F(XrtStrictness, RunsAndKeepsItsState) {
  std::vector<xrt::bo> buffers;
  for (int i = 0; i < kArguments; ++i) {
    buffers.push_back(i == conformance::kPoolWrite ? buffers.back() : Buffer(i));
    run_.set_arg(i, buffers.back());
  }
  auto* const descriptor = buffers[0].map<uint32_t*>();
  descriptor[2] = descriptor[3] = descriptor[4] = 1;
  buffers[0].sync(XCL_BO_SYNC_BO_TO_DEVICE);
  run_.start();
  EXPECT_EQ(run_.wait(60000), ERT_CMD_STATE_COMPLETED);
  EXPECT_EQ(run_.state(), ERT_CMD_STATE_COMPLETED);

  descriptor[conformance::kBehaviourWord] = conformance::kSpin;
  buffers[0].sync(XCL_BO_SYNC_BO_TO_DEVICE);
  run_.start();
  EXPECT_EQ(run_.wait(20), ERT_CMD_STATE_TIMEOUT);
  EXPECT_EQ(run_.state(), ERT_CMD_STATE_RUNNING);  // it goes on
  EXPECT_EQ(Thrown([&] { run_.start(); }), EBUSY);
}

TEST_F(XrtStrictness, ADeviceOfNoIndexIsNone) {
  EXPECT_EQ(Thrown([] { xrt::device(1000); }), ENOENT);
  EXPECT_EQ(Thrown([] { xrt::device("0000:01:00.1"); }), ENOENT);
  EXPECT_EQ(Thrown([] { xrt::device(std::string("0")); }), 0);
  EXPECT_EQ(Thrown([&] { device_.get_info<xrt::info::device::aie>(); }), EINVAL);
}

}  // namespace
