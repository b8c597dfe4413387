// SPDX-License-Identifier: Apache-2.0
// streamtensorctl: client and operator tool.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/ctl/arguments.h"
#include "server/ctl/commands.h"

namespace {

using namespace streamtensor::ctl;

constexpr char kHelp[] =
    "Usage: streamtensorctl [--server HOST:PORT] COMMAND [OPTION...]\n"
    "\n"
    "  generate --model M --prompt TEXT   continue a text; it streams to stdout\n"
    "  chat --model M                     talk: each line of stdin is a turn\n"
    "  tokenize --model M TEXT            the ids of a text\n"
    "  models [--json]                    what is served, and its state\n"
    "  cards [--json]                     the cards, their load and sensors\n"
    "  doctor                             check this host and say what to do\n"
    "  bench --model M                    measure latency and throughput under load\n"
    "\n"
    "  --server HOST:PORT                 default 127.0.0.1:50051\n"
    "  --token-file FILE                  holds the bearer token to send\n"
    "  --tls-ca FILE                      connect by TLS; who signed the daemon's certificate (PEM)\n"
    "  --help, --version\n"
    "\n"
    "COMMAND --help tells its options. Exit codes: 0 good, 1 failed, 2 wrong usage.\n";

struct Command {
  const char* name;
  int (*run)(const Target& target, const Words& arguments);
};
constexpr Command kCommands[] = {{"generate", &Generate}, {"chat", &Chat},   {"tokenize", &Tokenize},
                                 {"models", &Models},     {"cards", &Cards}, {"doctor", &Doctor},
                                 {"bench", &Bench}};

int Usage(const std::string& what) {
  std::fprintf(stderr, "streamtensorctl: %s; see streamtensorctl --help\n", what.c_str());
  return 2;
}

}  // namespace

int streamtensor::ctl::WrongUsage(const std::string& command, const std::string& message) {
  std::fprintf(stderr, "streamtensorctl %s: %s; see streamtensorctl %s --help\n", command.c_str(),
               message.c_str(), command.c_str());
  return 2;
}

namespace {

bool IsAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  return colon != std::string::npos && colon > 0 && text.find('/') == std::string::npos &&
         absl::SimpleAtoi(text.substr(colon + 1), &port) && port > 0 && port < 65536;
}

// Options that every command takes, wherever they stand. Takes them out of `words`.
absl::Status TakeCommonOptions(Words& words, Target& target) {
  Words rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      rest.insert(rest.end(), words.begin() + i, words.end());
      break;
    }
    const std::string name = word.substr(0, word.find('='));
    if (name != "--server" && name != "--token-file" && name != "--tls-ca") {
      rest.push_back(word);
      continue;
    }
    std::string value;
    if (name != word) {
      value = word.substr(name.size() + 1);
    } else if (++i < words.size()) {
      value = words[i];
    } else {
      return absl::InvalidArgumentError(name + (name == "--server" ? " needs HOST:PORT" : " needs a file"));
    }
    if (name == "--server") {
      if (!IsAddress(value)) {
        return absl::InvalidArgumentError(
            absl::StrCat("--server is \"", value, "\"; HOST:PORT is needed, such as 127.0.0.1:50051"));
      }
      target.server = value;
      continue;
    }
    std::ifstream file(value);
    std::ostringstream read;
    read << file.rdbuf();  // no exception, whatever the path names
    const std::string text = read.str();
    if (!file.is_open() || text.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": ", value, " can not be read, or is empty"));
    }
    if (name == "--tls-ca") {
      target.tls_ca = text;
    } else {
      target.token = std::string(absl::StripAsciiWhitespace(text));
      if (target.token.empty() || !IsPrintable(target.token)) {
        return absl::InvalidArgumentError(
            absl::StrCat(name, ": ", value, " holds no token: one line of printable ASCII is needed"));
      }
    }
  }
  words = std::move(rest);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  Words words(argv + 1, argv + argc);
  Target target;
  if (const absl::Status status = TakeCommonOptions(words, target); !status.ok()) {
    return Usage(std::string(status.message()));
  }
  if (words.empty()) return Usage("a command is missing");
  const std::string name = words.front();
  words.erase(words.begin());
  if (name == "--help" || name == "-h") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (name == "--version") {
    std::puts("streamtensorctl " ST_VERSION);
    return 0;
  }
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(target, words);
  }
  return Usage(absl::StrCat("unknown ", name.front() == '-' ? "option" : "command", " \"", name, "\""));
}
