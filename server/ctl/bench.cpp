// SPDX-License-Identifier: Apache-2.0
// bench: latency and throughput under load, closed or open loop.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/ctl/arguments.h"
#include "server/ctl/bench_report.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"
#include "server/ctl/load_generator.h"

namespace streamtensor::ctl {
namespace {

constexpr uint32_t kMostConnections = 1000;

// What came as the load asked for it, or was refused or ended as an overloaded server should.
bool IsResult(const grpc::Status& status) {
  return status.ok() || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

}  // namespace

int Bench(const Target& target, const Words& words) {
  LoadOptions options;
  std::optional<uint32_t> prompt_tokens, prefix, new_tokens, concurrency, requests, connections;
  std::optional<float> rate, seconds, timeout;
  std::optional<uint64_t> seed;
  bool json = false;
  bool help = false;
  Arguments arguments;
  arguments.Text("model", "M", &options.model, "which model (see streamtensorctl models)");
  arguments.Whole("concurrency", "N", &concurrency, "closed loop: so many streams at any time; default 8");
  arguments.Number("rate", "R", &rate, "open loop instead: R arrivals a second, at random times (Poisson)");
  arguments.Whole("requests", "N", &requests, "send so many; default: 8 a stream, or 64 in an open loop");
  arguments.Number("seconds", "S", &seconds, "send for so long; with --requests whichever comes first");
  arguments.Whole("prompt-tokens", "N", &prompt_tokens,
                  "tokens of a prompt, drawn from the seed; default 128");
  arguments.Whole("shared-prefix", "N", &prefix, "so many of them the same in all requests; default 0");
  arguments.Whole("max-tokens", "N", &new_tokens,
                  "tokens of a reply; the end-of-text token ends none; default 64");
  arguments.Seconds("timeout", "S", &timeout, "deadline of a request; default: none");
  arguments.Whole("connections", "N", &connections,
                  "default: 1, and one more for each 32 streams; up to 1000");
  arguments.Whole("seed", "S", &seed, "of prompts and arrivals; default 1");
  arguments.Flag("json", &json, "print one object");
  arguments.Flag("help", &help, "this text");
  if (const absl::Status status = arguments.Read(words); !status.ok()) {
    return WrongUsage("bench", std::string(status.message()));
  }
  if (help) {
    std::printf(
        "Usage: streamtensorctl [--server HOST:PORT] bench --model M [OPTION...]\n\n"
        "All times are this program's clock. In an open loop they count from when a request was due, so that "
        "a\n"
        "server that falls behind shows it. A message of several tokens counts as as many equal gaps.\n\n%s",
        arguments.Help().c_str());
    return 0;
  }
  if (options.model.empty()) return WrongUsage("bench", "--model is missing");
  if (rate && concurrency)
    return WrongUsage("bench", "--rate and --concurrency are given; one of them is allowed");
  if (rate && *rate <= 0)
    return WrongUsage("bench", absl::StrCat("--rate is ", *rate, "; more than 0 is needed"));
  if (seconds && *seconds <= 0) {
    return WrongUsage("bench", absl::StrCat("--seconds is ", *seconds, "; more than 0 is needed"));
  }
  options.rate = rate.value_or(0);
  options.concurrency = concurrency.value_or(8);
  options.seconds = seconds.value_or(0);
  options.requests = requests.value_or(seconds ? 0 : rate ? 64 : 8 * options.concurrency);
  options.prompt_tokens = prompt_tokens.value_or(128);
  options.shared_prefix_tokens = prefix.value_or(0);
  options.new_tokens = new_tokens.value_or(64);
  options.timeout_seconds = timeout.value_or(0);
  options.connections = connections.value_or(std::min(1 + options.concurrency / 32, kMostConnections));
  options.seed = seed.value_or(1);
  if (options.concurrency == 0 || options.concurrency > 100000) {
    return WrongUsage("bench",
                      absl::StrCat("--concurrency is ", options.concurrency, "; allowed is 1 to 100000"));
  }
  if (options.connections == 0 || options.connections > kMostConnections) {
    return WrongUsage("bench", absl::StrCat("--connections is ", options.connections, "; allowed is 1 to ",
                                            kMostConnections));
  }
  if (requests && *requests == 0) return WrongUsage("bench", "--requests is 0; at least 1 is needed");
  if (options.prompt_tokens == 0) return WrongUsage("bench", "--prompt-tokens is 0; at least 1 is needed");
  if (options.shared_prefix_tokens > options.prompt_tokens) {
    return WrongUsage("bench", absl::StrCat("--shared-prefix is ", options.shared_prefix_tokens,
                                            "; allowed is up to --prompt-tokens, ", options.prompt_tokens));
  }

  const Client client(target);
  v1::GetModelRequest request;
  request.set_name(options.model);
  v1::Model model;
  grpc::ClientContext context;
  client.PrepareShort(context);
  if (const grpc::Status status = client.inference->GetModel(&context, request, &model); !status.ok()) {
    return Fail(status, client);
  }
  if (model.state() != v1::MODEL_STATE_READY) {
    return Fail(absl::StrCat("model ", options.model, " is not READY: streamtensorctl models says more"));
  }
  options.vocabulary = model.vocabulary();
  const LoadResult result = RunLoad(target, options);
  std::fputs(
      json ? (BenchAsJson(options, result).dump(2) + "\n").c_str() : BenchAsText(options, result).c_str(),
      stdout);
  bool any_good = false;
  for (const StreamTimes& stream : result.streams) {
    if (!IsResult(stream.status)) return Fail(stream.status, client);
    any_good |= stream.status.ok();
  }
  return any_good ? 0 : Fail("no request ended well");
}

}  // namespace streamtensor::ctl
