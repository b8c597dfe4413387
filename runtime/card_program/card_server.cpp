// SPDX-License-Identifier: Apache-2.0
#include "runtime/card_program/card_server.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "artifact/timing_model.h"
#include "artifact/xclbin/validate.h"
#include "artifact/xclbin/writer.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "kernels/contract/descriptor.h"
#include "runtime/card_program/confinement.h"

namespace streamtensor::runtime::card_program {
namespace {

using artifact::v1::Argument;
using artifact::v1::Manifest;
using emulator::MessageKind;
using emulator::PayloadReader;
using emulator::PayloadWriter;

absl::Status BadMessage(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("malformed request ", what));
}

bool IsPool(Argument::Role role) {
  return role == Argument::ROLE_K_READ || role == Argument::ROLE_V_READ || role == Argument::ROLE_K_WRITE ||
         role == Argument::ROLE_V_WRITE;
}

uint32_t Word(const std::byte* descriptor, uint64_t index) {
  uint32_t word;
  std::memcpy(&word, descriptor + 4 * index, sizeof word);
  return word;
}

absl::Status BadManifest(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("xclbin: USER_METADATA: ", what));
}

// The manifest in the xclbin, as far as the card relies on it.
absl::StatusOr<Manifest> ReadManifest(const artifact::xclbin::Xclbin& contents,
                                      const artifact::xclbin::Kernel& kernel) {
  absl::StatusOr<Manifest> parsed = artifact::ManifestFromJson(contents.user_metadata);
  if (!parsed.ok()) return BadManifest(std::string(parsed.status().message()));
  Manifest& manifest = *parsed;
  if (manifest.format_version() != artifact::kManifestVersion) {
    return BadManifest(
        absl::StrCat("format_version ", manifest.format_version(), ", must be ", artifact::kManifestVersion));
  }
  if (manifest.target() != Manifest::TARGET_EMULATION) return BadManifest("target must be TARGET_EMULATION");
  if (manifest.kernel().name() != kernel.name) {
    return BadManifest(absl::StrCat("kernel '", base::Printable(manifest.kernel().name()),
                                    "', EMBEDDED_METADATA has '", base::Printable(kernel.name), "'"));
  }
  const artifact::v1::Launch& launch = manifest.launch();
  if (launch.header_words() != contract::kDescriptorHeaderWords ||
      launch.token_words() != contract::kDescriptorTokenWords || launch.step_tokens() == 0 ||
      launch.step_tokens() > contract::kMaxStepTokens) {
    return BadManifest(absl::StrCat("launch: this card knows ", contract::kDescriptorHeaderWords,
                                    " header words, ", contract::kDescriptorTokenWords,
                                    " token words and 1..", contract::kMaxStepTokens, " step tokens"));
  }
  if (static_cast<std::size_t>(manifest.kernel().arguments_size()) != kernel.arguments.size()) {
    return BadManifest(absl::StrCat(manifest.kernel().arguments_size(), " arguments, EMBEDDED_METADATA has ",
                                    kernel.arguments.size()));
  }
  for (int i = 0; i < manifest.kernel().arguments_size(); ++i) {
    const Argument& argument = manifest.kernel().arguments(i);
    const artifact::xclbin::Argument& connected = kernel.arguments[static_cast<std::size_t>(i)];
    if (argument.index() != static_cast<uint32_t>(i))
      return BadManifest(absl::StrCat("argument ", i, " has another index"));
    if (connected.memories.size() != 1 || connected.memories.front() != argument.bank()) {
      return BadManifest(
          absl::StrCat("argument ", i, ": bank ", argument.bank(), ", CONNECTIVITY has another"));
    }
    const uint64_t min_bytes = 4 * contract::DescriptorWords<uint64_t>(launch.step_tokens(), 0);
    if (argument.role() == Argument::ROLE_DESCRIPTOR && argument.bytes() < min_bytes) {
      return BadManifest(absl::StrCat("argument ", i, ": a step descriptor of ", argument.bytes(),
                                      " bytes, needs ", min_bytes));
    }
  }
  if (absl::Status status = artifact::CheckTiming(manifest.timing()); !status.ok())
    return BadManifest(std::string(status.message()));
  return parsed;
}

// Address space of a card with this design: its memory, and what the design computes in.
uint64_t AddressSpace(const artifact::xclbin::Xclbin& contents) {
  constexpr uint64_t kDesignBytes = uint64_t{16} << 30;  // code, stacks and streams; mostly reserved alone
  uint64_t bytes = kDesignBytes;
  for (const artifact::xclbin::Memory& memory : contents.memories) bytes += memory.used ? memory.bytes : 0;
  return bytes;
}

}  // namespace

