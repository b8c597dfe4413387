// SPDX-License-Identifier: Apache-2.0
// The strict reader of YAML files: the schema is written as code, every error is gathered with its place.
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

// The file's text, or one byte more than is allowed of it: never all of a device.
//  NOT_FOUND  it can't be read, or is a folder
absl::StatusOr<std::string> ReadYamlFile(const std::string& path);

// Not thread-safe.
class YamlReader {
 public:
  // `file` stands in front of every error, `root` names the whole of it in errors.
  YamlReader(std::string file, std::string root) : file_(std::move(file)), root_(std::move(root)) {}

  // Parses `text`, one document of at most kMaxYamlBytes, and hands its root to `read`, which calls the
  // functions below and Error(). No exception of yaml-cpp leaves it.
  //  INVALID_ARGUMENT  all errors, a line each: "FILE:LINE:COLUMN: what, and what would be right"
  absl::Status Read(std::string_view text, const std::function<void(const YAML::Node& root)>& read);

  // Reads a value; `path` is its name in errors, such as "cards[0].driver".
  using ReadValue = std::function<void(const YAML::Node& node, const std::string& path)>;
  // One key of a map and what reads its value.
  struct Key {
    std::string name;
    ReadValue read;
    bool required = false;
  };

  // Reads a map: unknown and repeated keys and missing required ones are errors.
  void Map(const YAML::Node& node, const std::string& path, const std::vector<Key>& keys);
  // Calls `read` for each entry of a list, with a path such as "cards[0]".
  void List(const YAML::Node& node, const std::string& path,
            const std::function<void(const YAML::Node&, const std::string& path, std::size_t index)>& read);

  // Each leaves `value` alone on an error.
  void Text(const YAML::Node& node, const std::string& path, std::string& value);
  void Integer(const YAML::Node& node, const std::string& path, int64_t min, int64_t max, int64_t& value);
  // Finite.
  void Real(const YAML::Node& node, const std::string& path, double min, double max, double& value);
  // As ParseByteSize reads it.
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
