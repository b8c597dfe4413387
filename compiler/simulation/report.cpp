// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::compiler {
namespace {

constexpr size_t kExplained = 5;
constexpr size_t kListed = 20;
// Steps of a prompt that are simulated; the contexts between are interpolated.
constexpr int64_t kPromptSamples = 5;

double Percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

double Seconds(const SizedDesign& design, double cycles) { return cycles / design.platform().clock_hz; }

// Tokens that a step of these sequences adds: one for each that gets logits, or its rows of a module.
int64_t NewTokens(const StepMix& mix) {
  int64_t tokens = 0;
  for (const SequenceStep& sequence : mix) tokens += sequence.logits > 0 ? 1 : 0;
  return tokens;
}

const schedule::CodeRegion& RegionOf(const SizedDesign& design, int32_t call, int32_t region) {
  const auto process = static_cast<size_t>(design.code().calls[static_cast<size_t>(call)].process);
  return design.code().processes[process].regions[static_cast<size_t>(region)];
}

std::string PlaceOf(const SizedDesign& design, int32_t call, int32_t region) {
  const schedule::CodeRegion& code = RegionOf(design, call, region);
  if (code.line == 0) return absl::StrCat(design.ProcessName(call), ", between its loops");
  return absl::StrCat(design.ProcessName(call), ", loop at ", code.file.empty() ? "line " : code.file + ":",
                      code.line);
}

// Causes of one kind and line are one: a loop that is unrolled around another has many copies.
struct MergedCause {
  Cause cause;
  std::string place;
};

std::vector<MergedCause> Merge(const SizedDesign& design, const std::vector<Cause>& causes) {
  std::vector<MergedCause> merged;
  std::map<std::pair<Cause::Kind, std::string>, size_t> index;
  for (const Cause& cause : causes) {
    const std::string place = cause.call < 0 ? "" : PlaceOf(design, cause.call, cause.region);
    const auto [found, added] = index.try_emplace({cause.kind, place}, merged.size());
    if (added) {
      merged.push_back({cause, place});
    } else {
      merged[found->second].cause.cycles += cause.cycles;
    }
  }
  std::stable_sort(merged.begin(), merged.end(), [](const MergedCause& a, const MergedCause& b) {
    return a.cause.cycles > b.cause.cycles;
  });
  return merged;
}

// Why a loop's interval is what it is.
std::string Reason(const SizedDesign& design, const Cause& cause) {
  if (cause.call < 0) return "";
  const schedule::CodeRegion& region = RegionOf(design, cause.call, cause.region);
  switch (cause.kind) {
    case Cause::Kind::kInterval: {
      std::string text = absl::StrCat("II ", region.bound.ii);
      if (region.bound.limit != schedule::Limit::kNone) {
        absl::StrAppend(&text, ", ", schedule::kLimitNames[static_cast<size_t>(region.bound.limit)], ": ",
                        region.bound.cause);
      }
      return text;
    }
    case Cause::Kind::kDepth:
      return region.innermost && !region.pipelined
                 ? absl::StrCat("not pipelined, ", region.depth, " states an iteration")
                 : absl::StrCat(region.depth, " states deep");
    default:
      return "";
  }
}

// What kinds of causes take together.
std::map<Cause::Kind, double> ByKind(const std::vector<Cause>& causes) {
  std::map<Cause::Kind, double> kinds;
  for (const Cause& cause : causes) kinds[cause.kind] += cause.cycles;
  return kinds;
}

struct EngineShare {
  double busy = 0, weights = 0, operands = 0, results = 0, memory = 0, ended = 0;
};

EngineShare EngineOf(const SizedDesign& design, const SimulationResult& result) {
  EngineShare share;
  const int32_t engine = design.engine();
  if (engine < 0) return share;
  const ProcessActivity& activity = result.processes[static_cast<size_t>(engine)];
  share.busy = activity.busy;
  share.memory = activity.memory_waits;
  share.ended = result.cycles - activity.ended;
  for (const ChannelActivity& channel : result.channels) {
    if (channel.source == engine) share.results += channel.writer_waited;
    if (channel.sink == engine)
      (design.ReadsWeights(channel.source) ? share.weights : share.operands) += channel.reader_waited;
  }
  return share;
}

std::string MixText(const StepMix& mix) {
  std::string text = absl::StrCat(mix.size(), mix.size() == 1 ? " sequence" : " sequences");
  absl::StrAppend(&text, ", ", TokensOf(mix), TokensOf(mix) == 1 ? " token" : " tokens");
  int64_t least = INT64_MAX, most = 0;
  for (const SequenceStep& sequence : mix) {
    least = std::min(least, sequence.context);
    most = std::max(most, sequence.context);
  }
  absl::StrAppend(&text, ", context ", least);
  if (most != least) absl::StrAppend(&text, " to ", most);
  return text;
}

}  // namespace

