// SPDX-License-Identifier: Apache-2.0
// A decoder without arithmetic, for tests: the logits of a token are a function of all tokens up to it,
// read back through the page tables, so that any slip of a page or position changes the reply.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/sequence.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server::testing {

class SimulatedClock : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1000);
};

class FakeDecoder : public runtime::Decoder {
 public:
  FakeDecoder(int32_t vocabulary, int32_t max_context, int32_t step_tokens, int32_t page_tokens,
              int32_t pages) {
    info_.model_name = "fake";
    info_.vocabulary = vocabulary;
    info_.max_context = max_context;
    info_.step_tokens = step_tokens;
    info_.page_tokens = page_tokens;
    info_.max_pages = (max_context + page_tokens - 1) / page_tokens;
    info_.pages = pages;
    Forget();
  }

  const runtime::DecoderInfo& info() const override { return info_; }

  absl::StatusOr<runtime::StepResult> Run(const runtime::Step& step, absl::Duration timeout) override {
    ++runs;
    if (clock != nullptr) clock->now += step_time;
    if (on_run) {
      if (absl::Status status = on_run(step); !status.ok()) return status;
    }
    if (absl::Status status = Check(step); !status.ok()) {
      broken_rule = std::string(status.message());
      return status;
    }
    logits_.clear();
    for (const runtime::StepToken& token : step.tokens) {
      const std::vector<int32_t>& table = step.page_tables[token.slot];
      Row(table, token.position) = token.token_id;
      if (!token.wants_logits) continue;
      uint64_t hash = 17;
      for (int32_t position = 0; position <= token.position; ++position) {
        hash = (hash ^ static_cast<uint64_t>(Row(table, position) + 7)) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
      }
      for (int32_t id = 0; id < info_.vocabulary; ++id) {
        uint64_t value = (hash + id) * 0xD6E8FEB86659FD93u;
        value ^= value >> 32;
        value *= 0xD6E8FEB86659FD93u;
        logits_.push_back(static_cast<float>(value >> 40) / (1 << 22));
      }
    }
    runtime::StepResult result;
    result.logits = logits_;
    result.joules = 1;
    result.modelled_cycles = 1000;
    result.modelled_seconds = 1e-3;
    return result;
  }

  absl::Status Reset() override {
    ++resets;
    if (on_reset) on_reset();
    if (!reset_status.ok()) return reset_status;
    Forget();
    return absl::OkStatus();
  }

  absl::StatusOr<runtime::CardSensors> ReadSensors() override {
    if (sensors_gone) return absl::UnavailableError("no answer");
    runtime::CardSensors sensors;
    sensors.power_watts = 25;
    return sensors;
  }

  std::function<absl::Status(const runtime::Step&)> on_run;
  std::function<void()> on_reset;
  absl::Status reset_status;
  bool sensors_gone = false;
  SimulatedClock* clock = nullptr;
  absl::Duration step_time = absl::Milliseconds(5);
  int runs = 0;
  int resets = 0;
  std::string broken_rule;  // the last step that was refused

 private:
  int32_t& Row(const std::vector<int32_t>& table, int32_t position) {
    return memory_[table[position / info_.page_tokens]][position % info_.page_tokens];
  }

  void Forget() { memory_.assign(info_.pages, std::vector<int32_t>(info_.page_tokens, -999)); }

  absl::Status Check(const runtime::Step& step) const {
    auto broken = [](auto... parts) { return absl::InvalidArgumentError(absl::StrCat(parts...)); };
    if (step.tokens.empty() || static_cast<int32_t>(step.tokens.size()) > info_.step_tokens) {
      return broken("step of ", step.tokens.size(), " tokens");
    }
    std::map<int32_t, int32_t> writers;  // page -> slot
    int32_t last_slot = -1;
    int32_t next_position = 0;
    for (const runtime::StepToken& token : step.tokens) {
      if (token.slot != last_slot) {
        if (token.slot != last_slot + 1) return broken("slot ", token.slot, " after ", last_slot);
        last_slot = token.slot;
        next_position = token.start;
      }
      if (token.position != next_position++) return broken("position ", token.position);
      if (token.position >= info_.max_context)
        return broken("position ", token.position, " beyond the context");
      if (token.token_id < 0 || token.token_id >= info_.vocabulary)
        return broken("token id ", token.token_id);
      const size_t index = token.position / info_.page_tokens;
      if (index >= step.page_tables.at(token.slot).size())
        return broken("no page for position ", token.position);
      const int32_t page = step.page_tables[token.slot][index];
      if (page < 0 || page >= info_.pages) return broken("page ", page);
      const auto [writer, is_new] = writers.emplace(page, token.slot);
      if (!is_new && writer->second != token.slot) return broken("page ", page, " written by two slots");
    }
    for (const runtime::StepToken& token : step.tokens) {
      const std::vector<int32_t>& table = step.page_tables[token.slot];
      for (size_t i = 0; i < table.size(); ++i) {
        const auto writer = writers.find(table[i]);
        if (writer != writers.end() && writer->second != token.slot)
          return broken("page ", table[i], " read by another");
      }
    }
    return absl::OkStatus();
  }

  runtime::DecoderInfo info_;
  std::vector<std::vector<int32_t>> memory_;
  std::vector<float> logits_;
};

// Token 0 ends a reply; tokens 1 and 2 are the halves of "é"; the others are letters and pairs of them.
class FakeVocabulary : public Vocabulary {
 public:
  explicit FakeVocabulary(uint32_t size) {
    for (uint32_t id = 0; id < size; ++id) {
      std::string piece = "<end>";
      if (id == 1) piece = "\xC3";
      if (id == 2) piece = "\xA9";
      if (id > 2) piece = std::string(1, static_cast<char>('a' + id % 5));
      if (id > 9) piece += static_cast<char>('a' + id % 3);
      pieces_.push_back(piece);
    }
  }
  uint32_t size() const override { return static_cast<uint32_t>(pieces_.size()); }
  std::string_view PieceBytes(uint32_t id) const override { return pieces_[id]; }
  bool IsControl(uint32_t id) const override { return id == 0; }
  std::span<const uint32_t> end_of_generation() const override { return ends_; }

 private:
  std::vector<std::string> pieces_;
  std::vector<uint32_t> ends_ = {0};
};

class RecordingSink : public ReplySink {
 public:
  bool Writable() const override { return writable; }
  void OnDelta(ReplyDelta delta) override {
    delta_after_done |= done;
    text += delta.text;
    token_ids.insert(token_ids.end(), delta.token_ids.begin(), delta.token_ids.end());
    logprobs.insert(logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
    prompt_logprobs.insert(prompt_logprobs.end(), delta.prompt_logprobs.begin(), delta.prompt_logprobs.end());
    if (on_delta) on_delta();
  }
  void OnDone(const absl::Status& end_status, const ReplySummary& end_summary) override {
    done_twice |= done;
    done = true;
    status = end_status;
    summary = end_summary;
    if (on_done) on_done();
  }

  bool writable = true;
  std::string text;
  std::vector<uint32_t> token_ids;
  std::vector<TokenLogprob> logprobs;
  std::vector<TokenLogprob> prompt_logprobs;
  bool done = false;
  bool done_twice = false;
  bool delta_after_done = false;
  absl::Status status;
  ReplySummary summary;
  std::function<void()> on_delta;
  std::function<void()> on_done;
};

}  // namespace streamtensor::server::testing
