// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "artifact/artifact.h"
#include "base/option_checks.h"
#include "base/status_macros.h"
#include "compiler/tools/streamtensorc/commands.h"
#include "compiler/tools/streamtensorc/npy_file.h"
#include "compiler/tools/streamtensorc/step_script.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/driver.h"
#include "streamtensor/runtime/executable.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kMaxSteps = 1 << 20;
constexpr int64_t kUnset = -1;

struct RunOptions {
  std::string artifact;
  std::string tokens, script, logits;  // of a decoder; empty: not given
  std::string inputs, outputs;         // of a module, comma-separated
  int64_t steps = 1;
  int64_t chunk = kUnset;  // tokens or rows a step
  std::string driver = "emulated";
  uint32_t index = 0;
  uint32_t threads = 1;
  bool profile = false;
};

constexpr absl::Duration kStepTimeout = absl::Minutes(5);

struct Totals {
  int64_t steps = 0;
  int64_t tokens = 0;
  double card_seconds = 0;
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
  double joules = 0;
  bool joules_measured = false;
};

void PrintTotals(const Totals& totals) {
  std::fprintf(stderr, "%lld tokens in %lld steps; card %.1f ms (measured)",
               static_cast<long long>(totals.tokens), static_cast<long long>(totals.steps),
               1e3 * totals.card_seconds);
  if (totals.modelled_seconds > 0) {
    std::fprintf(stderr, "; %llu cycles, %.3f ms, %.0f tokens/s, %.4f J (modelled)",
                 static_cast<unsigned long long>(totals.modelled_cycles), 1e3 * totals.modelled_seconds,
                 static_cast<double>(totals.tokens) / totals.modelled_seconds, totals.joules);
  }
  std::fputc('\n', stderr);
}

void PrintProfile(std::span<const runtime::ProcessTime> processes) {
  std::vector<runtime::ProcessTime> sorted(processes.begin(), processes.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.nanoseconds > b.nanoseconds; });
  std::fputs("process, last step (measured)         us   waits\n", stderr);
  for (const runtime::ProcessTime& process : sorted) {
    std::fprintf(stderr, "  %-28s %9.1f %7llu\n", process.name.c_str(),
                 1e-3 * static_cast<double>(process.nanoseconds),
                 static_cast<unsigned long long>(process.switches));
  }
}

absl::StatusOr<std::vector<int32_t>> ReadTokens(const std::string& text, int32_t vocabulary) {
  std::vector<int32_t> tokens;
  for (const auto& word : absl::StrSplit(text, absl::ByAnyChar(" ,\t\n"), absl::SkipEmpty())) {
    int32_t id = 0;
    if (!absl::SimpleAtoi(word, &id) || id < 0 || id >= vocabulary) {
      return absl::InvalidArgumentError(
          absl::StrCat("--tokens: '", word, "' is not a token id from 0 to ", vocabulary - 1));
    }
    tokens.push_back(id);
  }
  if (tokens.empty()) return absl::InvalidArgumentError("--tokens names no token");
  return tokens;
}