namespace {

// The pointers that move most bytes.
std::string ExplainMemory(const SimulationResult& result, const ModelledLaunch& launch) {
  std::string text = absl::StrFormat("Memory: %.2f MB a step\n", launch.bytes / 1e6);
  std::vector<const MemoryActivity*> memories;
  for (const MemoryActivity& memory : result.memories) memories.push_back(&memory);
  const auto bytes = [](const MemoryActivity* memory) { return memory->bytes_read + memory->bytes_written; };
  std::stable_sort(memories.begin(), memories.end(),
                   [&](const auto* a, const auto* b) { return bytes(a) > bytes(b); });
  for (size_t i = 0; i < std::min(kExplained, memories.size()) && bytes(memories[i]) > 0; ++i) {
    absl::StrAppendFormat(&text, "%d. %10.2f MB, %4.1f %%: %s, bank %d\n", i + 1, bytes(memories[i]) / 1e6,
                          Percent(bytes(memories[i]), launch.bytes), memories[i]->name, memories[i]->bank);
  }
  return text;
}

// The processes that take most of what they take most of.
std::string ExplainArea(const SizedDesign& design) {
  LogicResources<int64_t> there;
  for (const LogicResources<int64_t>& die : design.platform().slrs) {
    there.lut += die.lut;
    there.ff += die.ff;
    there.bram36 += die.bram36;
    there.uram += die.uram;
    there.dsp += die.dsp;
  }
  struct Share {
    std::string name;
    std::string text;
    double most = 0;
  };
  const auto share_of = [&there](std::string name, const schedule::Area& area) {
    Share share;
    share.name = std::move(name);
    const auto add = [&share](const char* resource, int64_t used, int64_t all) {
      const double percent = Percent(static_cast<double>(used), static_cast<double>(all));
      share.most = std::max(share.most, percent);
      if (used > 0) absl::StrAppendFormat(&share.text, ", %s %d (%.1f %%)", resource, used, percent);
    };
    add("DSP", area.dsp, there.dsp);
    add("LUT", area.lut, there.lut);
    add("FF", area.ff, there.ff);
    add("BRAM36", (area.bram18 + 1) / 2, there.bram36);
    add("URAM", area.uram, there.uram);
    return share;
  };
  std::vector<Share> shares;
  for (const schedule::ProcessEstimate& process : design.estimate().processes) {
    shares.push_back(share_of(process.name, process.area));
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.most > b.most; });
  const Share all = share_of("", design.estimate().area);
  std::string text =
      absl::StrCat("Area: ", all.text.substr(std::min<size_t>(2, all.text.size())), " of the card\n");
  for (size_t i = 0; i < std::min(kExplained, shares.size()); ++i)
    absl::StrAppend(&text, i + 1, ". ", shares[i].name, shares[i].text, "\n");
  return text;
}

}  // namespace

