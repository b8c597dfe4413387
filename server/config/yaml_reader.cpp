// SPDX-License-Identifier: Apache-2.0
#include "server/config/yaml_reader.h"

#include <map>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/config/config.h"

namespace streamtensor::server {
namespace {

// More tell nothing new: each line of a file of another kind is one.
constexpr size_t kMaxErrors = 50;
constexpr size_t kShownBytes = 100;

std::string Shown(const std::string& text) {
  std::string shown = absl::CHexEscape(text.substr(0, kShownBytes));
  if (text.size() > kShownBytes) shown += "...";
  return shown;
}

std::string KindOf(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      return "a map";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Scalar:
      return absl::StrCat("\"", Shown(node.Scalar()), "\"");
    default:
      return "empty";
  }
}

}  // namespace

void YamlReader::Error(const YAML::Mark& mark, const std::string& message) {
  if (errors_.size() == kMaxErrors) errors_.push_back(absl::StrCat(file_, ": and more errors"));
  if (errors_.size() > kMaxErrors) return;
  const std::string place =
      mark.is_null() ? file_ : absl::StrCat(file_, ":", mark.line + 1, ":", mark.column + 1);
  errors_.push_back(absl::StrCat(place, ": ", message));
}

void YamlReader::Map(const YAML::Node& node, const std::string& path, const std::vector<Key>& keys) {
  const std::string where = path.empty() ? "the configuration" : path;
  if (!node.IsMap()) {
    Error(node.Mark(), absl::StrCat(where, " is ", KindOf(node), "; allowed is a map"));
    return;
  }
  std::map<std::string, YAML::Mark> seen;
  for (const auto& entry : node) {
    const YAML::Mark mark = entry.first.Mark();
    if (!entry.first.IsScalar()) {
      Error(mark, absl::StrCat("a key of ", where, " is ", KindOf(entry.first), "; allowed is a word"));
      continue;
    }
    const std::string name = entry.first.Scalar();
    const std::string child = path.empty() ? Shown(name) : absl::StrCat(path, ".", Shown(name));
    const auto [first, is_new] = seen.emplace(name, mark);
    if (!is_new) {
      Error(mark, absl::StrCat(child, " is given twice; it first stands in line ", first->second.line + 1));
      continue;
    }
    const Key* found = nullptr;
    std::vector<std::string> names;
    for (const Key& key : keys) {
      names.push_back(key.name);
      if (key.name == name) found = &key;
    }
    if (found == nullptr) {
      Error(mark,
            absl::StrCat("unknown key ", child, "; allowed in ", where, " are ", absl::StrJoin(names, ", ")));
      continue;
    }
    found->read(entry.second, child);
  }
  for (const Key& key : keys) {
    if (key.required && !seen.contains(key.name)) {
      Error(node.Mark(), absl::StrCat(where, " has no key ", key.name));
    }
  }
}

void YamlReader::List(const YAML::Node& node, const std::string& path,
                      const std::function<void(const YAML::Node&, const std::string&, size_t)>& read) {
  if (!node.IsSequence()) {
    Error(node.Mark(), absl::StrCat(path, " is ", KindOf(node), "; allowed is a list"));
    return;
  }
  size_t index = 0;
  for (const YAML::Node& entry : node) {
    read(entry, absl::StrCat(path, "[", index, "]"), index);
    ++index;
  }
}

bool YamlReader::Scalar(const YAML::Node& node, const std::string& path, const std::string& expected,
                        std::string& text) {
  if (node.IsScalar()) {
    text = node.Scalar();
    return true;
  }
  Error(node.Mark(), absl::StrCat(path, " is ", KindOf(node), "; allowed is ", expected));
  return false;
}

void YamlReader::Text(const YAML::Node& node, const std::string& path, std::string& value) {
  std::string text;
  if (!Scalar(node, path, "a text", text)) return;
  if (text.empty()) {
    Error(node.Mark(), absl::StrCat(path, " is empty; allowed is a text"));
    return;
  }
  value = text;
}

void YamlReader::Integer(const YAML::Node& node, const std::string& path, int64_t least, int64_t most,
                         int64_t& value) {
  const std::string expected = absl::StrCat("a whole number from ", least, " to ", most);
  std::string text;
  if (!Scalar(node, path, expected, text)) return;
  int64_t number = 0;
  // A quoted number is a text.
  if (node.Tag() == "!" || !absl::SimpleAtoi(text, &number) || number < least || number > most) {
    Error(node.Mark(), absl::StrCat(path, " is ", KindOf(node), "; allowed is ", expected));
    return;
  }
  value = number;
}

void YamlReader::Bytes(const YAML::Node& node, const std::string& path, int64_t least, int64_t& value) {
  const std::string expected = absl::StrCat("a size such as 20GiB or 512MiB, at least ", least, " bytes");
  std::string text;
  if (!Scalar(node, path, expected, text)) return;
  const std::optional<int64_t> bytes = ParseBytes(text);
  if (!bytes.has_value() || *bytes < least) {
    Error(node.Mark(), absl::StrCat(path, " is ", KindOf(node), "; allowed is ", expected));
    return;
  }
  value = *bytes;
}

int YamlReader::Choice(const YAML::Node& node, const std::string& path,
                       const std::vector<std::string>& words) {
  const std::string expected = absl::StrJoin(words, ", ");
  std::string text;
  if (!Scalar(node, path, expected, text)) return -1;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return static_cast<int>(i);
  }
  Error(node.Mark(), absl::StrCat(path, " is ", KindOf(node), "; allowed are ", expected));
  return -1;
}

}  // namespace streamtensor::server
