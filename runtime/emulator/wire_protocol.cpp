// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/wire_protocol.h"

#include <algorithm>

namespace streamtensor::runtime::emulator {
namespace {

constexpr std::size_t kMaxFailureBytes = 32 << 10;
constexpr std::size_t kMaxNameBytes = 96;
constexpr std::size_t kMaxProcesses = 700;  // with their names they fit in a payload

}  // namespace

void RunAnswer::Write(PayloadWriter* writer) const {
  writer->Put<uint32_t>(completed);
  writer->PutString(std::string_view(failure).substr(0, kMaxFailureBytes));
  writer->Put(launch_nanoseconds);
  writer->Put<uint32_t>(modelled);
  writer->Put(modelled_cycles);
  writer->Put(modelled_seconds);
  writer->Put(joules);
  const std::size_t count = std::min(processes.size(), kMaxProcesses);
  writer->Put(static_cast<uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    writer->PutString(std::string_view(processes[i].name).substr(0, kMaxNameBytes));
    writer->Put(processes[i].nanoseconds);
    writer->Put(processes[i].switches);
  }
}

bool RunAnswer::Read(PayloadReader* reader, RunAnswer* answer) {
  answer->completed = reader->Get<uint32_t>() != 0;
  answer->failure = reader->GetString();
  answer->launch_nanoseconds = reader->Get<uint64_t>();
  answer->modelled = reader->Get<uint32_t>() != 0;
  answer->modelled_cycles = reader->Get<uint64_t>();
  answer->modelled_seconds = reader->Get<double>();
  answer->joules = reader->Get<double>();
  const auto count = reader->Get<uint32_t>();
  answer->processes.clear();
  for (uint32_t i = 0; i < count && !reader->failed(); ++i) {
    ProcessTime process;
    process.name = reader->GetString();
    process.nanoseconds = reader->Get<uint64_t>();
    process.switches = reader->Get<uint64_t>();
    answer->processes.push_back(std::move(process));
  }
  return reader->complete();
}

}  // namespace streamtensor::runtime::emulator