absl::StatusOr<PromptTime> TimePrompt(const SizedDesign& design, int64_t tokens) {
  const int64_t step = std::max<int64_t>(design.manifest().launch().step_tokens(), 1);
  const int64_t whole = tokens / step, rest = tokens % step;
  LaunchOptions options;
  options.attribute = false;
  PromptTime time;
  time.tokens = tokens;
  time.steps = whole + (rest > 0 ? 1 : 0);
  double cycles = 0;
  // Steps without logits, but for the last.
  const auto launch = [&](int64_t count, int64_t context, bool last) -> absl::StatusOr<double> {
    ++time.simulated;
    ASSIGN_OR_RETURN(const ModelledLaunch one, design.Launch({{count, context, last ? 1 : 0}}, options));
    return one.cycles();
  };
  const int64_t middle = rest > 0 ? whole : whole - 1;  // whole steps before the last step
  double before = 0;
  int64_t done = 0;
  const int64_t samples = std::min(kPromptSamples, middle);
  for (int64_t sample = 0; sample < samples; ++sample) {
    const int64_t at = samples == 1 ? 0 : sample * (middle - 1) / (samples - 1);
    ASSIGN_OR_RETURN(const double here, launch(step, at * step, false));
    // Those between the last sample and this one, on a line.
    for (int64_t i = done; i < at; ++i) {
      cycles +=
          before + (here - before) * static_cast<double>(i - done + 1) / static_cast<double>(at - done + 1);
    }
    cycles += here;
    before = here;
    done = at + 1;
  }
  ASSIGN_OR_RETURN(const double last, launch(rest > 0 ? rest : step, middle * step, true));
  time.seconds = Seconds(design, cycles + last);
  return time;
}

