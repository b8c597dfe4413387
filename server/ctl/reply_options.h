// SPDX-License-Identifier: Apache-2.0
// The options of a command that asks for replies.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "streamtensor/v1/inference.pb.h"

namespace streamtensor::ctl {

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

  // --model and --request-id, for a daemon that serves several models to several clients.
  void AddModelTo(CLI::App& app);
  // All others.
  void AddTo(CLI::App& app);
  void AddLogprobsTo(CLI::App& app);

  // Writes what was given; the rest is left to the daemon's defaults.
  void Write(v1::GenerateRequest& request) const;

 private:
  void AddSamplingTo(CLI::App& app);
  void AddStoppingTo(CLI::App& app);
};

}  // namespace streamtensor::ctl
