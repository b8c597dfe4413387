// SPDX-License-Identifier: Apache-2.0
// Command-line options: declared, then read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace streamtensor::ctl {

// A message's text field must be valid UTF-8; a shell passes any bytes.
bool IsUtf8(const std::string& text);
// The value of a call's metadata must be so: gRPC ends the program over others.
bool IsPrintable(const std::string& text);

// Reads `--name VALUE`, `--name=VALUE` and flags; what is no option is positional; `--` ends the options.
class Arguments {
 public:
  // Each keeps the pointer; `help` is a line of Help().
  void Flag(const std::string& name, bool* value, const std::string& help);
  void Text(const std::string& name, const std::string& unit, std::string* value, const std::string& help);
  void TextList(const std::string& name, const std::string& unit, std::vector<std::string>* values,
                const std::string& help);
  void Number(const std::string& name, const std::string& unit, std::optional<float>* value,
              const std::string& help);
  void Seconds(const std::string& name, const std::string& unit, std::optional<float>* value,
               const std::string& help);                                          // more than 0
  void Id(const std::string& name, std::string* value, const std::string& help);  // of a request
  void Whole(const std::string& name, const std::string& unit, std::optional<uint32_t>* value,
             const std::string& help);
  void Whole(const std::string& name, const std::string& unit, std::optional<uint64_t>* value,
             const std::string& help);
  void Positional(std::vector<std::string>* values) { positional_ = values; }

  // INVALID_ARGUMENT: one line about the first thing that is wrong.
  absl::Status Read(const std::vector<std::string>& arguments) const;

  std::string Help() const;

 private:
  struct Option {
    std::string name;
    std::string unit;  // empty: a flag
    std::string help;
    std::function<absl::Status(const std::string&)> read;
  };

  std::vector<Option> options_;
  std::vector<std::string>* positional_ = nullptr;
};

}  // namespace streamtensor::ctl
