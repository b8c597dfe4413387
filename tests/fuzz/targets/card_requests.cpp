// SPDX-License-Identifier: Apache-2.0
// The card's side of the socket: whatever a host asks of it, in whatever order. The input is a list of
// messages: kind, what to attach (1 a buffer's memory, 2 the xclbin, else nothing), length, payload; kind 255
// is sent raw. Confinement is left out here: the process is the fuzzer's.
#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>

#include "artifact/manifest_writer.h"
#include "artifact/object_index.h"
#include "artifact/xclbin/writer.h"
#include "kernels/contract/descriptor.h"
#include "runtime/card_program/card_server.h"
#include "runtime/card_program/confinement.h"
#include "runtime/emulator/memory_file.h"
#include "tests/artifact/xclbin/hbm_banks.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/plain_design.h"

namespace streamtensor::runtime::card_program {

absl::Status DropFileAccess(int) { return absl::OkStatus(); }
absl::Status LimitMemory(uint64_t) { return absl::OkStatus(); }

}  // namespace streamtensor::runtime::card_program

namespace streamtensor::fuzz {

namespace emulator = runtime::emulator;
using artifact::v1::Argument;
using emulator::MessageKind;

namespace {

constexpr char kKernel[] = "streamtensor_step";
constexpr uint64_t kBufferBytes = 4096;
constexpr std::size_t kMostMessages = 24;

const emulator::FileDescriptor& XclbinFile() {
  static const auto* const file = [] {
    artifact::v1::Manifest manifest;
    manifest.set_format_version(1);
    manifest.set_target(artifact::v1::Manifest::TARGET_EMULATION);
    manifest.mutable_kernel()->set_name(kKernel);
    manifest.mutable_launch()->set_step_tokens(kPlainTokens);
    manifest.mutable_launch()->set_header_words(16);
    manifest.mutable_launch()->set_token_words(8);
    manifest.mutable_decoder()->mutable_kv()->set_page_tokens(32);
    manifest.mutable_timing()->set_clock_hz(1e8);
    for (int t = 0; t < kPlainTokens; ++t) manifest.mutable_timing()->add_step_cycles(100);
    manifest.mutable_timing()->set_context_page_cycles(3);
    const std::string object = ReadPlainDesign();
    const artifact::ObjectEntry entry = {std::string(artifact::kIsaV3), AsBytes(object)};
    const std::vector<std::byte> bitstream = artifact::WriteObjectIndex({&entry, 1}).value();
    artifact::xclbin::WriterInput input;
    input.platform = "u55c";
    input.part = "xcu55c";
    input.kernel = kKernel;
    input.banks = HbmBanks();
    input.clock_hz = 1e8;
    const struct {
      const char *name, *type;
      Argument::Role role;
      uint64_t bytes;
    } arguments[] = {
        {"descriptor", "const uint32_t*", Argument::ROLE_DESCRIPTOR, 4 * (16 + 8 * kPlainTokens)},
        {"status", "uint32_t*", Argument::ROLE_STATUS, 64},
        {"output", "float*", Argument::ROLE_OUTPUT, 4 * kPlainTokens},
        {"pool", "const float*", Argument::ROLE_K_READ, 1024}};
    for (const auto& [name, type, role, bytes] : arguments) {
      Argument* const argument = manifest.mutable_kernel()->add_arguments();
      argument->set_index(static_cast<uint32_t>(manifest.kernel().arguments_size() - 1));
      argument->set_name(name);
      argument->set_role(role);
      argument->set_bytes(bytes);
      input.arguments.push_back({name, type, 0});
    }
    input.bitstream = bitstream;
    input.user_metadata = artifact::ManifestToUserMetadata(manifest).value();
    input.compiler_version = "fuzz";
    const std::vector<std::byte> xclbin = artifact::xclbin::WriteXclbin(input).value();
    return new emulator::FileDescriptor(emulator::CreateSealedFile("fuzz", xclbin).value());
  }();
  return *file;
}

void Send(int socket, std::string_view bytes, int file) {
  iovec part = {const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (file >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &file, sizeof file);
  }
  Require(sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0, "the socket takes these messages");
}

std::string AsMessage(uint8_t kind, uint64_t sequence, std::string_view payload) {
  emulator::MessageHeader header;
  header.kind = static_cast<MessageKind>(kind);
  header.sequence = sequence;
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header).append(payload);
}

std::string Item(MessageKind kind, char attach, const std::string& payload) {
  return std::string{static_cast<char>(kind), attach, static_cast<char>(payload.size())} + payload;
}

std::string Load() {
  emulator::PayloadWriter hello, load;
  hello.Put(emulator::kProtocolVersion);
  hello.PutString("u55c");
  load.PutString(kKernel);
  return Item(MessageKind::kHello, 0, hello.bytes()) + Item(MessageKind::kLoad, 2, load.bytes());
}

}  // namespace

