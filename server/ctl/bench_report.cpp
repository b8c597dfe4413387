// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/bench_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace streamtensor::ctl {
namespace {

using Json = nlohmann::ordered_json;

struct Totals {
  Spread first, gap, whole;  // seconds
  uint64_t tokens = 0;
  uint64_t prompt_tokens = 0;
  uint64_t cached_tokens = 0;
  uint64_t good = 0;
  std::map<std::string, uint64_t> by_status;
  // Joules and the tokens they were spent on, by source.
  std::map<std::string, std::pair<double, uint64_t>> energy;
};

// Latencies are those of requests that ended well; throughput counts every token that came.
Totals Add(const LoadResult& result) {
  Totals totals;
  std::vector<double> first, gap, whole;
  for (const StreamTimes& stream : result.streams) {
    ++totals.by_status[StatusName(stream.status.error_code())];
    totals.tokens += stream.tokens;
    if (!stream.status.ok()) continue;
    ++totals.good;
    totals.prompt_tokens += stream.prompt_tokens;
    totals.cached_tokens += stream.cached_tokens;
    if (stream.tokens > 0) first.push_back(stream.first - stream.due);
    gap.insert(gap.end(), stream.gaps.begin(), stream.gaps.end());
    whole.push_back(stream.end - stream.due);
    if (stream.energy.source() == v1::ENERGY_SOURCE_UNSPECIFIED) continue;
    auto& [joules, tokens] =
        totals.energy[stream.energy.source() == v1::ENERGY_SOURCE_MEASURED ? "measured" : "modelled"];
    joules += stream.energy.joules();
    tokens += stream.tokens;
  }
  totals.first = SpreadOf(std::move(first));
  totals.gap = SpreadOf(std::move(gap));
  totals.whole = SpreadOf(std::move(whole));
  return totals;
}

Json SpreadAsJson(const Spread& spread) {
  return {{"mean", spread.mean}, {"p50", spread.p50}, {"p90", spread.p90},
          {"p95", spread.p95},   {"p99", spread.p99}, {"max", spread.max}};
}

double PerSecond(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  Spread spread;
  if (values.empty()) return spread;
  std::sort(values.begin(), values.end());
  const auto rank = [&values](double part) {
    return values[static_cast<size_t>(std::ceil(part * static_cast<double>(values.size()))) - 1];
  };
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  spread.p50 = rank(0.50);
  spread.p90 = rank(0.90);
  spread.p95 = rank(0.95);
  spread.p99 = rank(0.99);
  spread.max = values.back();
  return spread;
}

Json BenchAsJson(const LoadOptions& options, const LoadResult& result) {
  const Totals totals = Add(result);
  Json json;
  json["model"] = options.model;
  json["loop"] = options.rate > 0 ? "open" : "closed";
  if (options.rate > 0) {
    json["rate"] = options.rate;
  } else {
    json["concurrency"] = options.concurrency;
  }
  json["prompt_tokens"] = options.prompt_tokens;
  json["shared_prefix_tokens"] = options.shared_prefix_tokens;
  json["new_tokens"] = options.new_tokens;
  json["seed"] = options.seed;
  json["requests"] = result.streams.size();
  json["statuses"] = totals.by_status;
  json["generated_tokens"] = totals.tokens;
  json["cached_tokens"] = totals.cached_tokens;
  json["measured"] = {{"seconds", result.seconds},
                      {"ttft_seconds", SpreadAsJson(totals.first)},
                      {"itl_seconds", SpreadAsJson(totals.gap)},
                      {"request_seconds", SpreadAsJson(totals.whole)},
                      {"generated_tokens_per_second", PerSecond(totals.tokens, result.seconds)},
                      {"prompt_tokens_per_second", PerSecond(totals.prompt_tokens, result.seconds)},
                      {"requests_per_second", PerSecond(totals.good, result.seconds)}};
  for (const auto& [source, spent] : totals.energy) {
    json[source]["joules"] = spent.first;
    json[source]["joules_per_token"] = spent.second > 0 ? spent.first / static_cast<double>(spent.second) : 0;
  }
  return json;
}

std::string BenchAsText(const LoadOptions& options, const LoadResult& result) {
  const Totals totals = Add(result);
  std::string text =
      absl::StrFormat("%s, %d requests of %d prompt tokens and %d new ones, seed %d\n",
                      options.rate > 0 ? absl::StrFormat("open loop, %g arrivals/s", options.rate)
                                       : absl::StrFormat("closed loop, %d streams", options.concurrency),
                      result.streams.size(), options.prompt_tokens, options.new_tokens, options.seed);
  absl::StrAppend(&text, "\nmeasured, ms          mean       p50       p90       p95       p99       max\n");
  for (const auto& [name, spread] : {std::pair<const char*, const Spread*>{"first token", &totals.first},
                                     {"between tokens", &totals.gap},
                                     {"whole request", &totals.whole}}) {
    absl::StrAppendFormat(&text, "%-16s", name);
    for (const double value :
         {spread->mean, spread->p50, spread->p90, spread->p95, spread->p99, spread->max}) {
      absl::StrAppendFormat(&text, "%10.2f", value * 1000);
    }
    absl::StrAppend(&text, "\n");
  }
  absl::StrAppendFormat(
      &text,
      "\nmeasured: %.1f generated tok/s, %.1f prompt tok/s (%d of %d tokens reused), %.2f requests/s, "
      "%.2f s in all\n",
      PerSecond(totals.tokens, result.seconds), PerSecond(totals.prompt_tokens, result.seconds),
      totals.cached_tokens, totals.prompt_tokens, PerSecond(totals.good, result.seconds), result.seconds);
  for (const auto& [source, spent] : totals.energy) {
    if (spent.second > 0) {
      absl::StrAppendFormat(&text, "%s: %.4f J a generated token\n", source,
                            spent.first / static_cast<double>(spent.second));
    }
  }
  absl::StrAppend(&text, "ended:");
  for (const auto& [status, count] : totals.by_status) absl::StrAppend(&text, " ", status, " ", count);
  return text + "\n";
}

}  // namespace streamtensor::ctl
