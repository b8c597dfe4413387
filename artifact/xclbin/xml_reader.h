// SPDX-License-Identifier: Apache-2.0
// A small strict reader for the XML in xclbins: elements and attributes. Text, comments and processing
// instructions are skipped, DTDs are rejected. Nesting and sizes are bounded, which also protects XRT's
// recursive parser.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::artifact::xclbin {

struct XmlElement {
  std::string name;
  std::size_t offset = 0;  // of its '<', from the document's start
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  // Null when there is none.
  const std::string* Attribute(std::string_view name) const;
};

inline constexpr int kMaxXmlDepth = 32;
inline constexpr std::size_t kMaxXmlElements = 100000;
inline constexpr std::size_t kMaxXmlAttributes = 100;  // of an element

// The root element. INVALID_ARGUMENT names the offset.
absl::StatusOr<XmlElement> ReadXml(std::string_view document);

// Escapes XML's five special characters in `text`.
std::string EscapeXml(std::string_view text);

}  // namespace streamtensor::artifact::xclbin
