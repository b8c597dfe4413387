// SPDX-License-Identifier: Apache-2.0
// generate: text streams to stdout as it comes.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "base/printable.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"
#include "server/ctl/reply_options.h"
#include "server/ctl/reply_report.h"
#include "server/ctl/reply_stream.h"
#include "server/ctl/text_options.h"

namespace streamtensor::ctl {
namespace {

struct GenerateOptions {
  ReplyOptions reply;
  std::string prompt;
  bool json = false;
};

int Generate(const base::Program& program, const Target& target, const GenerateOptions& options) {
  std::string prompt = options.prompt;
  if (prompt == "-") prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (prompt.empty()) return program.WrongUsage("the prompt is empty");
  if (!base::IsUtf8(prompt)) return program.WrongUsage("the prompt is not valid UTF-8");

  const Client client(target);
  v1::GenerateRequest request;
  options.reply.Write(request);
  request.set_prompt(prompt);
  FinishedReply reply;
  const CallOptions call = {options.reply.timeout_seconds.value_or(0), options.reply.request_id};
  const grpc::Status status = StreamReply(
      client, request, call,
      [&options](const std::string& text) {
        if (!options.json) Print(text);
      },
      reply);
  if (!options.json && !reply.response.text().empty()) Print("\n");
  if (!status.ok()) return Fail(status, client);
  if (options.json) Print(ReportAsJson(reply).dump(2) + "\n");
  if (options.reply.stats) std::fputs(ReportAsText(reply, client).c_str(), stderr);
  return 0;
}

}  // namespace

void AddGenerateCommand(base::Program& program, const Target& target) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App& app =
      program.AddCommand("generate", "Continue a text; it streams to stdout",
                         [&program, &target, options] { return Generate(program, target, *options); });
  app.add_option("--prompt", options->prompt, "The text to continue; \"-\" reads it from stdin")
      ->type_name("TEXT")
      ->required()
      ->check(Utf8());
  app.add_flag("--json", options->json, "Print one object at the end instead of the text");
  options->reply.AddModelTo(app);
  options->reply.AddLogprobsTo(app);
  options->reply.AddTo(app);
  base::AddExamples(
      app, {"streamtensorctl generate --model my-model --prompt 'Once upon a time' --max-tokens 40 --stats",
            "echo 'Once upon a time' | streamtensorctl generate --model my-model --prompt - --max-tokens 40 "
            "--json"});
}

}  // namespace streamtensor::ctl
