// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/step_descriptor.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kernels/contract/descriptor.h"

namespace streamtensor::runtime {
namespace {

template <class... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("step: ", parts...));
}

// Positions that a slot's tokens take in a step.
struct SlotRange {
  int32_t slot;
  int32_t start;
  int32_t last;
};

absl::Status CheckTokens(const Step& step, const StepLimits& limits, std::vector<SlotRange>* ranges) {
  const auto tokens = static_cast<int32_t>(step.tokens.size());
  if (tokens < 1 || tokens > limits.step_tokens) {
    return Invalid("tokens has ", tokens, " entries, must have 1..", limits.step_tokens);
  }
  int32_t wanted = 0;
  std::vector<bool> ended(static_cast<std::size_t>(limits.step_tokens));
  for (int32_t t = 0; t < tokens; ++t) {
    const StepToken& token = step.tokens[static_cast<std::size_t>(t)];
    const auto range = [&](const char* field, int32_t value, int32_t low, int32_t high) {
      return value >= low && value <= high
                 ? absl::OkStatus()
                 : Invalid("tokens[", t, "].", field, " is ", value, ", must be ", low, "..", high);
    };
    const int32_t tables = std::min(static_cast<int32_t>(step.page_tables.size()), limits.step_tokens);
    RETURN_IF_ERROR(range("token_id", token.token_id, 0, limits.vocabulary - 1));
    RETURN_IF_ERROR(range("slot", token.slot, 0, tables - 1));
    RETURN_IF_ERROR(range("position", token.position, 0, limits.max_context - 1));
    RETURN_IF_ERROR(range("start", token.start, 0, token.position));
    wanted += token.wants_logits;
    if (!ranges->empty() && ranges->back().slot == token.slot) {
      SlotRange& slot = ranges->back();
      if (token.start != slot.start) {
        return Invalid("tokens[", t, "].start is ", token.start, ", must be ", slot.start,
                       " as for the slot's other tokens");
      }
      if (token.position != slot.last + 1) {
        return Invalid("tokens[", t, "].position is ", token.position, ", must be ", slot.last + 1,
                       ": positions of a slot ascend by one");
      }
      slot.last = token.position;
      continue;
    }
    if (ended[static_cast<std::size_t>(token.slot)]) {
      return Invalid("tokens[", t, "].slot is ", token.slot,
                     ", whose tokens ended before: a slot's tokens are consecutive");
    }
    if (token.position != token.start) {
      return Invalid("tokens[", t, "].position is ", token.position, ", must be ", token.start,
                     ": the slot's first token in a step is at `start`");
    }
    ended[static_cast<std::size_t>(token.slot)] = true;
    ranges->push_back({token.slot, token.start, token.position});
  }
  if (wanted > limits.step_logits) {
    return Invalid(wanted, " tokens want logits, at most ", limits.step_logits, " may");
  }
  return absl::OkStatus();
}

