// SPDX-License-Identifier: Apache-2.0
// streamtensor-card itself, spoken to by hand: whatever a host sends, it answers or ends, and never
// runs what it has not checked.
#include <elf.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <random>

#include "runtime/emulator/card_process.h"
#include "runtime/emulator/memory_file.h"
#include "tests/conformance/conformance_design.h"
#include "tests/conformance/sample_xclbin.h"

namespace streamtensor::runtime::emulator {
namespace {

Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }

std::unique_ptr<CardProcess> Start() {
  absl::StatusOr<std::unique_ptr<CardProcess>> process = CardProcess::Start(ST_TEST_CARD_PROGRAM, "u55c", 1);
  EXPECT_TRUE(process.ok()) << process.status();
  return process.ok() ? *std::move(process) : nullptr;
}

absl::Status Load(CardProcess& card, std::span<const std::byte> xclbin) {
  const FileDescriptor file = CreateSealedFile("test", xclbin).value();
  PayloadWriter payload;
  payload.PutString(conformance::kKernelName);
  return card.Ask(MessageKind::kLoad, payload.bytes(), file.get(), Soon()).status();
}

absl::Status AddBuffer(CardProcess& card, uint64_t id, uint64_t bytes, uint32_t bank, int fd) {
  PayloadWriter payload;
  payload.Put(id);
  payload.Put(bytes);
  payload.Put(bank);
  return card.Ask(MessageKind::kAddBuffer, payload.bytes(), fd, Soon()).status();
}

TEST(CardProtocol, RefusesWhatIsNotSealed) {
  const std::unique_ptr<CardProcess> card = Start();
  ASSERT_NE(card, nullptr);
  PayloadWriter payload;
  payload.PutString(conformance::kKernelName);
  EXPECT_EQ(card->Ask(MessageKind::kLoad, payload.bytes(), -1, Soon()).status().code(),
            absl::StatusCode::kInvalidArgument);
  const FileDescriptor writable = CreateMemoryFile("test", 4096).value();  // sealed in size alone
  EXPECT_EQ(card->Ask(MessageKind::kLoad, payload.bytes(), writable.get(), Soon()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AddBuffer(*card, 1, 8192, 0, writable.get()).code(),
            absl::StatusCode::kInvalidArgument);  // too small
  EXPECT_EQ(AddBuffer(*card, 1, 0, 0, writable.get()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AddBuffer(*card, 1, 4096, 0, -1).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(AddBuffer(*card, 1, 4096, 0, writable.get()).ok());
  EXPECT_EQ(AddBuffer(*card, 1, 4096, 0, writable.get()).code(),
            absl::StatusCode::kInvalidArgument);  // twice
}

TEST(CardProtocol, HasOneDesignForLife) {
  const std::unique_ptr<CardProcess> card = Start();
  ASSERT_NE(card, nullptr);
  EXPECT_EQ(card->Ask(MessageKind::kRun, "", -1, Soon()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Load(*card, conformance::EmulationXclbin()).ok());
  EXPECT_EQ(Load(*card, conformance::EmulationXclbin()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(CardProtocol, RefusesAnotherPlatformsDesign) {
  absl::StatusOr<std::unique_ptr<CardProcess>> card = CardProcess::Start(ST_TEST_CARD_PROGRAM, "u280", 1);
  ASSERT_TRUE(card.ok()) << card.status();
  const absl::Status status = Load(**card, conformance::EmulationXclbin());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("streamtensor_emulated_u280_1"), std::string::npos) << status;
}

TEST(CardProtocol, ChecksTheManifest) {
  std::vector<std::byte> bitstream;
  const auto refusal = [&](const std::string& from, const std::string& to) {
    artifact::xclbin::WriterInput input = conformance::EmulationInput(&bitstream);
    const std::size_t at = input.user_metadata.find(from);
    EXPECT_NE(at, std::string::npos) << from << " in " << input.user_metadata;
    if (at != std::string::npos) input.user_metadata.replace(at, from.size(), to);
    const std::unique_ptr<CardProcess> card = Start();
    const absl::Status status = Load(*card, artifact::xclbin::WriteXclbin(input).value());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(std::string(status.message()).find("USER_METADATA"), std::string::npos) << status;
    return std::string(status.message());
  };
  EXPECT_NE(refusal("{", "[").find("not a manifest"), std::string::npos);
  EXPECT_NE(refusal("TARGET_EMULATION", "TARGET_HW").find("target"), std::string::npos);
  EXPECT_NE(refusal("streamtensor_step", "streamtensor_stop").find("streamtensor_stop"), std::string::npos);
}

TEST(CardProtocol, RefusesABrokenObject) {
  artifact::xclbin::WriterInput input;
  std::vector<std::byte> bitstream;
  input = conformance::EmulationInput(&bitstream);
  for (std::size_t i = 200; i < bitstream.size(); ++i) bitstream[i] ^= std::byte{0x55};
  input.bitstream = bitstream;
  const std::unique_ptr<CardProcess> card = Start();
  EXPECT_EQ(Load(*card, artifact::xclbin::WriteXclbin(input).value()).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CardProtocol, RefusesRunsOfBuffersThatAreNotThere) {
  const std::unique_ptr<CardProcess> card = Start();
  ASSERT_NE(card, nullptr);
  ASSERT_TRUE(Load(*card, conformance::EmulationXclbin()).ok());
  PayloadWriter payload;
  payload.Put<uint32_t>(conformance::kArguments);
  for (int i = 0; i < conformance::kArguments; ++i) payload.Put<uint64_t>(7);
  const absl::Status status = card->Ask(MessageKind::kRun, payload.bytes(), -1, Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("no buffer 7"), std::string::npos) << status;
}

// Two fit where one is expected; neither may stay open here.
TEST(MessageSocket, RefusesAMessageWithSeveralDescriptors) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  MessageSocket receiver{FileDescriptor(ends[0])};
  const FileDescriptor sender(ends[1]);
  int next = dup(0);  // the number that the next descriptor gets
  close(next);
  MessageHeader header;
  iovec part = {&header, sizeof header};
  const int files[2] = {0, 0};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof files)] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(rights), files, sizeof files);
  ASSERT_GT(sendmsg(sender.get(), &message, 0), 0);
  EXPECT_EQ(receiver.Receive(Soon()).status().code(), absl::StatusCode::kInternal);
  const int after = dup(0);
  close(after);
  EXPECT_EQ(after, next);
}

TEST(CardProtocol, ADesignThatCouldNotBeLoadedIsTheLast) {
  std::vector<std::byte> bitstream;
  artifact::xclbin::WriterInput input = conformance::EmulationInput(&bitstream);
  // Its dynamic section is gone: good for the check of its symbols, not for the dynamic linker.
  const std::string mark =
      "\x7f"
      "ELF";
  const std::string_view text(reinterpret_cast<const char*>(bitstream.data()), bitstream.size());
  const std::size_t elf = text.find(mark);
  ASSERT_NE(elf, std::string_view::npos);
  bitstream[elf + offsetof(Elf64_Ehdr, e_phnum)] = std::byte{0};
  input.bitstream = bitstream;
  const std::unique_ptr<CardProcess> card = Start();
  const absl::Status status = Load(*card, artifact::xclbin::WriteXclbin(input).value());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("can't be loaded"), std::string::npos) << status;
  EXPECT_EQ(Load(*card, conformance::EmulationXclbin()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(CardProtocol, SurvivesRandomRequests) {
  constexpr uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE("seed 7");
  const std::unique_ptr<CardProcess> card = Start();
  ASSERT_NE(card, nullptr);
  ASSERT_TRUE(Load(*card, conformance::EmulationXclbin()).ok());
  const FileDescriptor file = CreateMemoryFile("test", 4096).value();
  for (int i = 0; i < 2000; ++i) {
    std::string payload(random() % 80, '\0');
    for (char& c : payload) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    auto kind = static_cast<MessageKind>(random() % 8);
    if (kind == MessageKind::kRemoveBuffer) kind = MessageKind::kRun;  // that one has no answer
    const absl::Status status =
        card->Ask(kind, payload, random() % 2 == 0 ? file.get() : -1, Soon()).status();
    ASSERT_FALSE(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status))
        << "request " << i << ": " << status;
  }
}

}  // namespace
}  // namespace streamtensor::runtime::emulator
