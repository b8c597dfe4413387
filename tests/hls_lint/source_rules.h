// SPDX-License-Identifier: Apache-2.0
// Rules on the text itself, for what its IR no longer shows: macros.
#pragma once

#include <string>

#include "tests/hls_lint/finding.h"

namespace hls_lint {

// `text` is the design's, without what it includes; `name` stands in findings.
void CheckText(const std::string& text, const std::string& name, Findings& findings);

}  // namespace hls_lint
