// SPDX-License-Identifier: Apache-2.0
// Reads a YAML tree against a schema written as code, gathering every error with its place.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace streamtensor::server {

// Not thread-safe. yaml-cpp's exceptions stay within the calls of the class that uses this one.
class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  // One key of a map and what reads its value.
  struct Key {
    std::string name;
    std::function<void(const YAML::Node&, const std::string& path)> read;
    bool required = false;
  };

  // Reads a map: unknown and doubled keys and missing required ones are errors.
  void Map(const YAML::Node& node, const std::string& path, const std::vector<Key>& keys);
  // Calls `read` for each entry, with a path such as "cards[0]".
  void List(const YAML::Node& node, const std::string& path,
            const std::function<void(const YAML::Node&, const std::string& path, size_t index)>& read);

  // Each leaves `value` alone on an error.
  void Text(const YAML::Node& node, const std::string& path, std::string& value);
  void Integer(const YAML::Node& node, const std::string& path, int64_t least, int64_t most, int64_t& value);
  void Bytes(const YAML::Node& node, const std::string& path, int64_t least, int64_t& value);
  // Returns the index of the chosen word, or -1.
  int Choice(const YAML::Node& node, const std::string& path, const std::vector<std::string>& words);

  void Error(const YAML::Mark& mark, const std::string& message);

  const std::vector<std::string>& errors() const { return errors_; }

 private:
  bool Scalar(const YAML::Node& node, const std::string& path, const std::string& expected,
              std::string& text);

  const std::string file_;
  std::vector<std::string> errors_;
};

}  // namespace streamtensor::server
