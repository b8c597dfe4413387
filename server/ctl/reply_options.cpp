// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/reply_options.h"

#include <limits>

#include "base/option_checks.h"
#include "server/ctl/text_options.h"

namespace streamtensor::ctl {
namespace {

CLI::Validator CountCheck() { return base::WholeNumber(0, std::numeric_limits<uint32_t>::max()); }

}  // namespace

void ReplyOptions::AddModelTo(CLI::App& app) {
  app.add_option("--model", model, "The model (streamtensorctl models lists them)")
      ->type_name("NAME")
      ->required()
      ->check(Utf8());
  app.add_option("--request-id", request_id, "Name of the request in the daemon's log (default: made up)")
      ->type_name("ID")
      ->check(RequestId());
}

void ReplyOptions::AddTo(CLI::App& app) {
  app.add_option("--timeout", timeout_seconds, "Give up after so long")
      ->type_name("SECONDS")
      ->check(base::PositiveNumber());
  app.add_flag("--stats", stats, "Print TTFT and rates on stderr at the end");
  AddSamplingTo(app);
  AddStoppingTo(app);
}

void ReplyOptions::AddSamplingTo(CLI::App& app) {
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

void ReplyOptions::AddStoppingTo(CLI::App& app) {
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

void ReplyOptions::Write(v1::GenerateRequest& request) const {
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

void ReplyOptions::AddLogprobsTo(CLI::App& app) {
  app.add_option("--logprobs", logprobs, "With --json: log-probabilities, N alternatives a token")
      ->type_name("N")
      ->check(CountCheck());
}

}  // namespace streamtensor::ctl
