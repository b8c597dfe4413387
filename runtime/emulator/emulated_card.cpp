// SPDX-License-Identifier: Apache-2.0
#include "runtime/emulator/emulated_card.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <span>

#include "absl/strings/str_cat.h"
#include "artifact/xclbin/writer.h"
#include "base/check.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::runtime::emulator {
namespace {

// A card that is not running answers at once; one that does not within this time is stopped or stuck.
constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::chrono::seconds kSensorTimeout{5};  // asked often, of an idle card: its silence is its death
constexpr std::chrono::seconds kLoadTimeout{60};

Deadline In(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

// Strict mode fills what small buffers hold before they are written: 0xff is a NaN in every float type.
constexpr uint64_t kMaxPoisonedBytes = 64 << 20;
constexpr int kPoison = 0xff;

// By index.
struct Registry {
  Mutex mutex;
  std::map<uint32_t, EmulatedCardOptions> options ABSL_GUARDED_BY(mutex);
  std::map<uint32_t, std::weak_ptr<EmulatedCard>> cards ABSL_GUARDED_BY(mutex);
};
Registry& TheRegistry() {
  static Registry& registry = *new Registry;  // never destroyed: threads may outlive main()
  return registry;
}

}  // namespace

EmulatedBuffer::~EmulatedBuffer() {
  if (card_ != nullptr) card_->Release(*this);
}

absl::Status EmulatedBuffer::Sync(bool to_card, uint64_t offset, uint64_t bytes) {
  if (offset > bytes_ || bytes > bytes_ - offset) {
    return absl::InvalidArgumentError(
        absl::StrCat("sync of bytes ", offset, "+", bytes, " of a buffer of ", bytes_));
  }
  RETURN_IF_ERROR(card_->CheckBuffer(generation_));
  if (host_.data() != nullptr) {
    std::byte* const host = host_.data() + offset;
    std::byte* const device = device_.data() + offset;
    std::memcpy(to_card ? device : host, to_card ? host : device, bytes);
  }
  // Weights: with huge pages behind them a step of one token takes a quarter less time.
  if (to_card && !synced_.exchange(true)) device_.UseHugePages(offset, bytes);
  return absl::OkStatus();
}

absl::Status EmulatedCard::Configure(uint32_t index, const EmulatedCardOptions& options) {
  Registry& registry = TheRegistry();
  const MutexLock lock(registry.mutex);
  const std::shared_ptr<EmulatedCard> open = registry.cards[index].lock();
  if (open != nullptr && open->options_ != options) {
    return absl::FailedPreconditionError(
        absl::StrCat("emulated card ", index, " is open already with other options"));
  }
  registry.options[index] = options;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<EmulatedCard>> EmulatedCard::Open(uint32_t index) {
  if (index >= kMaxCards) {
    return absl::NotFoundError(absl::StrCat("emulated card ", index, ": there are cards 0..", kMaxCards - 1));
  }
  Registry& registry = TheRegistry();
  const MutexLock lock(registry.mutex);
  if (std::shared_ptr<EmulatedCard> open = registry.cards[index].lock()) return open;
  std::shared_ptr<EmulatedCard> card(new EmulatedCard(index, registry.options[index]));
  {
    const MutexLock card_lock(card->mutex_);
    RETURN_IF_ERROR(card->StartProcess());
  }
  registry.cards[index] = card;
  return card;
}

absl::Status EmulatedCard::StartProcess() {
  pid_ = 0;
  process_.reset();
  image_.reset();
  banks_.clear();
  live_buffers_ = launches_ = 0;
  running_ = spoiled_ = false;
  ++generation_;
  absl::StatusOr<std::unique_ptr<CardProcess>> process =
      CardProcess::Start(options_.card_program, options_.platform, options_.threads);
  lost_ = process.status();
  if (!process.ok()) return lost_;
  process_ = *std::move(process);
  pid_ = process_->pid();
  return absl::OkStatus();
}

absl::Status EmulatedCard::CheckAlive() const { return lost_; }

absl::Status EmulatedCard::CheckBuffer(uint64_t generation) {
  const MutexLock lock(mutex_);
  if (generation != generation_) return absl::UnavailableError("the buffer's design is no longer loaded");
  return CheckAlive();
}

absl::Status EmulatedCard::MarkLost(const absl::Status& status) {
  lost_ = absl::UnavailableError(
      absl::StrCat("emulated card ", index_, " is lost and must be reset: ", std::string(status.message())));
  return lost_;
}

// The card's own answers (a bad argument, no memory) leave it usable; silence or a broken socket don't.
absl::Status EmulatedCard::MarkLostIfGone(const absl::Status& status) {
  if (absl::IsUnavailable(status)) return MarkLost(status);
  if (absl::IsDeadlineExceeded(status)) {
    return MarkLost(
        absl::UnavailableError(absl::StrCat("its process (pid ", process_->pid(), ") does not answer")));
  }
  return status;
}

absl::Status EmulatedCard::Load(std::shared_ptr<const XclbinImage> image, const std::string& kernel) {
  const MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckAlive());
  if (image->contents.kind != artifact::xclbin::Xclbin::Kind::kEmulation ||
      image->contents.vbnv != artifact::xclbin::EmulationVbnv(options_.platform)) {
    return absl::InvalidArgumentError(absl::StrCat("the xclbin is for platform ",
                                                   base::Printable(image->contents.vbnv), "; this card is ",
                                                   artifact::xclbin::EmulationVbnv(options_.platform)));
  }
  if (image_ != nullptr) {
    if (image_->bytes == image->bytes) return absl::OkStatus();
    if (live_buffers_ > 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          live_buffers_, " buffers of the design before are still allocated on emulated card ", index_));
    }
  }
  if (image_ != nullptr || spoiled_) {
    RETURN_IF_ERROR(StartProcess());
  }
  ASSIGN_OR_RETURN(const FileDescriptor file,
                   CreateSealedFile("streamtensor-xclbin", std::as_bytes(std::span(image->bytes))));
  PayloadWriter payload;
  payload.PutString(kernel);
  const absl::StatusOr<std::string> answer =
      process_->Ask(MessageKind::kLoad, payload.bytes(), file.get(), In(kLoadTimeout));
  if (!answer.ok()) {
    spoiled_ = true;
    return MarkLostIfGone(answer.status());
  }
  image_ = std::move(image);
  ++generation_;
  for (const artifact::xclbin::Memory& memory : image_->contents.memories) {
    banks_.emplace_back(memory.base_address, memory.used ? memory.bytes : 0);
  }
  return absl::OkStatus();
}

