// SPDX-License-Identifier: Apache-2.0
// A strict reader for YAML files: the schema is code, and all errors are collected with their places.
//
//   YamlReader yaml(path, "the configuration");
//   absl::Status status = yaml.Read(text, [&](const YAML::Node& root) {
//     yaml.Map(root, "", {{"name", yaml.TextKey(config.name), /*required=*/true}, ...});
//   });
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::base {

inline constexpr std::size_t kMaxYamlBytes = 1 << 20;

// The file's text, up to one byte more than allowed, so that reading a device ends.
//   NOT_FOUND  it cannot be read, or is a folder
absl::StatusOr<std::string> ReadYamlFile(const std::string& path);

// Not thread-safe.
class YamlReader {
 public:
  // `file` begins every error, `root` names the document in errors.
  YamlReader(std::string file, std::string root) : file_(std::move(file)), root_(std::move(root)) {}

  // Parses `text`, one document of at most kMaxYamlBytes, and passes its root to `read`, which calls the
  // functions below and Error(). yaml-cpp's exceptions do not escape.
  //   INVALID_ARGUMENT  all errors, one per line: "FILE:LINE:COLUMN: what was found; what is allowed"
  absl::Status Read(std::string_view text, const std::function<void(const YAML::Node& root)>& read);

  // Reads a value; `path` names it in errors, for example "cards[0].driver".
  using ReadValue = std::function<void(const YAML::Node& node, const std::string& path)>;
  // A key of a map and the reader of its value.
  struct Key {
    std::string name;
    ReadValue read;
    bool required = false;
  };

  // Reads a map: unknown, duplicate and missing required keys are errors.
  void Map(const YAML::Node& node, const std::string& path, const std::vector<Key>& keys);
  // Calls `read` for each entry of a list, with a path such as "cards[0]".
  void List(const YAML::Node& node, const std::string& path,
            const std::function<void(const YAML::Node&, const std::string& path, std::size_t index)>& read);

  // These leave `value` unchanged on an error.
  void Text(const YAML::Node& node, const std::string& path, std::string& value);
  void Integer(const YAML::Node& node, const std::string& path, int64_t min, int64_t max, int64_t& value);
  // Finite.
  void Real(const YAML::Node& node, const std::string& path, double min, double max, double& value);
  // As ParseByteSize.
  void Bytes(const YAML::Node& node, const std::string& path, int64_t min, int64_t& value);
  // Returns the index of the chosen word, or -1.
  int Choice(const YAML::Node& node, const std::string& path, const std::vector<std::string>& words);

  void Error(const YAML::Mark& mark, const std::string& message);
  bool ok() const { return errors_.empty(); }

 private:
  bool Scalar(const YAML::Node& node, const std::string& path, const std::string& expected,
              std::string& text);
  void Wrong(const YAML::Node& node, const std::string& path, const std::string& expected);

  const std::string file_;
  const std::string root_;
  std::vector<std::string> errors_;
};

}  // namespace streamtensor::base