int32_t Greedy(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// Of a decoder's step or of a module's run.
template <class Result>
void Add(const Result& result, size_t tokens, Totals& totals) {
  ++totals.steps;
  totals.tokens += static_cast<int64_t>(tokens);
  totals.card_seconds += result.card_seconds;
  totals.modelled_cycles += result.modelled_cycles;
  totals.modelled_seconds += result.modelled_seconds;
  totals.joules += result.joules;
  totals.joules_measured = result.joules_measured;
}

// One sequence on slot 0, its pages 0, 1, 2, ...
class Sequence {
 public:
  Sequence(runtime::Decoder* decoder, bool all_logits) : decoder_(*decoder), all_logits_(all_logits) {}

  // Feeds tokens in one step; returns the greedy token after the last.
  absl::StatusOr<int32_t> Feed(std::span<const int32_t> tokens) {
    runtime::Step step;
    const int32_t start = position_;
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool wanted = all_logits_ || i + 1 == tokens.size();
      step.tokens.push_back({tokens[i], 0, position_++, start, wanted});
    }
    std::vector<int32_t>& pages = step.page_tables.emplace_back();
    for (int32_t page = 0; page * decoder_.info().page_tokens < position_; ++page) pages.push_back(page);
    ASSIGN_OR_RETURN(const runtime::StepResult result, decoder_.Run(step, kStepTimeout));
    Add(result, tokens.size(), totals_);
    if (all_logits_) logits_.insert(logits_.end(), result.logits.begin(), result.logits.end());
    return Greedy(result.logits.last(static_cast<size_t>(decoder_.info().vocabulary)));
  }

  const Totals& totals() const { return totals_; }
  const std::vector<float>& logits() const { return logits_; }

 private:
  runtime::Decoder& decoder_;
  bool all_logits_;
  int32_t position_ = 0;
  Totals totals_;
  std::vector<float> logits_;
};

// Tokens or rows a step, at most `most`.
absl::StatusOr<int64_t> Chunk(const RunOptions& run, int64_t most) {
  if (run.chunk == kUnset) return most;
  if (run.chunk <= most) return run.chunk;
  return absl::InvalidArgumentError(
      absl::StrCat("--chunk: must be a whole number from 1 to ", most, ", got '", run.chunk, "'"));
}

// Rows of logits, one below the other.
absl::Status WriteLogits(const std::string& path, int64_t width, std::span<const float> values) {
  NpyArray array{runtime::ElementType::kFloat32, {static_cast<int64_t>(values.size()) / width, width}, {}};
  const std::span<const std::byte> bytes = std::as_bytes(values);
  array.bytes.assign(bytes.begin(), bytes.end());
  return WriteNpy(path, array);
}

absl::Status RunScript(const RunOptions& run, runtime::DecoderOptions options) {
  ASSIGN_OR_RETURN(const StepScript script, ReadStepScript(run.script));
  options.kv_pages = std::max(options.kv_pages, script.pages);
  ASSIGN_OR_RETURN(const std::unique_ptr<runtime::Decoder> decoder, runtime::OpenDecoder(options));
  std::vector<float> logits;
  Totals totals;
  for (const runtime::Step& step : script.steps) {
    absl::StatusOr<runtime::StepResult> result = decoder->Run(step, kStepTimeout);
    if (!result.ok())
      return absl::Status(result.status().code(),
                          absl::StrCat("step ", totals.steps, ": ", std::string(result.status().message())));
    Add(*result, step.tokens.size(), totals);
    logits.insert(logits.end(), result->logits.begin(), result->logits.end());
  }
  if (!run.logits.empty()) {
    RETURN_IF_ERROR(WriteLogits(run.logits, decoder->info().vocabulary, logits));
  }
  PrintTotals(totals);
  if (run.profile) PrintProfile(decoder->process_times());
  return absl::OkStatus();
}

