// SPDX-License-Identifier: Apache-2.0
// The report as one HTML page that needs nothing else.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "llvm/Support/JSON.h"

namespace streamtensor::compiler {

// `text` for a place between tags or in a quoted attribute; control characters become spaces.
std::string EscapedHtml(const std::string& text);

// JSON for a <script> element: without "<", ">", "&" and line separators, which are escaped in its strings.
// Bytes that aren't UTF-8 are replaced.
std::string EmbeddedJson(const llvm::json::Value& value);

// The page of `data` (ReportData()): the files of page/ and the D3 library are read from
// share/streamtensor/report beside the program, else from the source tree and from Debian's package.
//  NOT_FOUND         one of these files isn't there; says what to install
//  INVALID_ARGUMENT  D3 is older than version 5
absl::StatusOr<std::string> ReportPage(llvm::json::Object data);

}  // namespace streamtensor::compiler
