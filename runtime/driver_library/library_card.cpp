// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver_library/library_card.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "artifact/xclbin/validate.h"
#include "base/status_macros.h"
#include "runtime/driver_library/driver_abi.h"
#include "runtime/driver_library/driver_library.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::runtime {
namespace {

absl::Status ToStatus(int32_t code, const st_card_error& error) {
  if (code == ST_CARD_OK) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(code), error.message);
}

class LibraryBuffer : public CardBuffer {
 public:
  LibraryBuffer(const st_driver_table* table, st_card* card, st_card_buffer* buffer,
                std::span<std::byte> host)
      : table_(table), card_(card), buffer_(buffer), host_(host) {}
  ~LibraryBuffer() override { table_->release(card_, buffer_); }
  LibraryBuffer(const LibraryBuffer&) = delete;
  LibraryBuffer& operator=(const LibraryBuffer&) = delete;

  std::span<std::byte> host() override { return host_; }

  absl::Status Sync(SyncDirection direction, uint64_t offset, uint64_t bytes) override {
    st_card_error error;
    const uint32_t to = direction == SyncDirection::kToCard ? ST_CARD_TO_CARD : ST_CARD_FROM_CARD;
    return ToStatus(table_->sync(card_, buffer_, to, offset, bytes, &error), error);
  }

  const st_card* card() const { return card_; }
  st_card_buffer* buffer() const { return buffer_; }

 private:
  const st_driver_table* const table_;
  st_card* const card_;
  st_card_buffer* const buffer_;
  const std::span<std::byte> host_;
};

class LibraryCard : public Card {
 public:
  LibraryCard(const st_driver_table* table, st_card* card) : table_(table), card_(card) {}
  ~LibraryCard() override { table_->close(card_); }
  LibraryCard(const LibraryCard&) = delete;
  LibraryCard& operator=(const LibraryCard&) = delete;

  absl::Status LoadDesign(const Design& design) override {
    ASSIGN_OR_RETURN(const artifact::xclbin::Xclbin contents,
                     artifact::xclbin::ValidateXclbin(design.xclbin));
    const std::string& kernel = design.manifest.kernel().name();
    if (contents.FindKernel(kernel) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("the xclbin has no kernel '", kernel, "'; it has '",
                                                     contents.kernels.front().name, "'"));
    }
    st_card_error error;
    return ToStatus(
        table_->load_xclbin(card_, design.xclbin.data(), design.xclbin.size(), kernel.c_str(), &error),
        error);
  }

  absl::StatusOr<std::unique_ptr<CardBuffer>> Allocate(uint32_t argument, uint64_t bytes) override {
    st_card_error error;
    st_card_buffer* buffer = nullptr;
    void* host = nullptr;
    const int32_t code = table_->allocate(card_, argument, bytes, &buffer, &host, &error);
    if (code != ST_CARD_OK) return ToStatus(code, error);
    return std::make_unique<LibraryBuffer>(table_, card_, buffer,
                                           std::span(static_cast<std::byte*>(host), bytes));
  }

  absl::Status SetArgument(uint32_t argument, CardBuffer& buffer) override {
    auto* const ours = dynamic_cast<LibraryBuffer*>(&buffer);
    if (ours == nullptr || ours->card() != card_) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument ", argument, ": the buffer was not allocated on this card"));
    }
    st_card_error error;
    return ToStatus(table_->set_argument(card_, argument, ours->buffer(), &error), error);
  }

  absl::StatusOr<RunReport> Run(absl::Duration timeout) override {
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", must be positive"));
    }
    constexpr absl::Duration kLongest = absl::Hours(24);
    const absl::Duration rounded = absl::Ceil(std::min(timeout, kLongest), absl::Milliseconds(1));
    st_card_error error;
    st_card_run_report from;
    const int32_t code =
        table_->run(card_, static_cast<uint64_t>(absl::ToInt64Milliseconds(rounded)), &from, &error);
    if (code != ST_CARD_OK) return ToStatus(code, error);
    RunReport report;
    report.card_seconds = from.card_seconds;
    report.modelled = from.modelled != 0;
    report.modelled_cycles = from.modelled_cycles;
    report.modelled_seconds = from.modelled_seconds;
    report.launch_nanoseconds = from.launch_nanoseconds;
    report.joules_known = from.joules_known != 0;
    report.joules_measured = from.joules_measured != 0;
    report.joules = from.joules;
    report.processes.reserve(from.process_count);
    for (uint32_t i = 0; i < from.process_count; ++i) {
      report.processes.push_back(
          {from.processes[i].name, from.processes[i].nanoseconds, from.processes[i].switches});
    }
    return report;
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    st_card_error error;
    st_card_sensors from;
    const int32_t code = table_->read_sensors(card_, &from, &error);
    if (code != ST_CARD_OK) return ToStatus(code, error);
    CardSensors report;
    report.power_known = from.power_known != 0;
    report.power_measured = from.power_measured != 0;
    report.power_watts = from.power_watts;
    report.temperature_known = from.temperature_known != 0;
    report.temperature_celsius = from.temperature_celsius;
    report.electrical_json = from.electrical_json;
    report.thermal_json = from.thermal_json;
    return report;
  }

  absl::Status Reset() override {
    st_card_error error;
    return ToStatus(table_->reset(card_, &error), error);
  }

  int64_t ProcessId() const override { return table_->process_id(card_); }

 private:
  const st_driver_table* const table_;
  st_card* const card_;
};

}  // namespace

std::string LibraryDir(const CardConfig& config) {
  return config.library_dir.empty() ? ProgramDir() + "/../lib/streamtensor" : config.library_dir;
}

absl::StatusOr<std::unique_ptr<Card>> OpenLibraryCard(const std::string& name, const CardConfig& config) {
  ASSIGN_OR_RETURN(const st_driver_table* const table, LoadDriverLibrary(LibraryDir(config), name));
  const std::string program =
      config.card_program.empty() ? ProgramDir() + "/streamtensor-card" : config.card_program;
  const char* const strict = std::getenv("STREAMTENSOR_STRICT_SYNC");
  st_card_open_options open = {};
  open.index = config.index;
  open.strict_sync = config.strict_sync || (strict != nullptr && std::strcmp(strict, "1") == 0);
  open.bdf = config.bdf.c_str();
  open.platform = config.platform.c_str();
  open.card_program = program.c_str();
  open.threads = config.threads;
  st_card_error error;
  st_card* card = nullptr;
  const int32_t code = table->open(&open, &card, &error);
  if (code != ST_CARD_OK) return ToStatus(code, error);
  return std::make_unique<LibraryCard>(table, card);
}

}  // namespace streamtensor::runtime
