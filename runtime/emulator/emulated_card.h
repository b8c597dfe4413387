// SPDX-License-Identifier: Apache-2.0
// The host's half of an emulated card: what the emulator implements XRT's classes with.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "artifact/xclbin/validate.h"
#include "base/mutex.h"
#include "runtime/emulator/bank_allocator.h"
#include "runtime/emulator/card_process.h"
#include "runtime/emulator/memory_file.h"

namespace streamtensor::runtime::emulator {

// An xclbin's bytes and what they hold; `contents` views into `bytes`. Immutable.
struct XclbinImage {
  std::vector<char> bytes;
  artifact::xclbin::Xclbin contents;
};

struct EmulatedCardOptions {
  std::string platform = "u55c";
  std::string card_program;
  bool strict_sync = false;
  uint32_t threads = 1;  // that it computes on, 1 or 2
  bool operator==(const EmulatedCardOptions&) const = default;
};

class EmulatedCard;

// Memory of the card. Thread-safe as far as its card is.
class EmulatedBuffer {
 public:
  ~EmulatedBuffer();
  EmulatedBuffer(const EmulatedBuffer&) = delete;
  EmulatedBuffer& operator=(const EmulatedBuffer&) = delete;

  uint64_t id() const { return id_; }
  uint64_t bytes() const { return bytes_; }
  uint32_t bank() const { return bank_; }
  uint64_t address() const { return address_; }
  uint64_t generation() const { return generation_; }
  const std::shared_ptr<EmulatedCard>& card() const { return card_; }
  std::byte* host() const { return host_.data() != nullptr ? host_.data() : device_.data(); }

  // Copies between the two sides in strict mode; else only checks.
  absl::Status Sync(bool to_card, uint64_t offset, uint64_t bytes);

 private:
  friend class EmulatedCard;
  EmulatedBuffer() = default;

  std::shared_ptr<EmulatedCard> card_;
  uint64_t id_ = 0;
  uint64_t bytes_ = 0;
  uint32_t bank_ = 0;
  uint64_t address_ = 0;
  uint64_t generation_ = 0;
  Mapping device_;
  Mapping host_;  // strict mode alone
  std::atomic<bool> synced_ = false;
};

// A card and its process. Thread-safe; runs go one after the other.
class EmulatedCard : public std::enable_shared_from_this<EmulatedCard> {
 public:
  static constexpr uint32_t kMaxCards = 64;

  // What the next first Open of `index` uses. FAILED_PRECONDITION when the card is open otherwise.
  static absl::Status Configure(uint32_t index, const EmulatedCardOptions& options);
  // Two opens of one index are one card, as long as one of them lives.
  static absl::StatusOr<std::shared_ptr<EmulatedCard>> Open(uint32_t index);

  uint32_t index() const { return index_; }
  const EmulatedCardOptions& options() const { return options_; }
  pid_t ProcessId() const { return pid_; }  // 0 if no process is running

  // Does nothing if this design is already loaded. Another design needs a new process, and no buffers may
  // exist.
  absl::Status Load(std::shared_ptr<const XclbinImage> image, const std::string& kernel);
  // Null when nothing is loaded. The generation changes with every load and reset.
  std::shared_ptr<const XclbinImage> Loaded(uint64_t* generation);

  absl::StatusOr<std::shared_ptr<EmulatedBuffer>> Allocate(uint32_t bank, uint64_t bytes);

  struct Sensors {
    std::string electrical;
    std::string thermal;
  };
  absl::StatusOr<Sensors> ReadSensors();

  // Starts a run; one at a time. Its ticket belongs to the generation.
  absl::StatusOr<uint64_t> StartRun(uint64_t generation, const std::vector<uint64_t>& buffers);
  // DEADLINE_EXCEEDED: it goes on. Any other error: the card is lost, until Reset.
  absl::StatusOr<RunAnswer> WaitRun(uint64_t generation, uint64_t ticket, Deadline deadline);

  absl::Status Reset();

 private:
  friend class EmulatedBuffer;
  EmulatedCard(uint32_t index, EmulatedCardOptions options) : index_(index), options_(std::move(options)) {}

  absl::Status StartProcess() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckAlive() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // That a buffer of `generation` can be used.
  absl::Status CheckBuffer(uint64_t generation) ABSL_LOCKS_EXCLUDED(mutex_);
  // Records that the card is lost, and why; returns that status.
  absl::Status MarkLost(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same for an error that means so; returns any other error unchanged.
  absl::Status MarkLostIfGone(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Release(EmulatedBuffer& buffer) ABSL_LOCKS_EXCLUDED(mutex_);

  const uint32_t index_;
  const EmulatedCardOptions options_;

  std::atomic<pid_t> pid_{0};
  Mutex mutex_;
  std::unique_ptr<CardProcess> process_ ABSL_GUARDED_BY(mutex_);
  absl::Status lost_ ABSL_GUARDED_BY(mutex_);  // not OK: why
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t launches_ ABSL_GUARDED_BY(mutex_) = 0;  // of this process, which counts them too
  // The process tried a design that it refused, and can load no other.
  bool spoiled_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const XclbinImage> image_ ABSL_GUARDED_BY(mutex_);
  std::vector<BankAllocator> banks_ ABSL_GUARDED_BY(mutex_);
  uint64_t live_buffers_ ABSL_GUARDED_BY(mutex_) = 0;  // of this generation
  uint64_t next_buffer_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace streamtensor::runtime::emulator
