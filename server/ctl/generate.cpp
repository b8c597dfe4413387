// SPDX-License-Identifier: Apache-2.0
// generate and chat: text streams to stdout as it comes.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/ctl/arguments.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"
#include "server/ctl/reply_report.h"

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

  void Declare(Arguments& arguments) {
    arguments.Text("model", "M", &model, "which model (see streamtensorctl models)");
    arguments.Whole("max-tokens", "N", &max_tokens, "end after so many; default: the context's end");
    arguments.Whole("min-tokens", "N", &min_tokens, "do not end before so many");
    arguments.Number("temperature", "T", &temperature, "0: greedy; default 1");
    arguments.Whole("top-k", "K", &top_k, "draw among the K likeliest; 0: off");
    arguments.Number("top-p", "P", &top_p, "draw among the likeliest that reach P together; 1: off");
    arguments.Number("min-p", "P", &min_p, "drop what is less likely than P times the likeliest; 0: off");
    arguments.Number("repetition-penalty", "X", &repetition_penalty, "1: off");
    arguments.Number("presence-penalty", "X", &presence_penalty, "0: off");
    arguments.Number("frequency-penalty", "X", &frequency_penalty, "0: off");
    arguments.Whole("seed", "S", &seed, "the same seed gives the same text; default: drawn");
    arguments.TextList("stop", "TEXT", &stop, "end before this text; may be given several times");
    arguments.Flag("ignore-eos", &ignore_eos, "go on past the end-of-text token");
    arguments.Seconds("timeout", "SECONDS", &timeout_seconds, "give up after so long");
    arguments.Id("request-id", &request_id, "what the daemon's log calls the request; default: drawn");
    arguments.Flag("stats", &stats, "print TTFT and rates on stderr at the end");
  }

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
  if (!options.request_id.empty()) context.AddMetadata("x-request-id", options.request_id);
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
  if (const auto id = metadata.find("x-request-id"); id != metadata.end()) {
    reply.request_id.assign(id->second.data(), id->second.size());
  }
  return status;
}

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

int Generate(const Target& target, const Words& words) {
  ReplyOptions options;
  std::string prompt;
  bool json = false;
  bool help = false;
  Arguments arguments;
  arguments.Text("prompt", "TEXT", &prompt, "the beginning; \"-\" reads it from stdin");
  options.Declare(arguments);
  arguments.Whole("logprobs", "N", &options.logprobs,
                  "with --json: log-probabilities, N alternatives a token");
  arguments.Flag("json", &json, "print one object at the end instead of the text");
  arguments.Flag("help", &help, "this text");
  if (const absl::Status status = arguments.Read(words); !status.ok()) {
    return WrongUsage("generate", std::string(status.message()));
  }
  if (help) {
    std::printf(
        "Usage: streamtensorctl [--server HOST:PORT] generate --model M --prompt TEXT [OPTION...]\n\n%s",
        arguments.Help().c_str());
    return 0;
  }
  if (options.model.empty()) return WrongUsage("generate", "--model is missing");
  if (prompt == "-") prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (prompt.empty()) return WrongUsage("generate", "--prompt is missing or empty");
  if (!IsUtf8(prompt)) return WrongUsage("generate", "the prompt is not valid UTF-8");

  const Client client(target);
  v1::GenerateRequest request;
  options.Write(request);
  request.set_prompt(prompt);
  FinishedReply reply;
  const grpc::Status status = StreamReply(
      client, request, options,
      [json](const std::string& text) {
        if (!json) Print(text);
      },
      reply);
  if (!json && !reply.response.text().empty()) Print("\n");
  if (!status.ok()) return Fail(status, client);
  if (json) Print(ReportAsJson(reply).dump(2) + "\n");
  if (options.stats) std::fputs(ReportAsText(reply, client).c_str(), stderr);
  return 0;
}

int Chat(const Target& target, const Words& words) {
  ReplyOptions options;
  std::string system;
  bool help = false;
  Arguments arguments;
  options.Declare(arguments);
  arguments.Text("system", "TEXT", &system, "what the assistant is told first");
  arguments.Flag("help", &help, "this text");
  if (const absl::Status status = arguments.Read(words); !status.ok()) {
    return WrongUsage("chat", std::string(status.message()));
  }
  if (help) {
    std::printf(
        "Usage: streamtensorctl [--server HOST:PORT] chat --model M [OPTION...]\n\n"
        "Each line of stdin is one turn of yours; the conversation so far goes with it.\n\n%s",
        arguments.Help().c_str());
    return 0;
  }
  if (options.model.empty()) return WrongUsage("chat", "--model is missing");

  const Client client(target);
  v1::GenerateRequest request;
  options.Write(request);
  v1::Chat& chat = *request.mutable_chat();
  auto add = [&chat](const std::string& role, const std::string& content) {
    v1::ChatMessage* message = chat.add_messages();
    message->set_role(role);
    message->set_content(content);
  };
  if (!system.empty()) add("system", system);

  const bool interactive = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  std::string line;
  for (;;) {
    if (interactive) Print("> ");
    if (!std::getline(std::cin, line)) break;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (!IsUtf8(line)) return Fail("the line is not valid UTF-8");
    add("user", line);
    FinishedReply reply;
    const grpc::Status status = StreamReply(client, request, options, &Print, reply);
    Print("\n");
    if (!status.ok()) return Fail(status, client);
    add("assistant", reply.response.text());
    if (options.stats) std::fputs(absl::StrCat("\n", ReportAsText(reply, client)).c_str(), stderr);
  }
  if (interactive) Print("\n");
  return 0;
}

}  // namespace streamtensor::ctl