std::string LaunchText(const SizedDesign& design, const StepMix& mix, const ModelledLaunch& launch,
                       const std::optional<PromptTime>& prompt) {
  const SimulationResult& result = launch.simulation;
  const double seconds = Seconds(design, launch.cycles());
  std::string text = absl::StrFormat("%s on %s at %.0f MHz, modelled: %s\n", design.manifest().model_name(),
                                     design.platform().name, design.platform().clock_hz / 1e6, MixText(mix));
  absl::StrAppendFormat(&text, "  step        %.0f cycles and %.0f from launch to launch: %.3f ms\n",
                        result.cycles, launch.gap_cycles, 1e3 * seconds);
  if (NewTokens(mix) > 0) {
    absl::StrAppendFormat(&text, "  decode      %.1f tokens/s\n",
                          static_cast<double>(NewTokens(mix)) / seconds);
  }
  if (prompt) {
    absl::StrAppendFormat(
        &text, "  prompt      %d tokens: %.1f ms to the first token (%d steps, %d of them simulated)\n",
        prompt->tokens, 1e3 * prompt->seconds, prompt->steps, prompt->simulated);
  }
  absl::StrAppendFormat(
      &text, "  roofline    %.1f %%: %.1f MB of memory traffic take %.0f cycles at the peak of all banks\n",
      Percent(launch.floor_cycles, launch.cycles()), launch.bytes / 1e6, launch.floor_cycles);
  if (design.engine() >= 0) {
    const EngineShare share = EngineOf(design, result);
    absl::StrAppendFormat(
        &text,
        "  engine      %s: %.1f %% busy; waits for weights %.1f, operands %.1f, results %.1f, memory "
        "%.1f; ended %.1f %%\n",
        design.ProcessName(design.engine()), Percent(share.busy, result.cycles),
        Percent(share.weights, result.cycles), Percent(share.operands, result.cycles),
        Percent(share.results, result.cycles), Percent(share.memory, result.cycles),
        Percent(share.ended, result.cycles));
  }
  const LaunchEnergy& energy = launch.energy;
  absl::StrAppendFormat(
      &text,
      "  energy      %.4f J: static %.4f, memory %.4f, DSP %.4f, logic and clock %.4f, on-chip memory %.4f\n",
      energy.total(), energy.static_joules, energy.memory_joules, energy.dsp_joules, energy.logic_joules,
      energy.storage_joules);

  text += "\nCritical path, by kind:\n";
  std::vector<std::pair<double, Cause::Kind>> kinds;
  for (const auto& [kind, cycles] : ByKind(result.causes)) kinds.push_back({cycles, kind});
  std::sort(kinds.rbegin(), kinds.rend());
  double sum = 0;
  for (const auto& [cycles, kind] : kinds) {
    sum += cycles;
    absl::StrAppendFormat(&text, "  %10.0f  %5.1f %%  %s\n", cycles, Percent(cycles, result.cycles),
                          KindName(kind));
  }
  absl::StrAppendFormat(&text, "  %10.0f          sum\n\nCritical path, by cause:\n", sum);
  const std::vector<MergedCause> merged = Merge(design, result.causes);
  double rest = 0;
  for (size_t i = 0; i < merged.size(); ++i) {
    if (i >= kListed) {
      rest += merged[i].cause.cycles;
      continue;
    }
    const std::string reason = Reason(design, merged[i].cause);
    absl::StrAppendFormat(&text, "  %10.0f  %5.1f %%  %s%s%s%s\n", merged[i].cause.cycles,
                          Percent(merged[i].cause.cycles, result.cycles), KindName(merged[i].cause.kind),
                          merged[i].place.empty() ? "" : ": " + merged[i].place, reason.empty() ? "" : "; ",
                          reason);
  }
  if (merged.size() > kListed)
    absl::StrAppendFormat(&text, "  %10.0f  %5.1f %%  all others\n", rest, Percent(rest, result.cycles));

  text += "\nProcesses; cycles, of which each computes or waits:\n";
  absl::StrAppendFormat(&text, "  %-28s %10s %10s %10s %10s %10s\n", "process", "computes", "input", "output",
                        "memory", "ended");
  std::vector<double> input(result.processes.size()), output(result.processes.size());
  for (const ChannelActivity& channel : result.channels) {
    input[static_cast<size_t>(channel.sink)] += channel.reader_waited;
    output[static_cast<size_t>(channel.source)] += channel.writer_waited;
  }
  for (size_t call = 0; call < result.processes.size(); ++call) {
    const ProcessActivity& activity = result.processes[call];
    absl::StrAppendFormat(&text, "  %-28s %10.0f %10.0f %10.0f %10.0f %10.0f\n",
                          design.ProcessName(static_cast<int32_t>(call)), activity.busy, input[call],
                          output[call], activity.memory_waits, result.cycles - activity.ended);
  }
  text += "\nChannels; elements held, and cycles that their ends wait:\n";
  absl::StrAppendFormat(&text, "  %-40s %6s %6s %9s %10s %10s\n", "channel", "depth", "most", "mean",
                        "reader", "writer");
  for (size_t c = 0; c < result.channels.size(); ++c) {
    const ChannelActivity& channel = result.channels[c];
    absl::StrAppendFormat(&text, "  %-40s %6d %6d %9.2f %10.0f %10.0f\n", design.code().channels[c].name,
                          design.code().channels[c].depth, channel.most, channel.mean, channel.reader_waited,
                          channel.writer_waited);
  }
  text += "\nMemory:\n";
  absl::StrAppendFormat(&text, "  %-28s %5s %14s %14s\n", "pointer", "bank", "bytes read", "written");
  for (const MemoryActivity& memory : result.memories) {
    absl::StrAppendFormat(&text, "  %-28s %5d %14.0f %14.0f\n", memory.name, memory.bank, memory.bytes_read,
                          memory.bytes_written);
  }
  for (const auto& [place, times] : result.assumed) {
    absl::StrAppendFormat(&text, "assumed: a decision of %s depends on data, %d times\n", place, times);
  }
  return text;
}

