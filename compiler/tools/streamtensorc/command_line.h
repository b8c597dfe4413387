// SPDX-License-Identifier: Apache-2.0
// Words of a command line: positional ones, `--flag`, and `--option VALUE` or `--option=VALUE`.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::compiler {

struct CommandSyntax {
  std::vector<std::string> positional;  // names, for messages: all are needed
  std::set<std::string> options;        // take a value; with their dashes
  std::set<std::string> flags;          // take none
};

class CommandLine {
 public:
  // INVALID_ARGUMENT: what is wrong, for a person. Later values replace earlier ones.
  static absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& words,
                                           const CommandSyntax& syntax);

  const std::string& positional(size_t index) const { return positional_[index]; }
  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  std::string Text(const std::string& option, const std::string& otherwise) const;
  // INVALID_ARGUMENT unless it is a whole number of that range.
  absl::StatusOr<int64_t> Number(const std::string& option, int64_t least, int64_t most,
                                 int64_t otherwise) const;

 private:
  std::vector<std::string> positional_;
  std::map<std::string, std::string> values_;
};

}  // namespace streamtensor::compiler
