// SPDX-License-Identifier: Apache-2.0
// Which pragmas and options the supported versions of Vitis HLS document: pragmas.yaml.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/hls_lint/pragma.h"

namespace hls_lint {

// What stands behind the `=` of an option.
enum class OptionValue { kNone, kInteger, kName, kWord };

struct PragmaOption {
  std::string name;
  OptionValue value = OptionValue::kNone;
  std::vector<std::string> words;  // of kWord
  bool required = false;
  std::string since;  // the first version that has it; empty: all of them
};

struct PragmaEntry {
  std::string name;  // in capitals
  std::vector<PragmaOption> options;
};

class PragmaTable {
 public:
  //   NOT_FOUND         the file can't be read
  //   INVALID_ARGUMENT  it is no such table
  static absl::StatusOr<PragmaTable> Read(const std::string& path);

  // Why some supported version would not take the pragma as it stands; empty if all do.
  std::string Objection(const Pragma& pragma) const;

 private:
  std::string OptionObjection(const PragmaOption& option, const std::string& value) const;

  std::vector<std::string> versions_;  // ascending, at least one
  std::vector<PragmaEntry> pragmas_;
};

}  // namespace hls_lint
