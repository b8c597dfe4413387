// SPDX-License-Identifier: Apache-2.0
// run: from a model file to an answer, without a daemon that runs already.
#include <signal.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/printable.h"
#include "server/ctl/commands.h"
#include "server/ctl/conversation.h"
#include "server/ctl/local_daemon.h"
#include "server/ctl/reply_report.h"
#include "server/ctl/reply_stream.h"
#include "server/ctl/terminal_style.h"
#include "server/ctl/text_options.h"

namespace streamtensor::ctl {
namespace {

// A model without a chat template seldom ends a text.
constexpr uint32_t kDefaultContinuationTokens = 128;

struct RunOptions {
  ChatOptions chat;
  std::string model;
  std::string prompt;
};

std::string StageOf(const v1::Model& model) {
  if (model.state() != v1::MODEL_STATE_COMPILING) return "loading";
  return model.stage().empty() ? "compiling" : absl::StrCat("compiling: ", model.stage());
}

int Continue(const Client& client, const RunOptions& options, Interrupts& interrupts) {
  v1::GenerateRequest request;
  options.chat.reply.Write(request);
  if (!options.chat.reply.max_tokens) {
    request.mutable_stopping()->set_max_tokens(kDefaultContinuationTokens);
  }
  request.set_prompt(options.prompt);
  FinishedReply reply;
  const CallOptions call = {options.chat.reply.timeout_seconds.value_or(0), "", &interrupts};
  const grpc::Status status = StreamReply(client, request, call, &Print, reply);
  Print("\n");
  if (interrupts.Take() != 0) return 128 + SIGINT;
  if (!status.ok()) return Fail(status, client);
  if (options.chat.reply.stats) std::fputs(ReportAsText(reply, client).c_str(), stderr);
  return 0;
}

int Run(const base::Program& program, RunOptions options) {
  if (options.prompt == "-") options.prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (!base::IsUtf8(options.prompt)) return program.WrongUsage("the prompt is not valid UTF-8");

  Interrupts interrupts({SIGINT, SIGTERM, SIGHUP});
  const absl::StatusOr<std::unique_ptr<LocalDaemon>> daemon = LocalDaemon::Start(options.model);
  if (!daemon.ok()) return Fail(std::string(daemon.status().message()));
  absl::StatusOr<v1::Model> model = absl::UnknownError("");
  {
    StatusLine progress(StatusLine::Elsewhere::kStages);
    model = (*daemon)->WaitUntilReady(interrupts, [&](const v1::Model& now) {
      const bool compiling = now.state() == v1::MODEL_STATE_COMPILING;
      progress.Show(StageOf(now), compiling ? absl::StrFormat("(%.0f %%)", now.progress() * 100) : "");
    });
  }
  if (absl::IsCancelled(model.status())) return 128 + interrupts.Take();
  if (!model.ok()) return Fail(std::string(model.status().message()));

  const Client client((*daemon)->target());
  options.chat.reply.model = model->name();
  if (!model->chat()) {
    if (options.prompt.empty()) {
      return Fail(absl::StrCat(model->name(), " has no chat template; give a PROMPT that it continues"));
    }
    return Continue(client, options, interrupts);
  }
  return options.prompt.empty() ? Converse(client, options.chat, interrupts)
                                : AskOnce(client, options.chat, options.prompt, interrupts);
}

}  // namespace

void AddRunCommand(base::Program& program) {
  auto options = std::make_shared<RunOptions>();
  CLI::App& app = program.AddCommand("run", "Ask a model file: compiles it if needed, answers and stops",
                                     [&program, options] { return Run(program, *options); });
  app.add_option("MODEL", options->model, "A .gguf file, a Hugging Face folder, or a compiled artifact")
      ->required();
  app.add_option("PROMPT", options->prompt, "The question; \"-\" reads it from stdin. Without it: a chat")
      ->check(Utf8());
  app.add_option("--system", options->chat.system, "What the assistant is told first")
      ->type_name("TEXT")
      ->check(Utf8());
  options->chat.reply.AddTo(app);
  app.footer(absl::StrCat(
      "Runs a streamtensord of its own on an emulated U55C; the daemon at --server is not asked. A model "
      "without a\nchat template continues PROMPT, by ",
      kDefaultContinuationTokens, " tokens unless --max-tokens says otherwise."));
  base::AddExamples(app, {"streamtensorctl run model.gguf 'Why is the sky blue?' --max-tokens 40"});
}

}  // namespace streamtensor::ctl
