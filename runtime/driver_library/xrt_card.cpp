// SPDX-License-Identifier: Apache-2.0
// A card over XRT's public C++ classes: written once, linked into card_xrt.so with AMD's library and into
// card_emulated.so with our emulator. Everything thrown is caught here.
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "artifact/xclbin/writer.h"
#include "runtime/driver_library/driver_abi.h"
#include "runtime/driver_library/sensor_json.h"
#include "runtime/driver_library/xrt_extension.h"

using namespace streamtensor::runtime::driver_library;

// A buffer may outlive its design, after a reset: its host side stays readable.
struct st_card_buffer {
  xrt::bo bo;
  st_card* card = nullptr;
  uint64_t generation = 0;
  int group = 0;
};

struct st_card {
  struct Argument {
    std::string name;
    bool is_buffer = false;
    int group = 0;  // memory bank, or group of banks
    bool set = false;
  };

  st_card_open_options options = {};
  std::string bdf, platform, card_program;

  xrt::device device;
  xrt::kernel kernel;
  xrt::run run;
  std::vector<Argument> arguments;  // empty: no design loaded
  uint64_t generation = 1;
  uint64_t live_buffers = 0;  // of this generation
  std::string broken;         // not empty: why the card must be reset

  // What the reports handed out point at.
  RunExtension extension;
  std::vector<st_card_process_time> processes;
  std::string electrical, thermal;

  // A real card's power, read seldom: a reading takes longer than a step.
  std::chrono::steady_clock::time_point power_read_at = {};
  std::optional<double> power_watts;
};

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPowerAge{1};

int32_t Fail(st_card_error* error, int32_t code, const std::string& message) {
  const std::size_t length = std::min(message.size(), sizeof error->message - 1);
  std::memcpy(error->message, message.data(), length);
  error->message[length] = '\0';
  return code;
}

int32_t CodeOf(const std::system_error& error, int32_t otherwise) {
  switch (std::abs(error.code().value())) {
    case EINVAL:
      return ST_CARD_INVALID_ARGUMENT;
    case ENOENT:
      return ST_CARD_NOT_FOUND;
    case ENOMEM:
      return ST_CARD_RESOURCE_EXHAUSTED;
    case EBUSY:
      return ST_CARD_FAILED_PRECONDITION;
    case ENODEV:
      return ST_CARD_UNAVAILABLE;
    case ETIMEDOUT:
      return ST_CARD_UNAVAILABLE;
    default:
      return otherwise;
  }
}

// Calls `body`; an exception becomes its errno's code, or `otherwise` when it has none.
template <class Body>
int32_t Guard(st_card_error* error, int32_t otherwise, const char* what, Body body) {
  try {
    return body();
  } catch (const std::system_error& thrown) {
    return Fail(error, CodeOf(thrown, otherwise), std::string(what) + ": " + thrown.what());
  } catch (const std::bad_alloc&) {
    return Fail(error, ST_CARD_RESOURCE_EXHAUSTED, std::string(what) + ": no memory");
  } catch (const std::exception& thrown) {
    return Fail(error, otherwise, std::string(what) + ": " + thrown.what());
  } catch (...) {
    return Fail(error, otherwise, std::string(what) + ": an unknown exception");
  }
}

int32_t CheckUsable(const st_card& card, st_card_error* error) {
  if (!card.broken.empty()) {
    return Fail(error, ST_CARD_UNAVAILABLE, "the card must be reset: " + card.broken);
  }
  return ST_CARD_OK;
}

int32_t CheckArgument(const st_card& card, uint32_t argument, st_card_error* error) {
  if (card.arguments.empty()) return Fail(error, ST_CARD_FAILED_PRECONDITION, "no design is loaded");
  if (argument >= card.arguments.size()) {
    return Fail(error, ST_CARD_INVALID_ARGUMENT,
                "the kernel has no argument " + std::to_string(argument) + "; it has " +
                    std::to_string(card.arguments.size()));
  }
  if (!card.arguments[argument].is_buffer) {
    return Fail(
        error, ST_CARD_INVALID_ARGUMENT,
        "argument " + std::to_string(argument) + " (" + card.arguments[argument].name + ") is not a buffer");
  }
  return ST_CARD_OK;
}

void OpenDevice(st_card* card) {
  if (card->bdf.empty()) {
    PrepareCard(card->options.index,
                {card->platform, card->card_program, card->options.strict_sync != 0, card->options.threads});
    card->device = xrt::device(card->options.index);
  } else {
    card->device = xrt::device(card->bdf);
  }
}

