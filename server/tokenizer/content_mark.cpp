// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/content_mark.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/status_macros.h"

namespace streamtensor::server {
namespace {

// U+FDD0 to U+FDEF: noncharacters, valid in UTF-8 but meant for a program's own use.
constexpr int kFirstMark = 0x90;
constexpr int kMarks = 32;

std::string MarkNumber(int i) { return {'\xef', '\xb7', static_cast<char>(kFirstMark + i)}; }

class Marker {
 public:
  Marker(const Tokenizer& tokenizer, const ChatTemplate& chat_template, std::string_view mark,
         PolledWork::Poll poll)
      : tokenizer_(tokenizer), template_(chat_template), mark_(mark), work_(std::move(poll)) {}

  absl::StatusOr<std::string> Mark(std::string_view content) {
    std::string marked;
    size_t done = 0;
    for (size_t at = 0; at < content.size(); ++at) {
      RETURN_IF_ERROR(work_.Spend(std::exchange(searched_bytes_, 0) + 1));
      const Tokenizer::ControlMatch match = tokenizer_.MatchControl(content.substr(at));
      if (match.bytes == 0 || (!match.is_whole && IsOfTemplate(content.substr(at, match.bytes + 1))))
        continue;
      size_t end = at + 1;
      while (end < content.size() && (static_cast<unsigned char>(content[end]) & 0xc0) == 0x80) ++end;
      marked.append(content.substr(done, end - done));
      marked += mark_;
      done = end;
      at = end - 1;
    }
    marked.append(content.substr(done));
    return marked;
  }

 private:
  // Remembered: a content may hold the same beginning a million times.
  bool IsOfTemplate(std::string_view beginning) {
    const auto [known, is_new] = is_of_template_.try_emplace(beginning, false);
    if (is_new) {
      known->second = template_.SourceHas(beginning);
      searched_bytes_ += template_.source_bytes();
    }
    return known->second;
  }

  const Tokenizer& tokenizer_;
  const ChatTemplate& template_;
  const std::string_view mark_;
  absl::flat_hash_map<std::string_view, bool> is_of_template_;
  PolledWork work_;
  size_t searched_bytes_ = 0;  // of the template, not yet accounted for
};

}  // namespace

absl::StatusOr<MarkedMessages> MarkContents(std::span<const ChatMessage> messages, const Tokenizer& tokenizer,
                                            const ChatTemplate& chat_template, PolledWork::Poll poll) {
  MarkedMessages marked;
  for (int i = 0; i < kMarks && marked.mark.empty(); ++i) {
    const std::string mark = MarkNumber(i);
    const bool is_used = std::ranges::any_of(messages, [&](const ChatMessage& message) {
      return message.content.find(mark) != std::string::npos;
    });
    if (!is_used && !chat_template.SourceHas(mark)) marked.mark = mark;
  }
  if (marked.mark.empty()) {
    return absl::InvalidArgumentError("chat: the messages hold all of the noncharacters U+FDD0 to U+FDEF");
  }
  Marker marker(tokenizer, chat_template, marked.mark, std::move(poll));
  for (const ChatMessage& message : messages) {
    ASSIGN_OR_RETURN(std::string content, marker.Mark(message.content));
    marked.messages.push_back({message.role, std::move(content)});
  }
  return marked;
}

}  // namespace streamtensor::server