// Checks that every page exists and that a written page appears only once: not in another slot, which would
// read or write it in the same launch, and not twice in this slot.
absl::Status CheckPages(const Step& step, const StepLimits& limits, const std::vector<SlotRange>& ranges) {
  struct Use {
    int32_t slot;
    int32_t logical;
    bool written;
  };
  std::unordered_map<int32_t, Use> uses;
  for (const SlotRange& range : ranges) {
    const std::vector<int32_t>& table = step.page_tables[static_cast<std::size_t>(range.slot)];
    const int32_t needed = range.last / limits.page_tokens + 1;
    const auto entries = static_cast<int64_t>(table.size());
    if (entries < needed || entries > limits.max_pages) {
      return Invalid("page_tables[", range.slot, "] has ", entries, " entries, must have ", needed, "..",
                     limits.max_pages);
    }
    for (int32_t i = 0; i < needed; ++i) {
      const int32_t page = table[static_cast<std::size_t>(i)];
      if (page < 0 || page >= limits.pages) {
        return Invalid("page_tables[", range.slot, "][", i, "] is ", page, ", must be 0..", limits.pages - 1);
      }
      const Use use = {range.slot, i, i >= range.start / limits.page_tokens};
      const auto [before, fresh] = uses.try_emplace(page, use);
      if (!fresh && (use.written || before->second.written)) {
        return Invalid("page ", page, " is page_tables[", before->second.slot, "][", before->second.logical,
                       "] and page_tables[", use.slot, "][", use.logical,
                       "]; a page that this step writes may stand only once");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStep(const Step& step, const StepLimits& limits) {
  std::vector<SlotRange> ranges;
  RETURN_IF_ERROR(CheckTokens(step, limits, &ranges));
  return CheckPages(step, limits, ranges);
}

uint64_t DescriptorWords(const StepLimits& limits) {
  const auto tokens = static_cast<uint64_t>(limits.step_tokens);
  return contract::DescriptorWords(tokens, static_cast<uint64_t>(limits.max_pages));
}

void WriteDescriptor(const Step& step, const StepLimits& limits, std::span<uint32_t> words) {
  std::fill(words.begin(), words.end(), 0u);
  words[contract::kDescriptorMagicWord] = contract::kDescriptorMagic;
  words[contract::kDescriptorVersionWord] = contract::kDescriptorVersion;
  words[contract::kDescriptorTokensWord] = static_cast<uint32_t>(step.tokens.size());
  words[contract::kDescriptorLogitsWord] = static_cast<uint32_t>(std::count_if(
      step.tokens.begin(), step.tokens.end(), [](const StepToken& t) { return t.wants_logits; }));
  words[contract::kDescriptorPagesWord] = static_cast<uint32_t>(limits.pages);
  words[contract::kDescriptorMaxPagesWord] = static_cast<uint32_t>(limits.max_pages);
  const auto tables = contract::DescriptorPageTableOffset(static_cast<std::size_t>(limits.step_tokens));
  std::span<uint32_t> at = words.subspan(contract::kDescriptorHeaderWords);
  for (const StepToken& token : step.tokens) {
    at[contract::kTokenIdWord] = static_cast<uint32_t>(token.token_id);
    at[contract::kTokenSlotWord] = static_cast<uint32_t>(token.slot);
    at[contract::kTokenPositionWord] = static_cast<uint32_t>(token.position);
    at[contract::kTokenStartWord] = static_cast<uint32_t>(token.start);
    at[contract::kTokenFlagsWord] = token.wants_logits ? contract::kWantsLogitsFlag : 0;
    at = at.subspan(contract::kDescriptorTokenWords);
    // Each token writes the pages up to its own; the last of a slot covers them all.
    const std::vector<int32_t>& table = step.page_tables[static_cast<std::size_t>(token.slot)];
    const std::size_t row =
        tables + static_cast<std::size_t>(token.slot) * static_cast<std::size_t>(limits.max_pages);
    for (int32_t i = 0; i <= token.position / limits.page_tokens; ++i) {
      words[row + static_cast<std::size_t>(i)] = static_cast<uint32_t>(table[static_cast<std::size_t>(i)]);
    }
  }
}

void WriteRowsDescriptor(int32_t rows, std::span<uint32_t> words) {
  std::fill(words.begin(), words.end(), 0u);
  words[contract::kDescriptorMagicWord] = contract::kDescriptorMagic;
  words[contract::kDescriptorVersionWord] = contract::kDescriptorVersion;
  words[contract::kDescriptorTokensWord] = static_cast<uint32_t>(rows);
}

absl::Status CheckStatus(std::span<const uint32_t> status) {
  // Of the codes after kStatusDone, in their order.
  static constexpr const char* kNames[] = {
      "magic or version", "T",     "W",    "token id", "slot",
      "position",         "start", "page", "M",        "a word or flag that must be 0"};
  static_assert(contract::kStatusDone + 1 + std::size(kNames) == contract::kStatusCodesEnd,
                "each code has a name");
  const uint32_t code = status[contract::kStatusCodeWord];
  if (code == contract::kStatusDone) return absl::OkStatus();
  if (code == contract::kStatusCleared) {
    return absl::UnavailableError("the card ended the run without writing its status");
  }
  if (code < contract::kStatusDone || code >= contract::kStatusCodesEnd) {
    return absl::UnavailableError(absl::StrCat("the card ended the run with the unknown status ", code));
  }
  return absl::UnavailableError(absl::StrCat(
      "the card refused the step: ", kNames[code - contract::kStatusDone - 1], " at index ",
      status[contract::kStatusIndexWord], " is ", static_cast<int32_t>(status[contract::kStatusValueWord])));
}

artifact::StepShape ShapeOf(const Step& step, int32_t page_tokens) {
  artifact::StepShape shape;
  shape.tokens = static_cast<uint32_t>(step.tokens.size());
  for (const StepToken& token : step.tokens) {
    shape.logits += token.wants_logits;
    shape.context_pages += static_cast<uint64_t>((token.start + page_tokens - 1) / page_tokens);
  }
  return shape;
}

}  // namespace streamtensor::runtime
