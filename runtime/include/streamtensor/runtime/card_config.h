// SPDX-License-Identifier: Apache-2.0
// Which card, and how its driver opens it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace streamtensor::runtime {

// Faults that driver `dummy` injects into its runs, for tests of what lies above a card. The same seed gives
// the same faults for the same number of runs.
struct DummyFaults {
  enum class Kind {
    kFail,  // the run answers UNAVAILABLE
    kHang,  // the run takes until its timeout
    kDie,   // the run answers UNAVAILABLE, and so do the next one to three attempts to open or reset the card
    kSlow   // the run takes ten times as long, and 10 ms
  };
  uint64_t seed = 0;
  int64_t every_runs = 0;     // one run in this many has a fault, on average; 0: none
  std::vector<Kind> kinds;    // to draw from; empty: all
  int64_t failed_opens = 0;   // number of first attempts to open the card that fail
  int64_t hanging_opens = 0;  // number of first attempts to open the card that never end
  bool operator==(const DummyFaults&) const = default;
};

struct CardConfig {
  std::string driver = "emulated";  // a name in runtime/drivers/drivers.def
  std::string platform = "u55c";
  uint32_t index = 0;

  // Each driver takes some of these (Driver::config_keys) and ignores the others.
  std::string bdf;            // xrt: PCI address, instead of index
  uint32_t threads = 1;       // emulated: that the card computes on, 1 or 2
  int64_t dummy_step_us = 0;  // dummy: how long a run takes, in microseconds
  DummyFaults dummy_faults;   // dummy

  // Host and card sides of a buffer are separate memories, so that a forgotten transfer shows. Real cards
  // always work so; an emulated card also when the environment has STREAMTENSOR_STRICT_SYNC=1; a dummy never.
  bool strict_sync = false;

  std::string card_program;  // path of streamtensor-card; empty: beside this program
  std::string library_dir;   // folder of card_*.so; empty: ../lib/streamtensor beside this program
  bool operator==(const CardConfig&) const = default;
};

}  // namespace streamtensor::runtime