std::shared_ptr<const XclbinImage> EmulatedCard::Loaded(uint64_t* generation) {
  const MutexLock lock(mutex_);
  *generation = generation_;
  return image_;
}

absl::StatusOr<std::shared_ptr<EmulatedBuffer>> EmulatedCard::Allocate(uint32_t bank, uint64_t bytes) {
  const MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckAlive());
  if (image_ == nullptr) return absl::FailedPreconditionError("no design is loaded");
  if (bank >= banks_.size() || banks_[bank].bytes() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("the design uses no memory bank ", bank));
  }
  if (bytes == 0) return absl::InvalidArgumentError("a buffer of 0 bytes");
  ASSIGN_OR_RETURN(const FileDescriptor file, CreateMemoryFile("streamtensor-buffer", bytes));
  std::shared_ptr<EmulatedBuffer> buffer(new EmulatedBuffer());
  ASSIGN_OR_RETURN(buffer->device_, Mapping::OfFile(file.get(), bytes, /*writable=*/true));
  if (options_.strict_sync) {
    ASSIGN_OR_RETURN(buffer->host_, Mapping::Anonymous(bytes));
    std::memset(buffer->device_.data(), kPoison, std::min(bytes, kMaxPoisonedBytes));
  }
  const std::optional<uint64_t> address = banks_[bank].Allocate(bytes);
  if (!address.has_value()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("memory bank ", bank, " (", image_->contents.memories[bank].tag, ", ",
                     banks_[bank].bytes(), " bytes) has no room for a buffer of ", bytes, " bytes"));
  }
  buffer->id_ = next_buffer_++;
  buffer->bytes_ = bytes;
  buffer->bank_ = bank;
  buffer->address_ = *address;
  buffer->generation_ = generation_;
  PayloadWriter payload;
  payload.Put(buffer->id_);
  payload.Put(bytes);
  payload.Put(bank);
  const absl::StatusOr<std::string> answer =
      process_->Ask(MessageKind::kAddBuffer, payload.bytes(), file.get(), In(kAnswerTimeout));
  if (!answer.ok()) {
    banks_[bank].Free(*address);
    return MarkLostIfGone(answer.status());
  }
  ++live_buffers_;
  buffer->card_ = shared_from_this();  // from here on its destructor calls Release()
  return buffer;
}

