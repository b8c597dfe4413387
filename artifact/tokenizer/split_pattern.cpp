// SPDX-License-Identifier: Apache-2.0
#include "artifact/tokenizer/split_pattern.h"

#include "absl/strings/str_cat.h"

namespace streamtensor::artifact {
namespace {

constexpr size_t kMaxPatternBytes = size_t{1} << 16;
// Per match: a model's own pattern must not keep a request busy forever.
constexpr uint32_t kMaxMatchSteps = 10'000'000;
constexpr uint32_t kMaxMatchKib = 64 << 10;

}  // namespace

absl::StatusOr<SplitPattern> SplitPattern::Create(std::string_view source) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_max_pattern_length(context.get(), kMaxPatternBytes);
  int error = 0;
  PCRE2_SIZE offset = 0;
  SplitPattern pattern;
  pattern.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(),
                                    PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                    context.get()));
  if (pattern.code_ == nullptr) {
    PCRE2_UCHAR text[128] = {};
    pcre2_get_error_message(error, text, sizeof(text));
    return absl::InvalidArgumentError(
        absl::StrCat("is not a valid pattern: ", reinterpret_cast<const char*>(text), " at byte ", offset));
  }
  // Falls back to interpretation where the machine forbids writable code; the words are the same.
  pcre2_jit_compile(pattern.code_.get(), PCRE2_JIT_COMPLETE);
  pattern.limits_.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(pattern.limits_.get(), kMaxMatchSteps);
  pcre2_set_heap_limit(pattern.limits_.get(), kMaxMatchKib);
  return pattern;
}

}  // namespace streamtensor::artifact