absl::Status RunDecoder(const RunOptions& run, const runtime::DecoderOptions& options) {
  if (!run.script.empty()) return RunScript(run, options);
  if (run.tokens.empty())
    return absl::InvalidArgumentError("--tokens is missing: the artifact holds a decoder");
  ASSIGN_OR_RETURN(const std::unique_ptr<runtime::Decoder> decoder, runtime::OpenDecoder(options));
  const runtime::DecoderInfo& info = decoder->info();
  ASSIGN_OR_RETURN(const std::vector<int32_t> prompt, ReadTokens(run.tokens, info.vocabulary));
  ASSIGN_OR_RETURN(const int64_t chunk, Chunk(run, info.step_tokens));
  const int64_t positions = static_cast<int64_t>(prompt.size()) + std::max<int64_t>(run.steps - 1, 0);
  if (positions > info.max_context) {
    return absl::InvalidArgumentError(absl::StrCat(prompt.size(), " prompt tokens and ", run.steps,
                                                   " steps need ", positions, " positions; the artifact has ",
                                                   info.max_context));
  }

  Sequence sequence(decoder.get(), !run.logits.empty());
  int32_t next = 0;
  for (size_t at = 0; at < prompt.size(); at += static_cast<size_t>(chunk)) {
    const size_t count = std::min(static_cast<size_t>(chunk), prompt.size() - at);
    ASSIGN_OR_RETURN(next, sequence.Feed(std::span(prompt).subspan(at, count)));
  }
  for (int64_t step = 0; step < run.steps; ++step) {
    std::printf("%s%d", step == 0 ? "" : " ", next);
    std::fflush(stdout);
    if (step + 1 == run.steps) break;
    ASSIGN_OR_RETURN(next, sequence.Feed(std::span(&next, 1)));
  }
  if (run.steps > 0) std::printf("\n");
  std::fflush(stdout);
  if (!run.logits.empty()) {
    RETURN_IF_ERROR(WriteLogits(run.logits, info.vocabulary, sequence.logits()));
  }
  PrintTotals(sequence.totals());
  if (run.profile) PrintProfile(decoder->process_times());
  return absl::OkStatus();
}

// An input as samples of a module.
struct Samples {
  int64_t count = 1;
  bool fixed = false;  // one for all samples of the others
  bool bare = false;   // of the shape of one sample, without a dimension that counts them
  NpyArray array;
};

// The shape of a sample as the file may have it, or a flat row.
absl::StatusOr<Samples> ReadSamples(const std::string& path, const runtime::ExecutableTensor& tensor) {
  Samples samples;
  ASSIGN_OR_RETURN(samples.array, ReadNpy(path));
  const std::vector<int64_t>& shape = samples.array.shape;
  const std::vector<int64_t> sample(tensor.shape.begin() + (tensor.counts_samples() ? 1 : 0),
                                    tensor.shape.end());
  auto shown = [](const std::vector<int64_t>& sizes) {
    return absl::StrCat("[", absl::StrJoin(sizes, ", "), "]");
  };
  if (samples.array.element != tensor.element) {
    return absl::InvalidArgumentError(
        absl::StrCat("--input: ", path, " holds ", runtime::ElementName(samples.array.element), " for input ",
                     tensor.name, ", which is ", runtime::ElementName(tensor.element)));
  }
  const std::vector<int64_t> row = {tensor.width};
  if (shape == sample || shape == row) {
    samples.bare = !tensor.counts_samples() && shape == sample;
    return samples;
  }
  const std::vector<int64_t> rest(shape.begin() + (shape.empty() ? 0 : 1), shape.end());
  if (!shape.empty() && (rest == sample || rest == row)) {
    samples.count = shape[0];
    return samples;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--input: ", shown(shape), " for input ", tensor.name, ", which has samples of ",
                   shown(sample), " (one, or several with a dimension before), or rows of ", tensor.width));
}

absl::StatusOr<std::vector<Samples>> ReadInputs(const RunOptions& run, const runtime::ExecutableInfo& info) {
  const std::vector<std::string> paths = absl::StrSplit(run.inputs, ',', absl::SkipEmpty());
  if (paths.size() != info.inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--input: ", paths.size(), " files for ", info.inputs.size(), " inputs"));
  }
  const bool rows = std::ranges::any_of(info.inputs, &runtime::ExecutableTensor::counts_samples);
  std::vector<Samples> inputs;
  const Samples* first = nullptr;
  for (size_t i = 0; i < paths.size(); ++i) {
    ASSIGN_OR_RETURN(Samples samples, ReadSamples(paths[i], info.inputs[i]));
    samples.fixed = rows && !info.inputs[i].counts_samples() && samples.count == 1;
    inputs.push_back(std::move(samples));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].fixed) continue;
    if (first != nullptr && first->count != inputs[i].count) {
      return absl::InvalidArgumentError(absl::StrCat("--input: ", inputs[i].count, " samples for input ",
                                                     info.inputs[i].name, ", but ", first->count,
                                                     " for one before it"));
    }
    if (first == nullptr) first = &inputs[i];
  }
  return inputs;
}

