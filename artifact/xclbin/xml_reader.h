// SPDX-License-Identifier: Apache-2.0
// A small strict reader for the XML that xclbins carry: elements and attributes; text, comments and
// processing instructions are skipped, DTDs refused. Nesting and sizes are bounded, so that neither we
// nor the parser behind us (which recurses) can be led astray.
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

// `text` with the five characters that mean something to XML replaced.
std::string EscapeXml(std::string_view text);

}  // namespace streamtensor::artifact::xclbin
