// SPDX-License-Identifier: Apache-2.0
// The traces that kernels/README.md lists, as sequences of operations.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/integration/bounds/built_design.h"

namespace streamtensor::compiler {

// What the numbers of a trace are made from: T, W, S, M, L and what a row of the table adds.
using TraceSymbols = std::map<std::string, double>;

class ReadmeTraces {
 public:
  // Of the README's tables of templates; the text is the file's.
  static ReadmeTraces Parse(const std::string& text);

  // What template `name` does with the streams that it reads and writes, in the order of its parameters.
  // Aborts where the README has no such row, or one that is no trace.
  std::vector<StreamEvent> Of(const std::string& name, const TraceSymbols& symbols,
                              std::vector<std::string> reads, std::vector<std::string> writes) const;

 private:
  struct Row {
    std::vector<std::string> parameters;
    std::string trace;
  };
  std::map<std::string, Row> rows_;
};

}  // namespace streamtensor::compiler
