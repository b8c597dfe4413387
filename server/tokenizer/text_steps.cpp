// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/text_steps.h"

#include <algorithm>
#include <cstddef>

#include "server/tokenizer/unicode.h"

namespace streamtensor::server {
namespace {

using artifact::Charsmap;
using artifact::v1::TextStep;

std::string Mapped(std::string_view text, const Charsmap& map) {
  std::string mapped;
  mapped.reserve(text.size());
  while (!text.empty()) {
    size_t length = CharacterBytes(text);
    if (const auto match = map.Longest(text); match.has_value()) {
      mapped += match->text;
      length = match->bytes;
    } else {
      mapped += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return mapped;
}

// The Hugging Face library looks for clusters and characters, and takes the first prefix of each that it
// finds for all of it.
std::string MappedByGrapheme(std::string_view text, const Charsmap& map) {
  constexpr size_t kMaxClusterBytes = 5;
  std::string mapped;
  mapped.reserve(text.size());
  while (!text.empty()) {
    std::string_view cluster = text.substr(0, GraphemeBytes(text));
    text.remove_prefix(cluster.size());
    if (cluster.size() <= kMaxClusterBytes) {
      if (const auto match = map.Shortest(cluster); match.has_value()) {
        mapped += match->text;
        continue;
      }
    }
    while (!cluster.empty()) {
      const std::string_view character = cluster.substr(0, CharacterBytes(cluster));
      const auto match = map.Shortest(character);
      mapped += match.has_value() ? match->text : character;
      cluster.remove_prefix(character.size());
    }
  }
  return mapped;
}

std::string Replaced(std::string_view text, const artifact::SplitPattern& pattern, std::string_view by) {
  std::string replaced;
  replaced.reserve(text.size());
  size_t done = 0;
  pattern.ForEachMatch(text, [&](size_t begin, size_t end) {
    replaced.append(text.substr(done, begin - done)).append(by);
    done = end;
    return true;
  });
  return replaced.append(text.substr(done));
}

// Of valid UTF-8.
std::string AfterStep(const artifact::CheckedStep& checked, std::string_view text) {
  const TextStep& step = checked.step;
  switch (step.step_case()) {
    case TextStep::kForm: {
      const bool compatible = step.form() == TextStep::FORM_KC || step.form() == TextStep::FORM_KD;
      const bool composed = step.form() == TextStep::FORM_C || step.form() == TextStep::FORM_KC;
      return NormalisedText(text, {.compatible = compatible, .composed = composed});
    }
    case TextStep::kDropMarks:
      return TextWithoutMarks(text,
                              step.drop_marks() == TextStep::MARKS_ALL ? Marks::kAll : Marks::kNonspacing);
    case TextStep::kLowercase:
      return LowercaseText(text);
    case TextStep::kClean:
      return CleanText(text);
    case TextStep::kSpaceIdeographs:
      return TextWithSpacedIdeographs(text);
    case TextStep::kCharsmap:
      return step.charsmap().by_grapheme() ? MappedByGrapheme(text, *checked.charsmap)
                                           : Mapped(text, *checked.charsmap);
    case TextStep::kReplace:
      return Replaced(text, *checked.pattern, step.replace().text());
    default:
      return std::string(text);
  }
}

// Of any bytes: a step may also make some that are not UTF-8.
std::string AfterStepOfBytes(const artifact::CheckedStep& step, std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    result += AfterStep(step, text.substr(0, valid));
    if (valid < text.size()) result += text[valid];
    text.remove_prefix(std::min(text.size(), valid + 1));
  }
  return result;
}

}  // namespace

std::string TextSteps::Apply(std::string_view text) const {
  std::string result(text);
  for (const artifact::CheckedStep& step : steps_) result = AfterStepOfBytes(step, result);
  return result;
}

}  // namespace streamtensor::server
