// SPDX-License-Identifier: Apache-2.0
// generate and chat: text streams to stdout as it comes.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/option_checks.h"
#include "base/printable.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"
#include "server/ctl/reply_report.h"
#include "server/ctl/text_options.h"
#include "server/generation/request_id.h"

namespace streamtensor::ctl {
namespace {

// What both commands take.
struct ReplyOptions {
  std::string model;
  std::optional<uint32_t> max_tokens, min_tokens, top_k, logprobs;
  std::optional<float> temperature, top_p, min_p, repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<uint64_t> seed;
  std::optional<float> timeout_seconds;
  std::string request_id;
  std::vector<std::string> stop;
  bool ignore_eos = false;
  bool stats = false;

  void AddTo(CLI::App& app) {
    app.add_option("--model", model, "The model (streamtensorctl models lists them)")
        ->type_name("NAME")
        ->required()
        ->check(Utf8());
    app.add_option("--timeout", timeout_seconds, "Give up after so long")
        ->type_name("SECONDS")
        ->check(base::PositiveNumber());
    app.add_option("--request-id", request_id, "Name of the request in the daemon's log (default: made up)")
        ->type_name("ID")
        ->check(RequestId());
    app.add_flag("--stats", stats, "Print TTFT and rates on stderr at the end");
    AddSamplingTo(app);
    AddStoppingTo(app);
  }

  void AddSamplingTo(CLI::App& app) {
    constexpr char kGroup[] = "Sampling";
    auto number = [&](const char* name, std::optional<float>& value, const char* unit, const char* help) {
      app.add_option(name, value, help)->type_name(unit)->check(base::Number())->group(kGroup);
    };
    number("--temperature", temperature, "T", "0 is greedy (default 1)");
    app.add_option("--top-k", top_k, "Sample from the K most likely tokens; 0: off")
        ->type_name("K")
        ->check(CountCheck())
        ->group(kGroup);
    number("--top-p", top_p, "P", "Sample from the most likely tokens that reach probability P; 1: off");
    number("--min-p", min_p, "P", "Drop tokens less likely than P times the most likely; 0: off");
    number("--repetition-penalty", repetition_penalty, "X", "1: off");
    number("--presence-penalty", presence_penalty, "X", "0: off");
    number("--frequency-penalty", frequency_penalty, "X", "0: off");
    app.add_option("--seed", seed, "The same seed gives the same text (default: drawn)")
        ->type_name("S")
        ->check(base::WholeNumber())
        ->group(kGroup);
  }

  void AddStoppingTo(CLI::App& app) {
    constexpr char kGroup[] = "Stopping";
    app.add_option("--max-tokens", max_tokens, "Stop after N tokens (default: at the end of the context)")
        ->type_name("N")
        ->check(CountCheck())
        ->group(kGroup);
    app.add_option("--min-tokens", min_tokens, "Don't stop before N tokens")
        ->type_name("N")
        ->check(CountCheck())
        ->group(kGroup);
    app.add_option("--stop", stop, "Stop before this text; may be given several times")
        ->type_name("TEXT")
        ->type_size(1)
        ->allow_extra_args(false)
        ->take_all()
        ->check(Utf8())
        ->group(kGroup);
    app.add_flag("--ignore-eos", ignore_eos, "Go on past the end-of-text token")->group(kGroup);
  }

  static CLI::Validator CountCheck() { return base::WholeNumber(0, std::numeric_limits<uint32_t>::max()); }

