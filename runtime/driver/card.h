// SPDX-License-Identifier: Apache-2.0
// One card with one design on it, through a loadable module: card_xrt.so (AMD's XRT) or
// card_emulated.so (our emulator). Nothing above this header knows which.
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
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime::driver {

struct CardOptions {
  CardConfig card;           // kEmulated or kXrt; kDummy has no card to open
  std::string card_program;  // streamtensor-card; empty: beside this program
  std::string module_dir;    // card_*.so; empty: ../lib/streamtensor beside this program
  // kEmulated: host and card sides of a buffer are separate memories, so that a forgotten sync shows.
  // Also on when the environment has STREAMTENSOR_STRICT_SYNC=1. Real cards are always so.
  bool strict_sync = false;
};

struct ProcessTime {
  std::string name;
  uint64_t nanoseconds = 0;  // measured: time the process ran
  uint64_t switches = 0;     // times it had to wait for a FIFO
};

struct RunReport {
  double card_seconds = 0;  // measured by the host: from start to completion

  // What only the emulated card tells. `modelled` false: the card doesn't say, all zero.
  bool modelled = false;
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
  uint64_t launch_nanoseconds = 0;     // measured by the card: the launch alone
  std::vector<ProcessTime> processes;  // measured by the card; empty for hardware

  // Energy of the run: modelled (emulated card), or measured (power sensor, times card_seconds).
  bool joules_known = false;
  bool joules_measured = false;
  double joules = 0;
};

struct SensorReport {
  bool power_known = false;  // before a design is loaded, or where the card has no such sensor
  bool power_measured = false;
  double power_watts = 0;
  bool temperature_known = false;  // always measured where known
  double temperature_celsius = 0;
  std::string electrical_json;  // as XRT gave it
  std::string thermal_json;
};

enum class SyncDirection { kToCard, kFromCard };

// A buffer in the card's memory and its host side. Move-only through its unique_ptr; must be
// destroyed before its card.
class Buffer {
 public:
  virtual ~Buffer() = default;
  // Host side; the address does not change.
  virtual std::span<std::byte> host() = 0;
  // INVALID_ARGUMENT when [offset, offset + bytes) leaves the buffer; UNAVAILABLE: the card is gone.
  virtual absl::Status Sync(SyncDirection direction, uint64_t offset, uint64_t bytes) = 0;
};

// Not thread-safe: one thread at a time. Cards of different index may be used side by side.
//
// Errors, all functions: UNAVAILABLE when the card is gone (its process died, the device failed).
// After UNAVAILABLE, DEADLINE_EXCEEDED or INTERNAL the card must be reset.
class Card {
 public:
  // Two opens of one index in one process are one card: they share its design and its fate.
  //  INVALID_ARGUMENT     a configuration that no module can open
  //  NOT_FOUND            no module file, no card program, or no such card
  static absl::StatusOr<std::unique_ptr<Card>> Open(const CardOptions& options);

  virtual ~Card() = default;

  // Checks the xclbin whole (artifact/xclbin/validate.h), loads it and opens its kernel. The bytes may
  // go away afterwards. All buffers of an earlier design must be gone.
  //  INVALID_ARGUMENT     damaged (names section and offset), or built for the other kind of card
  //  FAILED_PRECONDITION  buffers of an earlier design live; no object for this CPU
  virtual absl::Status LoadXclbin(std::span<const std::byte> xclbin, const std::string& kernel) = 0;

  // In the memory bank that the design connects to `argument`; not yet set as one. bytes > 0.
  //  INVALID_ARGUMENT (no such argument), RESOURCE_EXHAUSTED (bank or host memory full),
  //  FAILED_PRECONDITION (no design loaded)
  virtual absl::StatusOr<std::unique_ptr<Buffer>> Allocate(uint32_t argument, uint64_t bytes) = 0;

  // Several arguments may be given one buffer if the design connects them to one bank. The buffer must
  // live as long as it is set.
  //  INVALID_ARGUMENT     no such argument, other bank, foreign buffer
  virtual absl::Status SetArgument(uint32_t argument, Buffer& buffer) = 0;

  // Launches the kernel and waits for its end; `timeout` > 0, counted in whole milliseconds, rounded up.
  //  FAILED_PRECONDITION  an argument was never set
  //  DEADLINE_EXCEEDED    not done in time; the run goes on, so the card must be reset
  //  INTERNAL             the design failed: the message holds the deadlock and its cycle of FIFOs
  //  UNAVAILABLE          the card died
  virtual absl::StatusOr<RunReport> Run(absl::Duration timeout) = 0;

  virtual absl::StatusOr<SensorReport> ReadSensors() = 0;

  // Forgets the design and starts the card anew; for everyone who has it open. (A real card is closed and
  // opened again: XRT's API has no hardware reset; a hung kernel needs the operator's `xbutil reset`.)
  // Buffers should be gone before: those that are left are dead, and their host sides are still readable.
  virtual absl::Status Reset() = 0;

  // Process id of the emulated card, for tests and for accounting; 0: not a process.
  virtual int64_t ProcessId() = 0;
};

}  // namespace streamtensor::runtime::driver