std::string ExplainText(const SizedDesign& design, const StepMix& mix, const ModelledLaunch& launch) {
  const SimulationResult& result = launch.simulation;
  std::string text =
      absl::StrFormat("%s on %s, modelled: a step (%s) takes %.0f cycles, %.1f %% of the memory roofline.\n",
                      design.manifest().model_name(), design.platform().name, MixText(mix), launch.cycles(),
                      Percent(launch.floor_cycles, launch.cycles()));
  std::vector<MergedCause> merged = Merge(design, result.causes);
  const std::string gap = "the host, from one launch to the next";
  size_t number = 0;
  bool gap_told = false;
  for (size_t i = 0; number < kExplained && (i < merged.size() || !gap_told);) {
    if (!gap_told && (i == merged.size() || launch.gap_cycles > merged[i].cause.cycles)) {
      absl::StrAppendFormat(&text, "%d. %10.0f cycles, %4.1f %%: %s\n", ++number, launch.gap_cycles,
                            Percent(launch.gap_cycles, launch.cycles()), gap);
      gap_told = true;
      continue;
    }
    const MergedCause& cause = merged[i++];
    const std::string reason = Reason(design, cause.cause);
    absl::StrAppendFormat(&text, "%d. %10.0f cycles, %4.1f %%: %s%s%s%s\n", ++number, cause.cause.cycles,
                          Percent(cause.cause.cycles, launch.cycles()), KindName(cause.cause.kind),
                          cause.place.empty() ? "" : " of " + cause.place, reason.empty() ? "" : "; ",
                          reason);
  }
  absl::StrAppend(&text, ExplainMemory(result, launch), ExplainArea(design), design.placement_text());
  return text;
}