std::vector<std::string> Seeds() {
  std::string whole = Load();
  emulator::PayloadWriter run, removal;
  run.Put<uint32_t>(4);
  for (uint64_t id = 1; id <= 4; ++id) {
    emulator::PayloadWriter buffer;
    buffer.Put(id);
    buffer.Put(kBufferBytes);
    buffer.Put<uint32_t>(0);
    whole += Item(MessageKind::kAddBuffer, 1, buffer.bytes());
    run.Put(id);
  }
  removal.Put<uint64_t>(2);
  whole += Item(MessageKind::kRun, 0, run.bytes()) + Item(MessageKind::kReadSensors, 0, "") +
           Item(MessageKind::kRemoveBuffer, 0, removal.bytes()) + Item(MessageKind::kRun, 0, run.bytes());
  return {whole, Load()};
}

bool Accepts(std::string_view input) {
  int ends[2];
  Require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a socket can be made");
  const emulator::FileDescriptor host(ends[0]);
  const emulator::FileDescriptor buffer = emulator::CreateMemoryFile("fuzz", kBufferBytes).value();
  // The step descriptor of a run: T, W, pages and a position from the end of the input.
  uint32_t descriptor[32] = {streamtensor::contract::kDescriptorMagic,
                             streamtensor::contract::kDescriptorVersion};
  for (std::size_t i = 0; i < 4 && i < input.size(); ++i) {
    descriptor[i < 3 ? 2 + i : 19] = static_cast<uint8_t>(input[input.size() - 1 - i]) % (i == 3 ? 255 : 6);
  }
  Require(pwrite(buffer.get(), descriptor, sizeof descriptor, 0) == sizeof descriptor,
          "memory can be written");
  runtime::card_program::CardServer card(emulator::MessageSocket(emulator::FileDescriptor(ends[1])),
                                         /*second_thread=*/nullptr);
  for (std::size_t number = 1; input.size() >= 3 && number <= kMostMessages; ++number) {
    const auto kind = static_cast<uint8_t>(input[0]);
    const int file = input[1] == 1 ? buffer.get() : input[1] == 2 ? XclbinFile().get() : -1;
    const std::string_view payload = input.substr(3, static_cast<uint8_t>(input[2]));
    input.remove_prefix(3 + payload.size());
    if (kind != 255) {
      Send(host.get(), AsMessage(kind, number, payload), file);
    } else if (!payload.empty()) {
      Send(host.get(), payload, file);
    }
  }
  shutdown(host.get(), SHUT_WR);
  const int code = card.Serve();
  bool all_well = code == 0;
  for (;;) {
    static char answer[sizeof(emulator::MessageHeader) + emulator::kMaxPayloadBytes];
    const ssize_t bytes = recv(host.get(), answer, sizeof answer, MSG_DONTWAIT);
    if (bytes <= 0) break;
    emulator::MessageHeader header;
    Require(bytes >= static_cast<ssize_t>(sizeof header), "an answer is a message");
    std::memcpy(&header, answer, sizeof header);
    const std::string_view text(answer + sizeof header, static_cast<std::size_t>(bytes) - sizeof header);
    Require(header.magic == emulator::kMessageMagic && header.payload_bytes == text.size(),
            "and a sound one");
    if (header.code == 0) continue;
    // The last run of the first seed misses a buffer.
    const absl::Status status(static_cast<absl::StatusCode>(header.code), {text.data(), text.size()});
    Refused(status);
    all_well &= header.kind == MessageKind::kRun && text.find("no buffer 2") != std::string_view::npos;
  }
  return all_well;
}

}  // namespace streamtensor::fuzz
