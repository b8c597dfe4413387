// SPDX-License-Identifier: Apache-2.0
// xrt::kernel and xrt::run for emulated cards; stricter than AMD's: a buffer in another bank, a value
// for a pointer, an argument that was never set are errors.
#include <cerrno>
#include <chrono>
#include <string>

#include "runtime/driver_library/xrt_extension.h"
#include "runtime/emulator/xrt_error.h"
#include "runtime/emulator/xrt_handles.h"

namespace emulator = streamtensor::runtime::emulator;
namespace contents = streamtensor::artifact::xclbin;

namespace xrt {
namespace {

const contents::Argument& ArgumentAt(const kernel_impl& kernel, int index) {
  const auto& arguments = kernel.kernel->arguments;
  if (index < 0 || static_cast<std::size_t>(index) >= arguments.size()) {
    throw emulator::XrtError(EINVAL,
                             "kernel " + kernel.kernel->name + " has no argument " + std::to_string(index));
  }
  return arguments[static_cast<std::size_t>(index)];
}

uint32_t BankOf(const contents::Argument& argument) {
  if (!argument.is_buffer)
    throw emulator::XrtError(EINVAL, "argument '" + argument.name + "' is not a buffer");
  if (argument.memories.size() != 1) {
    throw emulator::XrtError(EINVAL, "argument '" + argument.name + "' is connected to several memory banks");
  }
  return argument.memories.front();
}

}  // namespace

kernel::kernel(const device& on, const uuid& id, const std::string& name, cu_access_mode)
    : handle(std::make_shared<kernel_impl>()) {
  handle->card = on.get_handle()->card;
  handle->image = handle->card->Loaded(&handle->generation);
  if (handle->image == nullptr || uuid(handle->image->contents.uuid.data()).to_string() != id.to_string()) {
    throw emulator::XrtError(EINVAL, "xclbin " + id.to_string() + " is not loaded on the card");
  }
  handle->kernel = handle->image->contents.FindKernel(name);
  if (handle->kernel == nullptr) throw emulator::XrtError(ENOENT, "the xclbin has no kernel '" + name + "'");
}

int kernel::group_id(int index) const { return static_cast<int>(BankOf(ArgumentAt(*handle, index))); }

run::run(const kernel& of) : handle(std::make_shared<run_impl>()) {
  handle->kernel = of.get_handle();
  handle->arguments.resize(handle->kernel->kernel->arguments.size());
}

void run::set_arg_at_index(int index, const void*, size_t) {
  const contents::Argument& argument = ArgumentAt(*handle->kernel, index);
  throw emulator::XrtError(EINVAL, "argument '" + argument.name + "' is a buffer and can't be given a value");
}

void run::set_arg_at_index(int index, const bo& value) {
  const contents::Argument& argument = ArgumentAt(*handle->kernel, index);
  if (!value) throw emulator::XrtError(EINVAL, "argument '" + argument.name + "': an empty buffer");
  const emulator::EmulatedBuffer& buffer = *value.get_handle()->buffer;
  if (buffer.card() != handle->kernel->card) {
    throw emulator::XrtError(EINVAL, "argument '" + argument.name + "': the buffer belongs to another card");
  }
  if (buffer.generation() != handle->kernel->generation) {
    throw emulator::XrtError(EINVAL,
                             "argument '" + argument.name + "': the buffer belongs to a design before");
  }
  if (buffer.bank() != BankOf(argument)) {
    throw emulator::XrtError(EINVAL, "argument '" + argument.name + "' is connected to memory bank " +
                                         std::to_string(BankOf(argument)) + ", the buffer lies in bank " +
                                         std::to_string(buffer.bank()));
  }
  handle->arguments[static_cast<std::size_t>(index)] = value.get_handle();
}

void run::start() {
  std::vector<uint64_t> buffers;
  for (std::size_t i = 0; i < handle->arguments.size(); ++i) {
    if (handle->arguments[i] == nullptr) {
      throw emulator::XrtError(EINVAL, "argument " + std::to_string(i) + " ('" +
                                           handle->kernel->kernel->arguments[i].name + "') was never set");
    }
    buffers.push_back(handle->arguments[i]->buffer->id());
  }
  handle->answer = {};
  handle->ticket =
      emulator::ValueOrThrow(handle->kernel->card->StartRun(handle->kernel->generation, buffers));
  handle->state = ERT_CMD_STATE_RUNNING;
}

ert_cmd_state run::wait(const std::chrono::milliseconds& timeout) const {
  if (handle->state != ERT_CMD_STATE_RUNNING) return handle->state;
  const emulator::Deadline deadline =
      timeout.count() == 0 ? emulator::kNoDeadline : std::chrono::steady_clock::now() + timeout;
  absl::StatusOr<emulator::RunAnswer> answer =
      handle->kernel->card->WaitRun(handle->kernel->generation, handle->ticket, deadline);
  if (absl::IsDeadlineExceeded(answer.status())) {  // it goes on
    handle->answer.failure = std::string(answer.status().message());
    return ERT_CMD_STATE_TIMEOUT;
  }
  if (answer.ok()) {
    handle->answer = *std::move(answer);
    handle->state = handle->answer.completed ? ERT_CMD_STATE_COMPLETED : ERT_CMD_STATE_ERROR;
  } else {
    handle->answer.failure = std::string(answer.status().message());
    handle->state = absl::IsUnavailable(answer.status()) ? ERT_CMD_STATE_NORESPONSE : ERT_CMD_STATE_ERROR;
  }
  return handle->state;
}

ert_cmd_state run::state() const { return handle->state; }

}  // namespace xrt

namespace streamtensor::runtime::driver_library {

const char* const kDriverName = "emulated";
const bool kIsEmulated = true;

void PrepareCard(uint32_t index, const OpenExtension& options) {
  emulator::ThrowIfError(emulator::EmulatedCard::Configure(
      index, {options.platform, options.card_program, options.strict_sync, options.threads}));
}

bool ReadRunExtension(const xrt::run& run, RunExtension* extension) {
  const emulator::RunAnswer& answer = run.get_handle()->answer;
  extension->failure = answer.failure;
  extension->launch_nanoseconds = answer.launch_nanoseconds;
  extension->modelled = answer.modelled;
  extension->modelled_cycles = answer.modelled_cycles;
  extension->modelled_seconds = answer.modelled_seconds;
  extension->joules = answer.joules;
  extension->processes = answer.processes;
  return true;
}

void RestartCard(xrt::device* device) { emulator::ThrowIfError(device->get_handle()->card->Reset()); }

int64_t CardProcessId(const xrt::device& device) { return device.get_handle()->card->ProcessId(); }

}  // namespace streamtensor::runtime::driver_library