absl::Status RunExecutable(const RunOptions& run, const runtime::ExecutableOptions& options) {
  if (run.inputs.empty() || run.outputs.empty()) {
    return absl::InvalidArgumentError("--input and --output are needed: the artifact holds no decoder");
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<runtime::Executable> executable, runtime::OpenExecutable(options));
  const runtime::ExecutableInfo& info = executable->info();
  const std::vector<std::string> paths = absl::StrSplit(run.outputs, ',', absl::SkipEmpty());
  if (paths.size() != info.outputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--output: ", paths.size(), " files for ", info.outputs.size(), " outputs"));
  }
  ASSIGN_OR_RETURN(std::vector<Samples> inputs, ReadInputs(run, info));
  int64_t rows = 1;
  for (const Samples& input : inputs) rows = std::max(rows, input.count);
  const bool bare = std::ranges::all_of(inputs, &Samples::bare);
  ASSIGN_OR_RETURN(const int64_t chunk, Chunk(run, info.max_rows));
  for (Samples& input : inputs) {
    if (!input.fixed) continue;
    const std::vector<std::byte> sample = input.array.bytes;
    for (int64_t i = 1; i < chunk; ++i)
      input.array.bytes.insert(input.array.bytes.end(), sample.begin(), sample.end());
  }

  std::vector<NpyArray> outputs;
  for (const runtime::ExecutableTensor& output : info.outputs) {
    NpyArray array{output.element, output.shape, {}};
    if (output.counts_samples()) {
      array.shape[0] = rows;
    } else if (!bare) {
      array.shape.insert(array.shape.begin(), rows);
    }
    outputs.push_back(std::move(array));
  }
  Totals totals;
  for (int64_t at = 0; at < rows; at += chunk) {
    const int64_t count = std::min(chunk, rows - at);
    std::vector<std::span<const std::byte>> spans;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const size_t sample = info.inputs[i].sample_bytes();
      spans.push_back(std::span(inputs[i].array.bytes)
                          .subspan(inputs[i].fixed ? 0 : static_cast<size_t>(at) * sample,
                                   static_cast<size_t>(count) * sample));
    }
    ASSIGN_OR_RETURN(const runtime::ExecutableResult result,
                     executable->Run(static_cast<int32_t>(count), spans, kStepTimeout));
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].bytes.insert(outputs[i].bytes.end(), result.outputs[i].begin(), result.outputs[i].end());
    }
    Add(result, static_cast<size_t>(count), totals);
    if (run.profile && at + count == rows) PrintProfile(result.processes);
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    RETURN_IF_ERROR(WriteNpy(paths[i], outputs[i]));
  }
  PrintTotals(totals);
  return absl::OkStatus();
}

// Drivers whose cards run what this program compiles.
std::vector<std::string> DriverChoices() {
  std::vector<std::string> names;
  for (const runtime::Driver* const driver : runtime::Drivers()) {
    if (driver->runs_designs) names.emplace_back(driver->name);
  }
  return names;
}

