// SPDX-License-Identifier: Apache-2.0
// One kind of hostile input. A file of targets/ defines Seeds() and Accepts(); a main program calls them:
// libFuzzer's, or ours, which replays a corpus and damages sound inputs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace streamtensor::fuzz {

// Sound inputs, small: where damage and mutation start from. Accepts() takes each of them.
std::vector<std::string> Seeds();

// Feeds the program with `input` as its user would. True when it was taken, false when it was refused.
// A broken promise ends the process.
bool Accepts(std::string_view input);

// Ends the process unless `kept`.
void Require(bool kept, std::string_view promise);

// For `return Refused(status);`: false, once the message is one that a person can read: some text, printable,
// not endless, that names the place (each of `names` stands in it), and blames the input, not the program.
bool Refused(const absl::Status& status, std::initializer_list<std::string_view> names = {});

// For programs that want a path. In memory where the system has such a place; one for the life of the
// process.
const std::string& ScratchFolder();

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace streamtensor::fuzz
