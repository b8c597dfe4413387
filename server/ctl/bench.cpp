// SPDX-License-Identifier: Apache-2.0
// bench: latency and throughput under load, closed or open loop.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/option_checks.h"
#include "server/ctl/bench_report.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"
#include "server/ctl/load_generator.h"
#include "server/ctl/terminal_style.h"
#include "server/ctl/text_options.h"

namespace streamtensor::ctl {
namespace {

constexpr uint32_t kMaxConnections = 1000;

// Completed, or refused or ended as an overloaded server should.
bool IsResult(const grpc::Status& status) {
  return status.ok() || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
         status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
}

struct BenchOptions {
  std::string model;
  std::optional<uint32_t> prompt_tokens, shared_prefix, max_tokens, concurrency, requests, connections;
  std::optional<float> rate, seconds, timeout;
  std::optional<uint64_t> seed;
  bool json = false;

  void AddTo(CLI::App& app) {
    constexpr char kLoad[] = "Load";
    constexpr char kRequests[] = "Requests";
    const auto at_least = [](int64_t min) {
      return base::WholeNumber(min, std::numeric_limits<uint32_t>::max());
    };
    app.add_option("--model", model, "The model (streamtensorctl models lists them)")
        ->type_name("NAME")
        ->required()
        ->check(Utf8());
    app.add_flag("--json", json, "Print one object");
    app.add_option("--seed", seed, "Seed of prompts and arrivals (default 1)")
        ->type_name("S")
        ->check(base::WholeNumber());
    CLI::Option* streams =
        app.add_option("--concurrency", concurrency, "Closed loop of N streams (default 8)")
            ->type_name("N")
            ->check(base::WholeNumber(1, 100000))
            ->group(kLoad);
    app.add_option("--rate", rate, "Open loop instead: R arrivals a second, at random times (Poisson)")
        ->type_name("R")
        ->check(base::PositiveNumber())
        ->excludes(streams)
        ->group(kLoad);
    app.add_option("--requests", requests, "Send N (default: 8 a stream, or 64 in an open loop)")
        ->type_name("N")
        ->check(at_least(1))
        ->group(kLoad);
    app.add_option("--seconds", seconds, "Send for S seconds; with --requests whichever comes first")
        ->type_name("S")
        ->check(base::PositiveNumber())
        ->group(kLoad);
    app.add_option("--connections", connections, "Default: 1, and one more for each 32 streams")
        ->type_name("N")
        ->check(base::WholeNumber(1, kMaxConnections))
        ->group(kLoad);
    app.add_option("--prompt-tokens", prompt_tokens, "Tokens of a prompt, drawn from the seed (default 128)")
        ->type_name("N")
        ->check(at_least(1))
        ->group(kRequests);
    app.add_option("--shared-prefix", shared_prefix, "N of them are the same in all requests (default 0)")
        ->type_name("N")
        ->check(at_least(0))
        ->group(kRequests);
    app.add_option("--max-tokens", max_tokens, "Tokens of a reply, past the end of text too (default 64)")
        ->type_name("N")
        ->check(at_least(0))
        ->group(kRequests);
    app.add_option("--timeout", timeout, "Deadline of a request (default: none)")
        ->type_name("S")
        ->check(base::PositiveNumber())
        ->group(kRequests);
    app.footer(
        "Times are this program's own clock. In an open loop they count from when a request was due, so "
        "that\n"
        "a server that falls behind shows it. A message of several tokens counts as as many equal gaps.");
  }

  LoadOptions Load() const {
    LoadOptions load;
    load.model = model;
    load.rate = rate.value_or(0);
    load.concurrency = concurrency.value_or(8);
    load.seconds = seconds.value_or(0);
    load.requests = requests.value_or(seconds ? 0 : rate ? 64 : 8 * load.concurrency);
    load.prompt_tokens = prompt_tokens.value_or(128);
    load.shared_prefix_tokens = shared_prefix.value_or(0);
    load.new_tokens = max_tokens.value_or(64);
    load.timeout_seconds = timeout.value_or(0);
    load.connections = connections.value_or(std::min(1 + load.concurrency / 32, kMaxConnections));
    load.seed = seed.value_or(1);
    return load;
  }
};

std::string ProgressText(const LoadOptions& options, const LoadProgress& progress) {
  return absl::StrFormat("%d%s requests, %.0f s%s, %.0f tok/s", progress.ended,
                         options.requests > 0 ? absl::StrCat(" of ", options.requests) : "", progress.seconds,
                         options.seconds > 0 ? absl::StrFormat(" of %.0f", options.seconds) : "",
                         static_cast<double>(progress.tokens) / std::max(progress.seconds, 1e-3));
}

int Bench(const base::Program& program, const Target& target, const BenchOptions& bench) {
  LoadOptions options = bench.Load();
  if (options.shared_prefix_tokens > options.prompt_tokens) {
    return program.WrongUsage(absl::StrCat("--shared-prefix: must be at most --prompt-tokens, ",
                                           options.prompt_tokens, ", got ", options.shared_prefix_tokens));
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
  LoadResult result;
  {
    StatusLine status(StatusLine::Elsewhere::kNothing);
    result = RunLoad(target, options,
                     [&](const LoadProgress& progress) { status.Show(ProgressText(options, progress), ""); });
  }
  std::fputs(bench.json ? (BenchAsJson(options, result).dump(2) + "\n").c_str()
                        : BenchAsText(options, result).c_str(),
             stdout);
  bool any_good = false;
  for (const StreamTimes& stream : result.streams) {
    if (!IsResult(stream.status)) return Fail(stream.status, client);
    any_good |= stream.status.ok();
  }
  return any_good ? 0 : Fail("no request ended well");
}

}  // namespace

void AddBenchCommand(base::Program& program, const Target& target) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App& app =
      program.AddCommand("bench", "Measure latency and throughput under load",
                         [&program, &target, options] { return Bench(program, target, *options); });
  options->AddTo(app);
  base::AddExamples(app, {"streamtensorctl bench --model my-model --concurrency 4 --requests 16"});
}

}  // namespace streamtensor::ctl
