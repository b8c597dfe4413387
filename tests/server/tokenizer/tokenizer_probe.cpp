// SPDX-License-Identifier: Apache-2.0
// Answers one JSON request a line on stdin with one JSON line on stdout, for tests in Python:
//   {"encode": HEX, "special": BOOL}  ->  {"ids": [...]}
//   {"decode": [...]}                 ->  {"raw": HEX}
//   {"stream": [...]}                 ->  {"text": "..."}   ids passed one by one through Utf8Stream
//   {"chat": [[role, content]...]}    ->  {"text": "...", "ids": [...]}
// Usage: tokenizer_probe MODEL
#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/escaping.h"
#include "compiler/frontend/checkpoint.h"
#include "nlohmann/json.hpp"
#include "server/tokenizer/chat_template.h"
#include "server/tokenizer/tokenizer.h"

namespace {

using nlohmann::json;
using namespace streamtensor;

template <class T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "tokenizer_probe: %s\n", value.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(value);
}

json Answer(const json& request, const server::Tokenizer& tokenizer, const server::ChatTemplate& chat) {
  if (request.contains("encode")) {
    const std::string text = absl::HexStringToBytes(request["encode"].get<std::string>());
    return {{"ids", tokenizer.Encode(text, request.value("special", false))}};
  }
  if (request.contains("decode")) {
    const auto ids = request["decode"].get<std::vector<uint32_t>>();
    return {{"raw", absl::BytesToHexString(OrDie(tokenizer.Decode(ids)))}};
  }
  if (request.contains("stream")) {
    server::Utf8Stream stream;
    json parts = json::array();
    for (uint32_t id : request["stream"]) parts.push_back(stream.Push(tokenizer.PieceBytes(id)));
    parts.push_back(stream.Finish());
    return {{"parts", parts}};
  }
  std::vector<server::ChatMessage> turns;
  for (const json& turn : request["chat"]) turns.push_back({turn[0], turn[1]});
  const std::string text = OrDie(chat.Render(turns, true, "<|im_start|>", "<|im_end|>"));
  return {{"text", text}, {"ids", tokenizer.Encode(text, true)}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tokenizer_probe MODEL\n");
    return 2;
  }
  const auto checkpoint = OrDie(compiler::OpenCheckpoint(argv[1]));
  const artifact::v1::Tokenizer message = OrDie(checkpoint->tokenizer());
  const auto tokenizer = OrDie(server::Tokenizer::Create(message));
  const auto chat = OrDie(server::ChatTemplate::Create(message.chat_template()));
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << Answer(json::parse(line), *tokenizer, *chat).dump() << std::endl;
  }
}
