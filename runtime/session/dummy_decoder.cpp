// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/dummy_decoder.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/session/card_decoder.h"
#include "runtime/session/step_descriptor.h"

namespace streamtensor::runtime {
namespace {

constexpr uint64_t kEmptySequence = 0x73747265616d7465ull;
constexpr uint64_t kUnwritten = 0xdeadbeefdeadbeefull;
// Tokens of a row that stand out; the others are the same noise in every row, so that a row costs
// next to nothing.
constexpr std::size_t kPeaks = 8;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

float Uniform(uint64_t bits) { return static_cast<float>(bits >> 40) * 0x1p-24f; }

class DummyDecoder : public Decoder {
 public:
  DummyDecoder(DecoderInfo info, const StepLimits& limits, std::chrono::microseconds step_time,
               DummyFaults faults)
      : info_(std::move(info)),
        limits_(limits),
        step_time_(step_time),
        faults_(std::move(faults)),
        failing_resets_(faults_.failed_opens),
        rows_(static_cast<std::size_t>(limits.pages) * static_cast<std::size_t>(limits.page_tokens),
              kUnwritten),
        logits_(static_cast<std::size_t>(limits.step_logits) * static_cast<std::size_t>(limits.vocabulary)),
        peaks_(static_cast<std::size_t>(limits.step_logits)) {
    for (std::size_t i = 0; i < logits_.size(); ++i) logits_[i] = Noise(i % VocabularySize());
  }

  const DecoderInfo& info() const override { return info_; }

  absl::StatusOr<StepResult> Run(const Step& step, absl::Duration timeout) override {
    if (timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("timeout is ", absl::FormatDuration(timeout), ", must be positive"));
    }
    if (absl::Status status = CheckStep(step, limits_); !status.ok()) return status;
    if (!open_) {
      return absl::UnavailableError("the card is not open, or failed before: it must be reset");
    }
    const auto begin = std::chrono::steady_clock::now();
    if (absl::Status status = Pass(absl::ToChronoMicroseconds(timeout)); !status.ok()) {
      open_ = false;
      return status;
    }
    std::size_t row = 0;
    for (const StepToken& token : step.tokens) {
      const std::vector<int32_t>& table = step.page_tables[static_cast<std::size_t>(token.slot)];
      const uint64_t before = token.position == 0 ? kEmptySequence : RowOf(table, token.position - 1);
      const uint64_t hash = Mix(before + 0x9e3779b97f4a7c15ull * (static_cast<uint64_t>(token.token_id) + 1));
      RowOf(table, token.position) = hash;
      if (token.wants_logits) WriteLogits(row++, hash);
    }
    StepResult result;
    result.logits = std::span<const float>(logits_).first(row * VocabularySize());
    result.card_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
  }

  absl::Status Reset() override {
    open_ = false;
    if (failing_resets_ > 0) {
      --failing_resets_;
      return absl::UnavailableError("dummy fault: the card does not answer");
    }
    std::fill(rows_.begin(), rows_.end(), kUnwritten);
    open_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<CardSensors> ReadSensors() override {
    if (!open_) return absl::UnavailableError("the card is not open, or failed before: it must be reset");
    return CardSensors();
  }

 private:
  using Kind = DummyFaults::Kind;

  // Lets a run's time pass, with the fault that the seed has for it.
  absl::Status Pass(std::chrono::microseconds limit) {
    const std::optional<Kind> fault = NextFault();
    std::chrono::microseconds time = step_time_;
    if (fault == Kind::kSlow) time = 10 * time + std::chrono::milliseconds(10);
    if (fault == Kind::kHang) time = limit + std::chrono::microseconds(1);
    std::this_thread::sleep_for(std::min(time, limit));
    if (time > limit) {
      return absl::DeadlineExceededError(
          absl::StrCat("the run was not done after ", absl::FormatDuration(absl::FromChrono(limit))));
    }
    if (fault == Kind::kFail) return absl::UnavailableError("dummy fault: the run failed");
    if (fault == Kind::kDie) {
      failing_resets_ = 1 + static_cast<int64_t>(Mix(faults_.seed ^ runs_) % 3);
      return absl::UnavailableError("dummy fault: the card died");
    }
    return absl::OkStatus();
  }

  std::optional<Kind> NextFault() {
    if (faults_.every_runs == 0) return std::nullopt;
    const uint64_t bits = Mix(faults_.seed + 0x9e3779b97f4a7c15ull * ++runs_);
    if (bits % static_cast<uint64_t>(faults_.every_runs) != 0) return std::nullopt;
    static constexpr Kind kAll[] = {Kind::kFail, Kind::kHang, Kind::kDie, Kind::kSlow};
    const std::span<const Kind> kinds = faults_.kinds.empty() ? std::span<const Kind>(kAll) : faults_.kinds;
    return kinds[Mix(bits) % kinds.size()];
  }

  std::size_t VocabularySize() const { return static_cast<std::size_t>(limits_.vocabulary); }

  static float Noise(std::size_t token) { return Uniform(Mix(token + 1)); }

  uint64_t& RowOf(const std::vector<int32_t>& table, int32_t position) {
    const int32_t page = table[static_cast<std::size_t>(position / limits_.page_tokens)];
    return rows_[static_cast<std::size_t>(page) * static_cast<std::size_t>(limits_.page_tokens) +
                 static_cast<std::size_t>(position % limits_.page_tokens)];
  }

  void WriteLogits(std::size_t row, uint64_t hash) {
    const std::span<float> logits =
        std::span<float>(logits_).subspan(row * VocabularySize(), VocabularySize());
    for (const std::size_t peak : peaks_[row]) logits[peak] = Noise(peak);
    for (std::size_t i = 0; i < kPeaks; ++i) {
      const uint64_t bits = Mix(hash + i);
      peaks_[row][i] = bits % VocabularySize();
    }
    // Highest first in the list, so written last to first: one token twice keeps its highest.
    for (std::size_t i = kPeaks; i-- > 0;) {
      logits[peaks_[row][i]] = 12.0f - static_cast<float>(i) + 0.5f * Uniform(Mix(hash ^ (i + 1)));
    }
  }

  const DecoderInfo info_;
  const StepLimits limits_;
  const std::chrono::microseconds step_time_;
  const DummyFaults faults_;
  int64_t failing_resets_ = 0;
  uint64_t runs_ = 0;
  std::vector<uint64_t> rows_;                            // by page, row
  std::vector<float> logits_;                             // [step_logits][vocabulary]
  std::vector<std::array<std::size_t, kPeaks>> peaks_{};  // of each row, as it stands in logits_
  bool open_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> OpenDummyDecoder(const artifact::v1::Manifest& manifest,
                                                          const DecoderOptions& options) {
  if (options.card.dummy_step_us < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("step_us is ", options.card.dummy_step_us, ", must not be negative"));
  }
  const absl::StatusOr<int64_t> pages = PagesFor(manifest, options);
  if (!pages.ok()) return pages.status();
  DecoderInfo info = InfoOf(manifest, *pages);
  info.target = "dummy";
  info.modelled_clock_hz = 0;
  info.modelled_step_cycles.clear();
  info.modelled_step_joules.clear();
  auto decoder = std::make_unique<DummyDecoder>(std::move(info), LimitsOf(manifest, *pages),
                                                std::chrono::microseconds(options.card.dummy_step_us),
                                                options.card.dummy_faults);
  if (options.open_card) {
    if (absl::Status status = decoder->Reset(); !status.ok()) return status;
  }
  return decoder;
}

}  // namespace streamtensor::runtime