int Run(const base::Program& program, const RunOptions& run) {
  if (run.tokens.empty() && run.script.empty() && run.inputs.empty()) {
    return program.WrongUsage(
        "--tokens is missing (or --script; or --input, for a module that is not a decoder)");
  }
  const absl::StatusOr<const runtime::Driver*> driver = runtime::FindDriver(run.driver);
  if (!driver.ok()) return program.WrongUsage(std::string(driver.status().message()));
  if (run.threads != 1 && std::ranges::count((*driver)->config_keys, "threads") == 0) {
    return program.WrongUsage(absl::StrCat("--threads is not for --driver ", run.driver));
  }
  runtime::DecoderOptions options;
  options.artifact = run.artifact;
  options.card.driver = run.driver;
  options.card.index = run.index;
  options.card.threads = run.threads;
  absl::StatusOr<artifact::v1::Manifest> manifest = artifact::Artifact::ReadManifest(options.artifact);
  if (!manifest.ok()) return Failed("run", manifest.status());
  options.card.platform = manifest->platform();
  options.kv_pages = manifest->launch().max_pages();
  const absl::Status status = manifest->has_decoder()
                                  ? RunDecoder(run, options)
                                  : RunExecutable(run, {.card = options.card, .artifact = options.artifact});
  return status.ok() ? 0 : Failed("run", status);
}

void AddDecoderOptions(CLI::App& app, RunOptions& run) {
  constexpr char kGroup[] = "Decoder";
  app.add_option("--tokens", run.tokens, "The prompt's token ids, such as \"1 2 3\"")
      ->type_name("IDS")
      ->group(kGroup);
  app.add_option("--steps", run.steps, "Tokens to produce (default 1; 0: only the prompt)")
      ->type_name("N")
      ->check(base::WholeNumber(0, kMaxSteps))
      ->group(kGroup);
  app.add_option("--logits", run.logits, "Write the logits of every token that was fed, then produced")
      ->type_name("FILE.npy")
      ->group(kGroup);
  app.add_option("--script", run.script, "Steps spelled out: tokens with slot, position, start; page tables")
      ->type_name("FILE.json")
      ->group(kGroup);
}

void AddModuleOptions(CLI::App& app, RunOptions& run) {
  constexpr char kGroup[] = "Module";
  app.add_option("--input", run.inputs, "Samples of the module's inputs, comma-separated")
      ->type_name("FILE.npy")
      ->group(kGroup);
  app.add_option("--output", run.outputs, "Files for the samples of its results, comma-separated")
      ->type_name("FILE.npy")
      ->group(kGroup);
}

void AddCardOptions(CLI::App& app, RunOptions& run) {
  constexpr char kGroup[] = "Card";
  const std::vector<std::string> drivers = DriverChoices();
  const std::string words = absl::StrReplaceAll(absl::StrJoin(drivers, " or "),
                                                {{run.driver, absl::StrCat(run.driver, " (default)")}});
  app.add_option("--driver", run.driver, words)
      ->type_name("DRIVER")
      ->check(CLI::IsMember(drivers).description(""))
      ->group(kGroup);
  app.add_option("--index", run.index, "Which card (default 0)")
      ->type_name("N")
      ->check(base::WholeNumber(0, 255))
      ->group(kGroup);
  app.add_option("--threads", run.threads, "Threads of an emulated card: 1 (default) or 2")
      ->type_name("N")
      ->check(base::WholeNumber(1, 2))
      ->group(kGroup);
  app.add_option("--chunk", run.chunk, "Tokens or rows a step (default: as many as it can carry)")
      ->type_name("K")
      ->check(base::WholeNumber(1, std::numeric_limits<int64_t>::max()))
      ->group(kGroup);
  app.add_flag("--profile", run.profile, "Print measured time by process of the last step")->group(kGroup);
}

}  // namespace

void AddRunCommand(base::Program& program) {
  auto run = std::make_shared<RunOptions>();
  CLI::App& app = program.AddCommand("run", "Run a compiled decoder or module on a card, without a daemon",
                                     [&program, run] { return Run(program, *run); });
  app.add_option("DIR", run->artifact, "The artifact's folder")->required();
  AddDecoderOptions(app, *run);
  AddModuleOptions(app, *run);
  AddCardOptions(app, *run);
  base::AddExamples(app, {"streamtensorc run design --tokens '1 2 3' --steps 8"});
}

}  // namespace streamtensor::compiler