int32_t Open(const st_card_open_options* options, st_card** result, st_card_error* error) {
  return Guard(error, ST_CARD_NOT_FOUND, "opening the card", [&] {
    auto card = std::make_unique<st_card>();
    card->options = *options;
    card->bdf = options->bdf == nullptr ? "" : options->bdf;
    card->platform = options->platform == nullptr ? "" : options->platform;
    card->card_program = options->card_program == nullptr ? "" : options->card_program;
    OpenDevice(card.get());
    *result = card.release();
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

void Close(st_card* card) {
  st_card_error ignored;
  Guard(&ignored, ST_CARD_INTERNAL, "closing the card", [&] {
    delete card;
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

// A design for another kind of card: the error names both.
int32_t CheckPlatform(const xrt::xclbin& image, st_card_error* error) {
  const std::string vbnv = image.get_xsa_name();
  const bool ours = vbnv.rfind(streamtensor::artifact::xclbin::kEmulationVbnvPrefix, 0) == 0;
  if (ours != kIsEmulated) {
    return Fail(
        error, ST_CARD_INVALID_ARGUMENT,
        "the xclbin is built for platform '" + vbnv + "', " +
            (ours ? "an emulated card" : "not an emulated card") + "; driver '" + kDriverName + "' runs " +
            (kIsEmulated ? "designs built for emulated cards alone" : "designs for real cards alone"));
  }
  if (!kIsEmulated && image.get_target_type() != xrt::xclbin::target_type::hw) {
    return Fail(error, ST_CARD_INVALID_ARGUMENT,
                "the xclbin is built for XRT's own emulation (platform '" + vbnv +
                    "'); driver 'xrt' runs designs for "
                    "real cards alone");
  }
  return ST_CARD_OK;
}

int32_t LoadXclbin(st_card* card, const void* data, uint64_t bytes, const char* kernel_name,
                   st_card_error* error) {
  if (const int32_t code = CheckUsable(*card, error); code != ST_CARD_OK) return code;
  return Guard(error, ST_CARD_INTERNAL, "loading the xclbin", [&] {
    if (card->live_buffers > 0) {
      return Fail(error, ST_CARD_FAILED_PRECONDITION,
                  std::to_string(card->live_buffers) + " buffers of the design before are still allocated");
    }
    const auto* begin = static_cast<const char*>(data);
    const xrt::xclbin image(std::vector<char>(begin, begin + bytes));
    if (const int32_t code = CheckPlatform(image, error); code != ST_CARD_OK) return code;
    const xrt::xclbin::kernel kernel = image.get_kernel(kernel_name);
    if (!kernel) {
      return Fail(error, ST_CARD_INVALID_ARGUMENT,
                  std::string("the xclbin has no kernel '") + kernel_name + "'");
    }
    card->run = {};
    card->kernel = {};
    card->arguments.clear();
    ++card->generation;
    const xrt::uuid uuid = card->device.load_xclbin(image);
    card->kernel = xrt::kernel(card->device, uuid, kernel_name);
    std::vector<st_card::Argument> arguments;
    for (const xrt::xclbin::arg& argument : kernel.get_args()) {
      st_card::Argument entry;
      entry.name = argument.get_name();
      entry.is_buffer = !argument.get_mems().empty();
      if (entry.is_buffer) entry.group = card->kernel.group_id(static_cast<int>(argument.get_index()));
      arguments.push_back(entry);
    }
    card->run = xrt::run(card->kernel);
    card->arguments = std::move(arguments);
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

int32_t Allocate(st_card* card, uint32_t argument, uint64_t bytes, st_card_buffer** result, void** host,
                 st_card_error* error) {
  if (const int32_t code = CheckUsable(*card, error); code != ST_CARD_OK) return code;
  if (const int32_t code = CheckArgument(*card, argument, error); code != ST_CARD_OK) return code;
  if (bytes == 0) return Fail(error, ST_CARD_INVALID_ARGUMENT, "a buffer of 0 bytes");
  const std::string what = "a buffer of " + std::to_string(bytes) + " bytes for argument " +
                           std::to_string(argument) + " (" + card->arguments[argument].name + ")";
  return Guard(error, ST_CARD_RESOURCE_EXHAUSTED, what.c_str(), [&] {
    auto buffer = std::make_unique<st_card_buffer>();
    buffer->card = card;
    buffer->generation = card->generation;
    buffer->group = card->arguments[argument].group;
    buffer->bo =
        xrt::bo(card->device, bytes, xrt::bo::flags::normal, static_cast<xrt::memory_group>(buffer->group));
    *host = buffer->bo.map();
    ++card->live_buffers;
    *result = buffer.release();
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

void Release(st_card* card, st_card_buffer* buffer) {
  st_card_error ignored;
  Guard(&ignored, ST_CARD_INTERNAL, "releasing a buffer", [&] {
    if (buffer->generation == card->generation) --card->live_buffers;
    delete buffer;
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

int32_t Sync(st_card* card, st_card_buffer* buffer, uint32_t direction, uint64_t offset, uint64_t bytes,
             st_card_error* error) {
  if (const int32_t code = CheckUsable(*card, error); code != ST_CARD_OK) return code;
  return Guard(error, ST_CARD_UNAVAILABLE, "moving a buffer", [&] {
    if (buffer->generation != card->generation) {
      return Fail(error, ST_CARD_UNAVAILABLE, "the buffer is from before the card's reset");
    }
    const uint64_t size = buffer->bo.size();
    if (offset > size || bytes > size - offset) {
      return Fail(error, ST_CARD_INVALID_ARGUMENT,
                  "bytes " + std::to_string(offset) + "+" + std::to_string(bytes) + " of a buffer of " +
                      std::to_string(size));
    }
    if (bytes == 0) return static_cast<int32_t>(ST_CARD_OK);
    buffer->bo.sync(direction == ST_CARD_TO_CARD ? XCL_BO_SYNC_BO_TO_DEVICE : XCL_BO_SYNC_BO_FROM_DEVICE,
                    bytes, offset);
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

int32_t SetArgument(st_card* card, uint32_t argument, st_card_buffer* buffer, st_card_error* error) {
  if (const int32_t code = CheckUsable(*card, error); code != ST_CARD_OK) return code;
  if (const int32_t code = CheckArgument(*card, argument, error); code != ST_CARD_OK) return code;
  return Guard(error, ST_CARD_INVALID_ARGUMENT, "setting an argument", [&] {
    st_card::Argument& entry = card->arguments[argument];
    const std::string name = "argument " + std::to_string(argument) + " (" + entry.name + ")";
    if (buffer->card != card || buffer->generation != card->generation) {
      return Fail(error, ST_CARD_INVALID_ARGUMENT, name + ": the buffer belongs to another card or design");
    }
    if (buffer->group != entry.group) {
      return Fail(error, ST_CARD_INVALID_ARGUMENT,
                  name + " is connected to memory bank " + std::to_string(entry.group) +
                      ", the buffer lies in bank " + std::to_string(buffer->group));
    }
    card->run.set_arg(static_cast<int>(argument), buffer->bo);
    entry.set = true;
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

// A real card's power as of at most kPowerAge ago.
std::optional<double> RecentPower(st_card* card) {
  const Clock::time_point now = Clock::now();
  if (card->power_read_at == Clock::time_point{} || now - card->power_read_at > kPowerAge) {
    card->power_read_at = now;
    try {
      card->power_watts = PowerWatts(card->device.get_info<xrt::info::device::electrical>());
    } catch (const std::exception&) {
      card->power_watts.reset();  // no such sensor
    }
  }
  return card->power_watts;
}

void FillReport(st_card* card, double seconds, st_card_run_report* report) {
  *report = {};
  report->card_seconds = seconds;
  if (!ReadRunExtension(card->run, &card->extension)) {
    if (const std::optional<double> watts = RecentPower(card)) {
      report->joules_known = report->joules_measured = 1;
      report->joules = *watts * seconds;
    }
    return;
  }
  const RunExtension& extension = card->extension;
  report->launch_nanoseconds = extension.launch_nanoseconds;
  if (extension.modelled) {
    report->modelled = report->joules_known = 1;
    report->modelled_cycles = extension.modelled_cycles;
    report->modelled_seconds = extension.modelled_seconds;
    report->joules = extension.joules;
  }
  card->processes.clear();
  for (const streamtensor::runtime::ProcessTime& process : extension.processes) {
    card->processes.push_back({process.name.c_str(), process.nanoseconds, process.switches});
  }
  report->processes = card->processes.data();
  report->process_count = static_cast<uint32_t>(card->processes.size());
}

int32_t Break(st_card* card, st_card_error* error, int32_t code, const std::string& message) {
  card->broken = message;
  return Fail(error, code, message);
}

int32_t Run(st_card* card, uint64_t timeout_ms, st_card_run_report* report, st_card_error* error) {
  *report = {};
  if (const int32_t code = CheckUsable(*card, error); code != ST_CARD_OK) return code;
  if (card->arguments.empty()) return Fail(error, ST_CARD_FAILED_PRECONDITION, "no design is loaded");
  // XRT takes 0 for no timeout.
  if (timeout_ms == 0 || timeout_ms > INT_MAX) {
    return Fail(error, ST_CARD_INVALID_ARGUMENT,
                "a timeout of " + std::to_string(timeout_ms) + " ms; must be 1.." + std::to_string(INT_MAX));
  }
  for (std::size_t i = 0; i < card->arguments.size(); ++i) {
    if (card->arguments[i].is_buffer && !card->arguments[i].set) {
      return Fail(error, ST_CARD_FAILED_PRECONDITION,
                  "argument " + std::to_string(i) + " (" + card->arguments[i].name + ") was never set");
    }
  }
  const int32_t code = Guard(error, ST_CARD_UNAVAILABLE, "the run", [&] {
    const Clock::time_point start = Clock::now();
    card->run.start();
    const ert_cmd_state state = card->run.wait(std::chrono::milliseconds(timeout_ms));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (state == ERT_CMD_STATE_COMPLETED) {
      FillReport(card, seconds, report);
      return static_cast<int32_t>(ST_CARD_OK);
    }
    RunExtension extension;
    std::string failure;
    if (ReadRunExtension(card->run, &extension)) failure = extension.failure;
    if (state == ERT_CMD_STATE_TIMEOUT) {
      return Break(card, error, ST_CARD_DEADLINE_EXCEEDED,
                   "the run is not done after " + std::to_string(timeout_ms) + " ms" +
                       (failure.empty() ? "" : "; " + failure));
    }
    if (failure.empty()) failure = "the run ended in state " + std::to_string(state);
    const bool gone = state == ERT_CMD_STATE_NORESPONSE;
    return Break(card, error, gone ? ST_CARD_UNAVAILABLE : ST_CARD_INTERNAL, failure);
  });
  if (code == ST_CARD_UNAVAILABLE && card->broken.empty()) card->broken = error->message;
  return code;
}

int32_t ReadSensors(st_card* card, st_card_sensors* sensors, st_card_error* error) {
  *sensors = {};
  if (const int32_t code = CheckUsable(*card, error); code != ST_CARD_OK) return code;
  // An emulated card always has its sensors: without them it is gone. A real one may lack some.
  const int32_t otherwise = kIsEmulated ? ST_CARD_UNAVAILABLE : ST_CARD_FAILED_PRECONDITION;
  return Guard(error, otherwise, "reading the sensors", [&] {
    card->electrical = card->device.get_info<xrt::info::device::electrical>();
    card->thermal = card->device.get_info<xrt::info::device::thermal>();
    const std::optional<double> watts = PowerWatts(card->electrical);
    const std::optional<double> celsius = TemperatureCelsius(card->thermal);
    sensors->power_known = watts.has_value();
    sensors->power_watts = watts.value_or(0);
    sensors->power_measured = watts.has_value() && !kIsEmulated;
    sensors->temperature_known = celsius.has_value();
    sensors->temperature_celsius = celsius.value_or(0);
    sensors->electrical_json = card->electrical.c_str();
    sensors->thermal_json = card->thermal.c_str();
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

int32_t Reset(st_card* card, st_card_error* error) {
  return Guard(error, ST_CARD_UNAVAILABLE, "resetting the card", [&] {
    card->run = {};
    card->kernel = {};
    card->arguments.clear();
    ++card->generation;
    card->live_buffers = 0;
    card->power_read_at = {};
    card->broken = "its reset did not succeed";
    if (card->device) RestartCard(&card->device);
    if (!card->device) OpenDevice(card);
    card->broken.clear();
    return static_cast<int32_t>(ST_CARD_OK);
  });
}

int64_t ProcessId(st_card* card) { return card->device ? CardProcessId(card->device) : 0; }

}  // namespace

extern "C" __attribute__((visibility("default"))) const st_driver_table* st_driver(void) {
  static const st_driver_table table = {ST_DRIVER_ABI_VERSION,
                                        sizeof(st_driver_table),
                                        kDriverName,
                                        Open,
                                        Close,
                                        LoadXclbin,
                                        Allocate,
                                        Release,
                                        Sync,
                                        SetArgument,
                                        Run,
                                        ReadSensors,
                                        Reset,
                                        ProcessId};
  return &table;
}
