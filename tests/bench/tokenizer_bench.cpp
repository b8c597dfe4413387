// SPDX-License-Identifier: Apache-2.0
// Times the tokenizer on worst-case texts: the seconds that a prompt of the given size occupies a thread
// without limits.
// Usage: tokenizer_bench MODEL [BYTES]
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "compiler/frontend/checkpoint.h"
#include "server/tokenizer/chat_template.h"
#include "server/tokenizer/content_mark.h"
#include "server/tokenizer/tokenizer.h"

namespace {

using namespace streamtensor;

constexpr size_t kDefaultBytes = 4 << 20;
constexpr uint32_t kSeed = 1;

template <class T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "tokenizer_bench: %s\n", value.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(value);
}

std::string Repeated(const std::string& unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  text.resize(bytes);
  return text;
}

// `draw` appends one piece of the text.
template <class Draw>
std::string Drawn(size_t bytes, Draw draw) {
  std::mt19937 random(kSeed);
  std::string text;
  while (text.size() < bytes) draw(random, text);
  text.resize(bytes);
  return text;
}

void AppendUtf8(uint32_t character, std::string& text) {
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += {static_cast<char>(0xc0 | character >> 6), static_cast<char>(0x80 | (character & 0x3f))};
  } else {
    text += {static_cast<char>(0xe0 | character >> 12), static_cast<char>(0x80 | (character >> 6 & 0x3f)),
             static_cast<char>(0x80 | (character & 0x3f))};
  }
}

std::vector<std::pair<const char*, std::string>> Texts(size_t bytes) {
  const auto letters = [](std::mt19937& random, std::string& text) {
    text += static_cast<char>('a' + random() % 26);
  };
  const auto unicode = [](std::mt19937& random, std::string& text) {
    AppendUtf8(0x20 + random() % 0xd000, text);
  };
  const auto octets = [](std::mt19937& random, std::string& text) { text += static_cast<char>(random()); };
  return {
      {"English", Repeated("The quick brown fox jumps over the lazy dog, and 12 more of them do. ", bytes)},
      {"spaces", Repeated(" ", bytes)},
      {"line ends", Repeated("\n", bytes)},
      {"spaces and tabs", Repeated(" \t", bytes)},
      {"one letter", Repeated("a", bytes)},
      {"'<'", Repeated("<", bytes)},
      {"'<|im_'", Repeated("<|im_", bytes)},
      {"digits", Repeated("1234567890", bytes)},
      {"letters", Drawn(bytes, letters)},
      {"one long mark", "e" + Repeated("\xcc\x81\xcc\xa3", bytes)},
      {"Kelvin signs", Repeated("\xe2\x84\xaa", bytes)},
      {"combining marks", Repeated("e\xcc\x81\xcc\xa3", bytes)},
      {"unicode", Drawn(bytes, unicode)},
      {"bytes", Drawn(bytes, octets)}};
}

template <class Work>
double SecondsOf(Work work) {
  const absl::Time start = absl::Now();
  work();
  return absl::ToDoubleSeconds(absl::Now() - start);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t bytes = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : kDefaultBytes;
  if (argc < 2 || argc > 3 || bytes == 0) {
    std::fprintf(stderr, "usage: tokenizer_bench MODEL [BYTES]\n");
    return 2;
  }
  const auto checkpoint = OrDie(compiler::OpenCheckpoint(argv[1]));
  const artifact::v1::Tokenizer message = OrDie(checkpoint->tokenizer());
  artifact::v1::Tokenizer composing_message = message;
  composing_message.set_compose(true);
  const auto tokenizer = OrDie(server::Tokenizer::Create(message));
  const auto composing = OrDie(server::Tokenizer::Create(composing_message));
  const auto chat = OrDie(server::ChatTemplate::Create(message.chat_template()));
  std::printf("%zu bytes each, seed %u\n%-16s %10s %10s %10s %10s\n", bytes, kSeed, "text", "tokens",
              "encode s", "composed s", "chat s");
  for (const auto& [name, text] : Texts(bytes)) {
    size_t tokens = 0;
    const double encode =
        SecondsOf([&] { tokens = tokenizer->Encode(text, /*parse_special=*/false).size(); });
    const double composed = SecondsOf([&] { composing->Encode(text, /*parse_special=*/false); });
    const double in_chat = SecondsOf([&] {
      const std::vector<server::ChatMessage> messages = {{"user", text}};
      const auto marked = OrDie(server::MarkContents(messages, *tokenizer, *chat));
      const auto rendered = chat->Render(marked.messages, true, "", "");
      if (rendered.ok()) OrDie(tokenizer->EncodeMarked(*rendered, marked.mark, {}));
    });
    std::printf("%-16s %10zu %10.3f %10.3f %10.3f\n", name, tokens, encode, composed, in_chat);
  }
}
