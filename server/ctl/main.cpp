// SPDX-License-Identifier: Apache-2.0
// streamtensorctl: client and operator tool.
#include <cstdio>
#include <string>

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
    "\n"
    "  --server HOST:PORT                 default 127.0.0.1:50051\n"
    "  --help, --version\n"
    "\n"
    "COMMAND --help tells its options. Exit codes: 0 good, 1 failed, 2 wrong usage.\n";

struct Command {
  const char* name;
  int (*run)(const std::string& server, const Words& arguments);
};
constexpr Command kCommands[] = {{"generate", &Generate}, {"chat", &Chat},   {"tokenize", &Tokenize},
                                 {"models", &Models},     {"cards", &Cards}, {"doctor", &Doctor}};

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

int main(int argc, char** argv) {
  std::string server = "127.0.0.1:50051";
  int i = 1;
  for (; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (argument == "--version") {
      std::puts("streamtensorctl " ST_VERSION);
      return 0;
    }
    if (argument.rfind("--server=", 0) == 0) {
      server = argument.substr(9);
    } else if (argument == "--server") {
      if (++i == argc) return Usage("--server needs HOST:PORT");
      server = argv[i];
    } else {
      break;
    }
  }
  if (i == argc) return Usage("a command is missing");
  Words words;
  const std::string name = argv[i];
  // --server may also stand behind the command.
  for (int k = i + 1; k < argc; ++k) {
    const std::string argument = argv[k];
    if (argument == "--server" && k + 1 < argc) {
      server = argv[++k];
    } else if (argument.rfind("--server=", 0) == 0) {
      server = argument.substr(9);
    } else {
      words.push_back(argument);
    }
  }
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(server, words);
  }
  return Usage("unknown command \"" + name + "\"");
}