  void Write(v1::GenerateRequest& request) const {
    request.set_model(model);
    v1::Sampling& sampling = *request.mutable_sampling();
    if (temperature) sampling.set_temperature(*temperature);
    if (top_k) sampling.set_top_k(*top_k);
    if (top_p) sampling.set_top_p(*top_p);
    if (min_p) sampling.set_min_p(*min_p);
    if (repetition_penalty) sampling.set_repetition_penalty(*repetition_penalty);
    if (presence_penalty) sampling.set_presence_penalty(*presence_penalty);
    if (frequency_penalty) sampling.set_frequency_penalty(*frequency_penalty);
    if (seed) sampling.set_seed(*seed);
    v1::Stopping& stopping = *request.mutable_stopping();
    if (max_tokens) stopping.set_max_tokens(*max_tokens);
    if (min_tokens) stopping.set_min_tokens(*min_tokens);
    for (const std::string& text : stop) stopping.add_stop_strings(text);
    if (ignore_eos) stopping.set_ignore_eos(true);
    if (logprobs) request.mutable_output()->set_logprobs(*logprobs);
  }
};

// Streams one reply, handing on its text as it comes.
grpc::Status StreamReply(const Client& client, const v1::GenerateRequest& request,
                         const ReplyOptions& options, const std::function<void(const std::string&)>& on_text,
                         FinishedReply& reply) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto seconds = [begin] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  grpc::ClientContext context;
  client.Prepare(context, options.timeout_seconds.value_or(0));
  if (!options.request_id.empty()) context.AddMetadata(server::kRequestIdHeader, options.request_id);
  reply.model = request.model();
  v1::GenerateResponse& whole = reply.response;
  auto reader = client.inference->GenerateStream(&context, request);
  v1::GenerateStreamResponse part;
  while (reader->Read(&part)) {
    if (whole.token_ids_size() == 0 && part.token_ids_size() > 0) reply.client_ttft_seconds = seconds();
    on_text(part.text());
    whole.mutable_text()->append(part.text());
    whole.mutable_token_ids()->MergeFrom(part.token_ids());
    whole.mutable_logprobs()->MergeFrom(part.logprobs());
    whole.mutable_prompt_logprobs()->MergeFrom(part.prompt_logprobs());
    if (part.finish_reason() == v1::FINISH_REASON_UNSPECIFIED) continue;
    whole.set_finish_reason(part.finish_reason());
    whole.set_stop_match(part.stop_match());
    whole.set_seed(part.seed());
    *whole.mutable_usage() = part.usage();
    *whole.mutable_timing() = part.timing();
    if (part.has_energy()) *whole.mutable_energy() = part.energy();
    if (part.has_card()) *whole.mutable_card() = part.card();
  }
  reply.client_seconds = seconds();
  const grpc::Status status = reader->Finish();
  const auto& metadata = context.GetServerInitialMetadata();
  if (const auto id = metadata.find(server::kRequestIdHeader); id != metadata.end()) {
    reply.request_id.assign(id->second.data(), id->second.size());
  }
  return status;
}

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

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
  const grpc::Status status = StreamReply(
      client, request, options.reply,
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

struct ChatOptions {
  ReplyOptions reply;
  std::string system;
};

int Chat(const Target& target, const ChatOptions& options) {
  const Client client(target);
  v1::GenerateRequest request;
  options.reply.Write(request);
  v1::Chat& chat = *request.mutable_chat();
  auto add = [&chat](const std::string& role, const std::string& content) {
    v1::ChatMessage* message = chat.add_messages();
    message->set_role(role);
    message->set_content(content);
  };
  if (!options.system.empty()) add("system", options.system);

  const bool interactive = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  std::string line;
  for (;;) {
    if (interactive) Print("> ");
    if (!std::getline(std::cin, line)) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (!base::IsUtf8(line)) return Fail("the line is not valid UTF-8");
    add("user", line);
    FinishedReply reply;
    const grpc::Status status = StreamReply(client, request, options.reply, &Print, reply);
    Print("\n");
    if (!status.ok()) return Fail(status, client);
    add("assistant", reply.response.text());
    if (options.reply.stats) std::fputs(absl::StrCat("\n", ReportAsText(reply, client)).c_str(), stderr);
  }
  if (interactive) Print("\n");
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
  app.add_option("--logprobs", options->reply.logprobs,
                 "With --json: log-probabilities, N alternatives a token")
      ->type_name("N")
      ->check(ReplyOptions::CountCheck());
  options->reply.AddTo(app);
}

void AddChatCommand(base::Program& program, const Target& target) {
  auto options = std::make_shared<ChatOptions>();
  CLI::App& app = program.AddCommand("chat", "Talk to a model: each line of stdin is a turn",
                                     [&target, options] { return Chat(target, *options); });
  app.add_option("--system", options->system, "What the assistant is told first")
      ->type_name("TEXT")
      ->check(Utf8());
  options->reply.AddTo(app);
}

}  // namespace streamtensor::ctl