std::string LaunchJson(const SizedDesign& design, const StepMix& mix, const ModelledLaunch& launch,
                       const std::optional<PromptTime>& prompt) {
  using llvm::json::Array;
  using llvm::json::Object;
  const SimulationResult& result = launch.simulation;
  const double seconds = Seconds(design, launch.cycles());
  Array sequences, causes, processes, channels, memories, assumed;
  for (const SequenceStep& sequence : mix) {
    sequences.push_back(
        Object{{"tokens", sequence.tokens}, {"context", sequence.context}, {"logits", sequence.logits}});
  }
  for (const MergedCause& merged : Merge(design, result.causes)) {
    Object entry{{"kind", KindName(merged.cause.kind)}, {"cycles", merged.cause.cycles}};
    if (merged.cause.call >= 0) {
      entry["process"] = design.ProcessName(merged.cause.call);
      entry["file"] = RegionOf(design, merged.cause.call, merged.cause.region).file;
      entry["line"] = RegionOf(design, merged.cause.call, merged.cause.region).line;
      entry["reason"] = Reason(design, merged.cause);
    }
    causes.push_back(std::move(entry));
  }
  std::vector<double> input(result.processes.size()), output(result.processes.size());
  for (const ChannelActivity& channel : result.channels) {
    input[static_cast<size_t>(channel.sink)] += channel.reader_waited;
    output[static_cast<size_t>(channel.source)] += channel.writer_waited;
  }
  for (size_t call = 0; call < result.processes.size(); ++call) {
    const ProcessActivity& activity = result.processes[call];
    processes.push_back(Object{{"name", design.ProcessName(static_cast<int32_t>(call))},
                               {"computes", activity.busy},
                               {"waits_for_input", input[call]},
                               {"waits_for_output", output[call]},
                               {"waits_for_memory", activity.memory_waits},
                               {"after_its_end", result.cycles - activity.ended}});
  }
  for (size_t c = 0; c < result.channels.size(); ++c) {
    const ChannelActivity& channel = result.channels[c];
    channels.push_back(Object{{"name", design.code().channels[c].name},
                              {"depth", design.code().channels[c].depth},
                              {"elements", channel.elements},
                              {"most_held", channel.most},
                              {"mean_held", channel.mean},
                              {"reader_waited", channel.reader_waited},
                              {"writer_waited", channel.writer_waited}});
  }
  for (const MemoryActivity& memory : result.memories) {
    memories.push_back(Object{{"name", memory.name},
                              {"bank", memory.bank},
                              {"bytes_read", memory.bytes_read},
                              {"bytes_written", memory.bytes_written}});
  }
  for (const auto& [place, times] : result.assumed)
    assumed.push_back(Object{{"place", place}, {"times", times}});
  const LaunchEnergy& energy = launch.energy;
  Object report{{"model", design.manifest().model_name()},
                {"platform", design.platform().name},
                {"clock_hz", design.platform().clock_hz},
                {"sequences", std::move(sequences)},
                {"cycles", result.cycles},
                {"launch_gap_cycles", launch.gap_cycles},
                {"seconds", seconds},
                {"tokens_per_second", static_cast<double>(NewTokens(mix)) / seconds},
                {"memory_bytes", launch.bytes},
                {"share_of_roofline", launch.floor_cycles / launch.cycles()},
                {"joules", Object{{"total", energy.total()},
                                  {"static", energy.static_joules},
                                  {"memory", energy.memory_joules},
                                  {"dsp", energy.dsp_joules},
                                  {"logic", energy.logic_joules},
                                  {"on_chip_memory", energy.storage_joules}}},
                {"causes", std::move(causes)},
                {"processes", std::move(processes)},
                {"channels", std::move(channels)},
                {"memories", std::move(memories)},
                {"assumed", std::move(assumed)}};
  if (design.engine() >= 0) {
    const EngineShare share = EngineOf(design, result);
    report["engine"] = Object{{"process", design.ProcessName(design.engine())},
                              {"busy", share.busy},
                              {"waits_for_weights", share.weights},
                              {"waits_for_operands", share.operands},
                              {"waits_for_results", share.results},
                              {"waits_for_memory", share.memory},
                              {"after_its_end", share.ended},
                              {"share_busy", share.busy / result.cycles}};
  }
  if (prompt) {
    report["prompt"] = Object{{"tokens", prompt->tokens},
                              {"seconds_to_first_token", prompt->seconds},
                              {"steps", prompt->steps},
                              {"simulated", prompt->simulated}};
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::formatv("{0:2}", llvm::json::Value(std::move(report))) << "\n";
  return text;
}

std::string TimelineJson(const SizedDesign& design, const ModelledLaunch& launch) {
  using llvm::json::Object;
  const double to_us = 1e6 / design.platform().clock_hz;
  std::string text = "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n";
  llvm::raw_string_ostream out(text);
  bool first = true;
  const auto add = [&](Object event) {
    out << (first ? "" : ",\n") << llvm::formatv("{0}", llvm::json::Value(std::move(event)));
    first = false;
  };
  for (size_t call = 0; call < launch.simulation.processes.size(); ++call) {
    add(Object{{"ph", "M"},
               {"pid", 1},
               {"tid", static_cast<int64_t>(call) + 1},
               {"name", "thread_name"},
               {"args", Object{{"name", design.ProcessName(static_cast<int32_t>(call))}}}});
  }
  for (const Span& span : launch.simulation.timeline) {
    const schedule::CodeRegion& region = RegionOf(design, span.call, span.region);
    std::string name = absl::StrCat(region.file, ":", region.line);
    const char* category = "computes";
    if (span.memory) {
      name = "waits for memory";
      category = "memory";
    } else if (span.channel >= 0) {
      name = absl::StrCat("waits for ", design.code().channels[static_cast<size_t>(span.channel)].name);
      category = "channel";
    }
    add(Object{{"ph", "X"},
               {"pid", 1},
               {"tid", int64_t{span.call} + 1},
               {"name", name},
               {"cat", category},
               {"ts", span.begin * to_us},
               {"dur", (span.end - span.begin) * to_us}});
  }
  out << "\n]}\n";
  return text;
}

}  // namespace streamtensor::compiler
