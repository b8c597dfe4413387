// SPDX-License-Identifier: Apache-2.0
#include "artifact/user_metadata.h"

#include <google/protobuf/util/message_differencer.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "artifact/artifact.h"

namespace streamtensor::artifact {
namespace {

using v1::Manifest;

// A name may have thousands of bytes.
std::string Start(const std::string& value) { return value.substr(0, 100); }

// Rewords a line of the protobuf library: "modified: launch.max_pages: 8 -> 16", or "added: " or "deleted: "
// and one value. The manifest's value comes first.
std::string InWords(const std::string& line, const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(": ", 2));
  if (parts.size() != 3) return Start(line);
  if (parts[0] != "modified") {
    const std::string& where = parts[0] == "added" ? "USER_METADATA" : name;
    return absl::StrCat(parts[1], " is ", Start(parts[2]), " in ", where, " alone");
  }
  const std::vector<std::string> values = absl::StrSplit(parts[2], absl::MaxSplits(" -> ", 1));
  return absl::StrCat(parts[1], " is ", Start(values.front()), " in ", name, ", ", Start(values.back()),
                      " in USER_METADATA");
}

}  // namespace

absl::Status CheckUserMetadata(std::string_view user_metadata, Manifest manifest, const std::string& name) {
  if (user_metadata.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has no USER_METADATA, so nothing says that it is the design of ", name));
  }
  absl::StatusOr<Manifest> inside = ManifestFromJson(user_metadata);
  if (!inside.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("USER_METADATA: ", inside.status().message()));
  }
  manifest.clear_files();
  inside->clear_files();
  google::protobuf::util::MessageDifferencer differencer;
  // A number 0 is omitted from the text and differs by its value.
  differencer.set_message_field_comparison(google::protobuf::util::MessageDifferencer::EQUIVALENT);
  std::string differences;
  differencer.ReportDifferencesToString(&differences);
  if (differencer.Compare(manifest, *inside)) return absl::OkStatus();
  const std::string first = differences.substr(0, differences.find('\n'));
  return absl::InvalidArgumentError(
      absl::StrCat("it is not the design of ", name, ": ", InWords(first, name)));
}

}  // namespace streamtensor::artifact