void EmulatedCard::Release(EmulatedBuffer& buffer) {
  const MutexLock lock(mutex_);
  if (buffer.generation_ != generation_) return;
  ST_CHECK(live_buffers_ > 0);
  banks_[buffer.bank_].Free(buffer.address_);
  --live_buffers_;
  if (!lost_.ok()) return;
  PayloadWriter payload;
  payload.Put(buffer.id_);
  // Don't wait: a card that is stuck takes no messages.
  const absl::StatusOr<uint64_t> sent =
      process_->Send(MessageKind::kRemoveBuffer, payload.bytes(), -1, std::chrono::steady_clock::now());
  if (!sent.ok()) MarkLostIfGone(sent.status()).IgnoreError();
}

absl::StatusOr<EmulatedCard::Sensors> EmulatedCard::ReadSensors() {
  const MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckAlive());
  if (running_) return absl::FailedPreconditionError("a run is under way");
  const absl::StatusOr<std::string> answer =
      process_->Ask(MessageKind::kReadSensors, "", -1, In(kSensorTimeout));
  if (!answer.ok()) return MarkLostIfGone(answer.status());
  PayloadReader reader(*answer);
  Sensors sensors;
  sensors.electrical = reader.GetString();
  sensors.thermal = reader.GetString();
  if (!reader.complete()) return MarkLost(absl::InternalError("it answered nonsense about its sensors"));
  return sensors;
}

absl::StatusOr<uint64_t> EmulatedCard::StartRun(uint64_t generation, const std::vector<uint64_t>& buffers) {
  const MutexLock lock(mutex_);
  RETURN_IF_ERROR(CheckAlive());
  if (generation != generation_) return absl::UnavailableError("the run's design is no longer loaded");
  if (running_) return absl::FailedPreconditionError("another run is under way");
  PayloadWriter payload;
  payload.Put(static_cast<uint32_t>(buffers.size()));
  for (const uint64_t id : buffers) payload.Put(id);
  const absl::StatusOr<uint64_t> ticket =
      process_->Send(MessageKind::kRun, payload.bytes(), -1, In(kAnswerTimeout));
  if (!ticket.ok()) return MarkLostIfGone(ticket.status());
  running_ = true;
  ++launches_;
  return *ticket;
}

absl::StatusOr<RunAnswer> EmulatedCard::WaitRun(uint64_t generation, uint64_t ticket, Deadline deadline) {
  const MutexLock lock(mutex_);
  if (generation != generation_) return absl::UnavailableError("the card was reset during the run");
  RETURN_IF_ERROR(CheckAlive());
  const absl::StatusOr<std::string> answer = process_->Receive(ticket, deadline);
  if (!answer.ok()) {
    const absl::Status named(answer.status().code(),
                             absl::StrCat("launch ", launches_, ": ", answer.status().message()));
    if (absl::IsDeadlineExceeded(named)) return named;
    running_ = false;
    return MarkLostIfGone(named);
  }
  running_ = false;
  RunAnswer result;
  PayloadReader reader(*answer);
  if (!RunAnswer::Read(&reader, &result))
    return MarkLost(absl::InternalError("it answered nonsense about a run"));
  return result;
}

absl::Status EmulatedCard::Reset() {
  const MutexLock lock(mutex_);
  return StartProcess();
}

}  // namespace streamtensor::runtime::emulator
