// SPDX-License-Identifier: Apache-2.0
// What the files beside tokenizer.json say of a tokenizer: special tokens and chat template. Free of MLIR.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// Each is an object, or null if the folder does not have the file.
struct TokenizerSettings {
  nlohmann::json tokenizer_config;                // tokenizer_config.json
  nlohmann::json generation_config;               // generation_config.json
  nlohmann::json config;                          // config.json
  std::optional<std::string_view> chat_template;  // chat_template.jinja
};

// Sets bos, eos, unknown and padding tokens, add_bos, add_eos, end_of_generation_ids and chat_template. Where
// files differ, tokenizer_config.json counts before generation_config.json and that before config.json; what
// tokenizer.json adds to a text stays unless tokenizer_config.json says add_bos_token or add_eos_token. Call
// it once pieces and steps are set.
//  UNIMPLEMENTED     a setting that can't be kept; names it
//  INVALID_ARGUMENT  names file and key
absl::Status ReadSettings(const TokenizerSettings& settings, artifact::v1::Tokenizer* tokenizer);

}  // namespace streamtensor::compiler
