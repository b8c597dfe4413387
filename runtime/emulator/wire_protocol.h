// SPDX-License-Identifier: Apache-2.0
// What the emulator (in the host's process) and a card's process say to each other over one SEQPACKET
// socket: the host asks, the card answers each request once, in order. A message is a MessageHeader and
// a payload; LOAD and ADD_BUFFER carry one descriptor, of a memory file sealed against resizing.
//
//   request        payload                                      answer's payload, when code is 0
//   HELLO          u32 version, string platform                 u32 version
//   LOAD           string kernel        + xclbin                string instruction set
//   ADD_BUFFER     u64 id, u64 bytes, u32 bank  + its memory    -
//   REMOVE_BUFFER  u64 id                                       (no answer)
//   RUN            u32 n, n x u64 buffer id, by argument        RunAnswer
//   READ_SENSORS   -                                            string electrical, string thermal (JSON)
//
// A failed request's answer has an absl::StatusCode and its payload is the message.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "streamtensor/runtime/process_time.h"

namespace streamtensor::runtime::emulator {

inline constexpr uint32_t kProtocolVersion = 1;
inline constexpr int kCardSocketFd = 3;  // in the card's process
inline constexpr uint32_t kMessageMagic = 0x43445453;
inline constexpr uint32_t kMaxPayloadBytes = 128 << 10;

enum class MessageKind : uint32_t {
  kHello = 1,
  kLoad = 2,
  kAddBuffer = 3,
  kRemoveBuffer = 4,
  kRun = 5,
  kReadSensors = 6,
};

struct MessageHeader {
  uint32_t magic = kMessageMagic;
  MessageKind kind = MessageKind::kHello;
  uint64_t sequence = 0;  // the answer repeats its request's
  int32_t code = 0;       // answers: absl::StatusCode
  uint32_t payload_bytes = 0;
};

class PayloadWriter {
 public:
  template <class T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void PutString(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// After a read beyond the end all further values are zero and complete() is false.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  T Get() {
    static_assert(std::is_arithmetic_v<T>);
    T value = 0;
    if (sizeof value > bytes_.size()) {
      Fail();
      return 0;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string GetString() {
    const auto length = Get<uint32_t>();
    if (length > bytes_.size()) {
      Fail();
      return {};
    }
    std::string text(bytes_.substr(0, length));
    bytes_.remove_prefix(length);
    return text;
  }
  // Everything was there, and nothing is left.
  bool complete() const { return !failed_ && bytes_.empty(); }
  bool failed() const { return failed_; }

 private:
  void Fail() {
    failed_ = true;
    bytes_ = {};
  }
  std::string_view bytes_;
  bool failed_ = false;
};

struct RunAnswer {
  bool completed = false;
  std::string failure;  // when not completed: what stopped the design
  uint64_t launch_nanoseconds = 0;
  bool modelled = false;  // the next three are
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
  double joules = 0;
  std::vector<ProcessTime> processes;

  void Write(PayloadWriter* writer) const;
  static bool Read(PayloadReader* reader, RunAnswer* answer);
};

}  // namespace streamtensor::runtime::emulator
