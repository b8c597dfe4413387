// SPDX-License-Identifier: Apache-2.0
// A card of the test's own: memory apart from the host's (a forgotten transfer shows), a kernel given
// as a function, and faults on demand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "streamtensor/runtime/card.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime {

struct FakeBuffer {
  std::vector<std::byte> host, card;
};

// Shared by the card, its buffers and the test.
struct FakeCardState {
  std::map<uint32_t, FakeBuffer*> arguments;
  std::map<uint32_t, uint64_t> allocated;      // bytes by argument
  std::function<void(FakeCardState&)> kernel;  // runs on the card's side
  absl::Status run_status;                     // what Run says instead of running
  absl::Status open_status, allocate_status;
  RunReport report;
  int opened = 0, resets = 0, buffers_alive = 0, cards_alive = 0;

  template <class T>
  T* Card(uint32_t argument) {
    return reinterpret_cast<T*>(arguments.at(argument)->card.data());
  }
};

// What the cards below say of themselves: emulated ones that model nothing.
extern const Driver kFakeDriver;

// Each call opens a fresh card, whose memory holds garbage.
CardOpener OpenFakeCard(std::shared_ptr<FakeCardState> state);

}  // namespace streamtensor::runtime