int CardServer::Serve() {
  for (;;) {
    absl::StatusOr<emulator::Message> request = socket_.Receive(emulator::kNoDeadline);
    if (absl::IsUnavailable(request.status())) return 0;  // the host closed the card
    if (!request.ok()) return 1;
    if (request->header.kind == MessageKind::kRemoveBuffer) {
      PayloadReader payload(request->payload);
      RemoveBuffer(payload);
      continue;
    }
    const absl::StatusOr<std::string> answer = Answer(*request);
    emulator::MessageHeader header;
    header.kind = request->header.kind;
    header.sequence = request->header.sequence;
    header.code = static_cast<int32_t>(answer.status().code());
    const std::string payload = answer.ok() ? *answer : std::string(answer.status().message());
    if (!socket_.Send(header, payload, -1, emulator::kNoDeadline).ok()) return 0;
  }
}

absl::StatusOr<std::string> CardServer::Answer(emulator::Message& request) {
  PayloadReader payload(request.payload);
  switch (request.header.kind) {
    case MessageKind::kHello:
      return Hello(payload);
    case MessageKind::kLoad:
      return Load(payload, request.descriptor.get());
    case MessageKind::kAddBuffer:
      return AddBuffer(payload, request.descriptor.get());
    case MessageKind::kRun:
      return Run(payload);
    case MessageKind::kReadSensors:
      return Sensors();
    case MessageKind::kRemoveBuffer:
      break;
  }
  return BadMessage("of unknown kind");
}

absl::StatusOr<std::string> CardServer::Hello(PayloadReader& payload) {
  payload.Get<uint32_t>();  // the host checks the versions: it can say what to do
  platform_ = payload.GetString();
  if (!payload.complete()) return BadMessage("HELLO");
  PayloadWriter answer;
  answer.Put(emulator::kProtocolVersion);
  return answer.bytes();
}

absl::StatusOr<std::string> CardServer::Load(PayloadReader& payload, int file) {
  const std::string kernel_name = payload.GetString();
  if (!payload.complete()) return BadMessage("LOAD");
  // The first design's code can't be undone; its confinement could not load a second one.
  if (launcher_ != nullptr) return absl::FailedPreconditionError("this process has a design already");
  if (confined_) return absl::FailedPreconditionError("this process has tried a design already");
  ASSIGN_OR_RETURN(const uint64_t bytes, emulator::CheckSealedFile(file, 1, /*constant=*/true));
  ASSIGN_OR_RETURN(const emulator::Mapping mapping,
                   emulator::Mapping::OfFile(file, bytes, /*writable=*/false));
  ASSIGN_OR_RETURN(const artifact::xclbin::Xclbin contents, artifact::xclbin::ValidateXclbin(mapping.span()));
  if (contents.kind != artifact::xclbin::Xclbin::Kind::kEmulation ||
      contents.vbnv != artifact::xclbin::EmulationVbnv(platform_)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the xclbin is for platform ", base::Printable(contents.vbnv), "; this card is ",
                     base::Printable(artifact::xclbin::EmulationVbnv(platform_))));
  }
  const artifact::xclbin::Kernel* const kernel = contents.FindKernel(kernel_name);
  if (kernel == nullptr)
    return absl::InvalidArgumentError(
        absl::StrCat("the xclbin has no kernel '", base::Printable(kernel_name), "'"));
  ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(contents, *kernel));
  const auto confine = [&](int object) -> absl::Status {
    confined_ = true;
    RETURN_IF_ERROR(LimitMemory(AddressSpace(contents)));
    return DropFileAccess(object);
  };
  ASSIGN_OR_RETURN(launcher_, card::DesignLauncher::LoadIndexed(contents.bitstream, confine));
  manifest_ = std::move(manifest);
  for (const artifact::xclbin::Argument& argument : kernel->arguments)
    banks_.push_back(argument.memories.front());
  power_.SetTiming(manifest_.timing());
  PayloadWriter answer;
  answer.PutString(launcher_->isa());
  return answer.bytes();
}

absl::StatusOr<std::string> CardServer::AddBuffer(PayloadReader& payload, int file) {
  const auto id = payload.Get<uint64_t>();
  const auto bytes = payload.Get<uint64_t>();
  const auto bank = payload.Get<uint32_t>();
  if (!payload.complete() || bytes == 0) return BadMessage("ADD_BUFFER");
  if (buffers_.contains(id)) return absl::InvalidArgumentError(absl::StrCat("buffer ", id, " exists"));
  RETURN_IF_ERROR(emulator::CheckSealedFile(file, bytes, /*constant=*/false).status());
  ASSIGN_OR_RETURN(emulator::Mapping memory, emulator::Mapping::OfFile(file, bytes, /*writable=*/true));
  buffers_[id] = {std::move(memory), bank};
  return std::string();
}

