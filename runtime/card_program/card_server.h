// SPDX-License-Identifier: Apache-2.0
// The card's side of the socket: one design, its buffers and its runs, one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/card/design_launcher.h"
#include "runtime/card/second_thread.h"
#include "runtime/card_program/power_model.h"
#include "runtime/emulator/memory_file.h"
#include "runtime/emulator/message_socket.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::runtime::card_program {

class CardServer {
 public:
  // `second_thread`: null, or what launches share work with; must outlive this.
  CardServer(emulator::MessageSocket socket, card::SecondThread* second_thread)
      : socket_(std::move(socket)), second_thread_(second_thread) {}

  // Answers requests until the host disconnects. Returns the program's exit code.
  int Serve();

 private:
  struct CardBuffer {
    emulator::Mapping memory;
    uint32_t bank = 0;
  };

  absl::StatusOr<std::string> Answer(emulator::Message& request);
  absl::StatusOr<std::string> Hello(emulator::PayloadReader& payload);
  absl::StatusOr<std::string> Load(emulator::PayloadReader& payload, int file);
  absl::StatusOr<std::string> AddBuffer(emulator::PayloadReader& payload, int file);
  void RemoveBuffer(emulator::PayloadReader& payload);
  absl::StatusOr<std::string> Run(emulator::PayloadReader& payload);
  std::string Sensors();

  // The buffers' addresses by argument, each checked against the manifest.
  absl::StatusOr<std::vector<void*>> CheckArguments(emulator::PayloadReader& payload,
                                                    std::vector<const CardBuffer*>* buffers) const;

  emulator::MessageSocket socket_;
  card::SecondThread* const second_thread_;
  std::string platform_;
  bool confined_ = false;
  std::unique_ptr<card::DesignLauncher> launcher_;  // null: nothing loaded
  artifact::v1::Manifest manifest_;
  std::vector<uint32_t> banks_;  // by argument
  std::map<uint64_t, CardBuffer> buffers_;
  uint64_t launches_ = 0;  // names one in what is said of it; the host counts too
  PowerModel power_;
};

}  // namespace streamtensor::runtime::card_program
