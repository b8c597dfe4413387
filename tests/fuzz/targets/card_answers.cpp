// SPDX-License-Identifier: Apache-2.0
// What a card's process, which runs an artifact's code, may send to its host: a message, and in it the answer
// to a run or the sensors' JSON.
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>

#include "runtime/driver_library/sensor_json.h"
#include "runtime/emulator/message_socket.h"
#include "runtime/emulator/wire_protocol.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

namespace emulator = runtime::emulator;

namespace {

std::string AsMessage(emulator::MessageKind kind, const std::string& payload) {
  emulator::MessageHeader header;
  header.kind = kind;
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

}  // namespace

std::vector<std::string> Seeds() {
  emulator::RunAnswer answer;
  answer.completed = true;
  answer.launch_nanoseconds = 7;
  answer.modelled = true;
  answer.modelled_cycles = 9;
  answer.processes = {{"engine", 1, 2}, {"attention", 3, 4}};
  emulator::PayloadWriter run, sensors;
  answer.Write(&run);
  sensors.PutString(R"({"power_consumption_watts": "28.5"})");
  sensors.PutString(R"({"thermals": [{"location_id": "fpga0", "temp_C": "41"}, {"temp_C": 39}]})");
  return {AsMessage(emulator::MessageKind::kRun, run.bytes()),
          AsMessage(emulator::MessageKind::kReadSensors, sensors.bytes())};
}

bool Accepts(std::string_view input) {
  if (input.empty() || input.size() > 100000) return false;
  int ends[2];
  Require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a socket can be made");
  emulator::MessageSocket host{emulator::FileDescriptor(ends[0])};
  const emulator::FileDescriptor card(ends[1]);
  Require(send(card.get(), input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()),
          "it is sent");
  const auto message = host.Receive(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  // A card that breaks the protocol is lost: an error of the system, not of an input.
  if (!message.ok()) return !absl::IsInternal(message.status());
  emulator::RunAnswer answer;
  emulator::PayloadReader run(message->payload);
  const bool is_run = emulator::RunAnswer::Read(&run, &answer);
  emulator::PayloadReader sensors(message->payload);
  const std::string electrical = sensors.GetString();
  const std::string thermal = sensors.GetString();
  const auto watts = runtime::driver_library::PowerWatts(electrical);
  const auto celsius = runtime::driver_library::TemperatureCelsius(thermal);
  Require(!watts.has_value() || std::isfinite(*watts), "power is a number");
  Require(!celsius.has_value() || std::isfinite(*celsius), "temperature is a number");
  return is_run || sensors.complete();
}

}  // namespace streamtensor::fuzz
