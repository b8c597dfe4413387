// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/pre_tokenizer.h"

#include "server/tokenizer/unicode.h"

namespace streamtensor::server {

bool PreTokenizer::SplitValid(std::string_view text, size_t step, Word word) const {
  if (text.empty()) return true;
  if (step == splitters_.size()) return word(text);
  const artifact::Splitter& splitter = splitters_[step];
  size_t done = 0;
  const auto gap_until = [&](size_t end) {
    return splitter.drop_gaps || SplitValid(text.substr(done, end - done), step + 1, word);
  };
  const auto found = [&](size_t begin, size_t end) {
    if (!gap_until(begin)) return false;
    done = end;
    return splitter.drop_matches || SplitValid(text.substr(begin, end - begin), step + 1, word);
  };
  return splitter.pattern.ForEachMatch(text, found) && gap_until(text.size());
}

bool PreTokenizer::Split(std::string_view text, Word word) const {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    if (!SplitValid(text.substr(0, valid), 0, word)) return false;
    if (valid == text.size()) return true;
    if (!word(text.substr(valid, 1))) return false;
    text.remove_prefix(valid + 1);
  }
  return true;
}

}  // namespace streamtensor::server
