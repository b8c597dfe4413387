// SPDX-License-Identifier: Apache-2.0
// Rules on the text itself, for what its IR no longer shows: macros.
#pragma once

#include <string>

#include "tests/hls_lint/finding.h"

namespace hls_lint {

// `text` is the design's, without what it includes; `name` stands in findings.
void CheckForks(const std::string& text, const std::string& name, Findings& findings);

// The function around the `#pragma HLS DATAFLOW` of this line. The compiler tells which line: the text may
// hold others that it never sees.
void CheckTopText(const std::string& text, unsigned line, const std::string& name, Findings& findings);

}  // namespace hls_lint
