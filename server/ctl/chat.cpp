// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <memory>

#include "server/ctl/commands.h"
#include "server/ctl/conversation.h"
#include "server/ctl/text_options.h"

namespace streamtensor::ctl {
namespace {

int Chat(const Target& target, const ChatOptions& options) {
  Interrupts interrupts({SIGINT});
  return Converse(Client(target), options, interrupts);
}

}  // namespace

void AddChatCommand(base::Program& program, const Target& target) {
  auto options = std::make_shared<ChatOptions>();
  CLI::App& app = program.AddCommand("chat", "Talk to a model: each line of stdin is a turn",
                                     [&target, options] { return Chat(target, *options); });
  app.add_option("--system", options->system, "What the assistant is told first")
      ->type_name("TEXT")
      ->check(Utf8());
  options->reply.AddModelTo(app);
  options->reply.AddTo(app);
  app.footer(
      "On a terminal lines can be edited and recalled, Ctrl-C stops a reply, and /help lists commands.");
  base::AddExamples(app, {"streamtensorctl chat --model my-model --system 'Answer in one sentence.'"});
}

}  // namespace streamtensor::ctl
