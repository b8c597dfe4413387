// SPDX-License-Identifier: Apache-2.0
// The interface between what runs a compiled model (Decoder, Executable) and the driver of a card. A driver
// implements Card and CardBuffer; docs/how-to/write-a-driver.md says how, and tests/conformance checks every
// one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "streamtensor/runtime/process_time.h"

namespace streamtensor::artifact::v1 {
class Manifest;
}

namespace streamtensor::runtime {

// What a card is given to run. Valid during the call that it is passed to.
struct Design {
  const artifact::v1::Manifest& manifest;  // checked; names the kernel and its arguments
  std::span<const std::byte> xclbin;       // empty for drivers that run no designs (Driver::runs_designs)
};

struct RunReport {
  double card_seconds = 0;  // measured by the host: from start to completion

  // False: the card does not model its runs, and the next two are 0.
  bool modelled = false;
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;

  // Energy of the run: modelled, or measured (power sensor times card_seconds).
  bool joules_known = false;
  bool joules_measured = false;
  double joules = 0;

  uint64_t launch_nanoseconds = 0;     // measured by the card: the launch alone; 0 where it can't
  std::vector<ProcessTime> processes;  // measured by the card, in the design's order; empty where it can't
};

struct CardSensors {
  bool power_known = false;     // false: no such sensor, or no design loaded
  bool power_measured = false;  // false: modelled
  double power_watts = 0;
  bool temperature_known = false;  // always measured where known
  double temperature_celsius = 0;
  // The reports as XRT gives them (JSON); empty for drivers that have none.
  std::string electrical_json;
  std::string thermal_json;
};

enum class SyncDirection { kToCard, kFromCard };

// Memory of a card and its host side. Owned by whoever allocated it; destroyed before its card. After the
// card's Reset it is dead: its host side can still be read, nothing else.
class CardBuffer {
 public:
  virtual ~CardBuffer() = default;

  // The host side: as many bytes as were allocated, at an address that does not change, aligned to 16 bytes.
  // What is written here is the card's after a Sync kToCard, and what a run wrote is here after a Sync
  // kFromCard. Contents are unspecified before the first of either.
  virtual std::span<std::byte> host() = 0;

  // Transfers [offset, offset + bytes).
  //  INVALID_ARGUMENT  the range leaves the buffer
  //  UNAVAILABLE       the card is gone, or was reset
  virtual absl::Status Sync(SyncDirection direction, uint64_t offset, uint64_t bytes) = 0;

  absl::Status ToCard(uint64_t offset, uint64_t bytes) { return Sync(SyncDirection::kToCard, offset, bytes); }
  absl::Status FromCard(uint64_t offset, uint64_t bytes) {
    return Sync(SyncDirection::kFromCard, offset, bytes);
  }
};

// An open card, which runs one design at a time. Closed by its destructor.
//
// Not thread-safe: one thread at a time uses a card and its buffers. Different cards may be used side by
// side.
//
// All functions: UNAVAILABLE when the card is gone (its process died, the device failed). After UNAVAILABLE,
// DEADLINE_EXCEEDED or INTERNAL the card answers UNAVAILABLE until Reset() succeeds. Any other error leaves
// it usable.
class Card {
 public:
  virtual ~Card() = default;

  // Loads the design and its kernel. Buffers of an earlier design must be destroyed before.
  //  INVALID_ARGUMENT     damaged (names section and offset), or built for another kind of card
  //  FAILED_PRECONDITION  buffers of an earlier design live; no object for this CPU
  virtual absl::Status LoadDesign(const Design& design) = 0;

  // Allocates `bytes` > 0 in the memory bank that the design connects to the kernel's argument `argument`.
  // Does not set the argument.
  //  INVALID_ARGUMENT     no such argument
  //  FAILED_PRECONDITION  no design is loaded
  //  RESOURCE_EXHAUSTED   the bank, or host memory, is full
  virtual absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) = 0;

  // Sets an argument for the runs that follow. `buffer` stays the caller's and must live as long as it is
  // set. Several arguments may have one buffer if the design connects them to one bank.
  //  INVALID_ARGUMENT     no such argument, a buffer of another bank or of another card
  virtual absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) = 0;

  // Launches the kernel with the arguments set and waits for its end, at most `timeout` > 0 (rounded up to
  // whole milliseconds by some drivers).
  //  INVALID_ARGUMENT     timeout <= 0
  //  FAILED_PRECONDITION  no design is loaded, or an argument was never set
  //  DEADLINE_EXCEEDED    not done in time; the run goes on
  //  INTERNAL             the design failed; the message names the cycle of FIFOs of a deadlock
  //  UNAVAILABLE          the card died
  virtual absl::StatusOr<RunReport> Run(absl::Duration timeout) = 0;

  //  FAILED_PRECONDITION  the card has no sensors
  virtual absl::StatusOr<CardSensors> ReadSensors() = 0;

  // Forgets the design and restarts the card, for everyone who has it open. (A real card is closed and
  // opened again: XRT's API has no hardware reset; a hung kernel needs the operator's `xbutil reset`.)
  //  UNAVAILABLE          it does not come back; may be tried again
  virtual absl::Status Reset() = 0;

  // Process id of a card that is a process, for tests and accounting; else 0.
  virtual int64_t ProcessId() const { return 0; }
};

}  // namespace streamtensor::runtime