void CardServer::RemoveBuffer(PayloadReader& payload) {
  const auto id = payload.Get<uint64_t>();
  if (payload.complete()) buffers_.erase(id);
}

absl::StatusOr<std::vector<void*>> CardServer::CheckArguments(PayloadReader& payload,
                                                              std::vector<const CardBuffer*>* buffers) const {
  const auto count = payload.Get<uint32_t>();
  if (count != banks_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a run with ", count, " arguments, the kernel has ", banks_.size()));
  }
  std::vector<void*> addresses;
  for (uint32_t i = 0; i < count; ++i) {
    const auto id = payload.Get<uint64_t>();
    const auto found = buffers_.find(id);
    const Argument& argument = manifest_.kernel().arguments(static_cast<int>(i));
    const std::string name = absl::StrCat("argument ", i, " (", base::Printable(argument.name()), ")");
    if (found == buffers_.end())
      return absl::InvalidArgumentError(absl::StrCat(name, ": there is no buffer ", id));
    const CardBuffer& buffer = found->second;
    if (buffer.bank != banks_[i]) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is connected to memory bank ", banks_[i],
                                                     ", its buffer lies in bank ", buffer.bank));
    }
    if (buffer.memory.bytes() < argument.bytes()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": a buffer of ", buffer.memory.bytes(),
                                                     " bytes, the design needs ", argument.bytes()));
    }
    addresses.push_back(buffer.memory.data());
    buffers->push_back(&buffer);
  }
  if (!payload.complete()) return BadMessage("RUN");
  return addresses;
}

absl::StatusOr<std::string> CardServer::Run(PayloadReader& payload) {
  ++launches_;
  if (launcher_ == nullptr) return absl::FailedPreconditionError("no design is loaded");
  std::vector<const CardBuffer*> buffers;
  ASSIGN_OR_RETURN(const std::vector<void*> addresses, CheckArguments(payload, &buffers));

  artifact::StepShape shape;
  for (int i = 0; i < manifest_.kernel().arguments_size(); ++i) {
    if (manifest_.kernel().arguments(i).role() != Argument::ROLE_DESCRIPTOR) continue;
    const std::byte* const descriptor = buffers[static_cast<std::size_t>(i)]->memory.data();
    const uint64_t pages = Word(descriptor, contract::kDescriptorPagesWord);
    for (int k = 0; k < manifest_.kernel().arguments_size(); ++k) {
      const Argument& pool = manifest_.kernel().arguments(k);
      const uint64_t bytes = buffers[static_cast<std::size_t>(k)]->memory.bytes();
      if (IsPool(pool.role()) && pool.bytes() > 0 && pages > bytes / pool.bytes()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the step descriptor says ", pages, " pages; argument ", k, " (",
                         base::Printable(pool.name()), ") has room for ", bytes / pool.bytes()));
      }
    }
    // A T beyond the bound is for the design to refuse, in its status word: it costs a launch.
    const uint32_t tokens = Word(descriptor, contract::kDescriptorTokensWord);
    if (tokens > manifest_.launch().step_tokens()) continue;
    shape.tokens = tokens;
    shape.logits = Word(descriptor, contract::kDescriptorLogitsWord);
    const uint32_t page_tokens = manifest_.decoder().kv().page_tokens();
    for (uint32_t t = 0; t < tokens && page_tokens > 0; ++t) {
      const uint64_t start = Word(descriptor, contract::DescriptorTokenOffset(t) + contract::kTokenStartWord);
      shape.context_pages += (start + page_tokens - 1) / page_tokens;
    }
  }

  card::LaunchOptions options;
  options.second_thread = second_thread_;
  const card::LaunchReport report = launcher_->Launch(addresses, options);
  emulator::RunAnswer answer;
  answer.completed = report.code == card::LaunchCode::kCompleted;
  if (!answer.completed) {
    answer.failure = absl::StrCat("launch ", launches_, ": the design failed: ", report.message);
  }
  answer.launch_nanoseconds = report.nanoseconds;
  const artifact::ModelledStep modelled = artifact::ModelStep(manifest_.timing(), shape);
  answer.modelled = modelled.cycles > 0;
  answer.modelled_cycles = modelled.cycles;
  answer.modelled_seconds = modelled.seconds;
  answer.joules = modelled.joules;
  answer.processes = report.processes;
  power_.AddRun(modelled.joules, modelled.seconds, std::chrono::steady_clock::now());
  PayloadWriter writer;
  answer.Write(&writer);
  return writer.bytes();
}

std::string CardServer::Sensors() {
  PayloadWriter answer;
  answer.PutString(power_.ElectricalJson(std::chrono::steady_clock::now()));
  answer.PutString(PowerModel::ThermalJson());
  return answer.bytes();
}

}  // namespace streamtensor::runtime::card_program
