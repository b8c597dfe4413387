// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_reader.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/byte_size.h"
#include "base/printable.h"
#include "yaml-cpp/eventhandler.h"

namespace streamtensor::base {
namespace {

// More errors add no information: in a file of another type every line is one.
constexpr std::size_t kMaxErrors = 50;
constexpr std::size_t kShownBytes = 100;

std::string Describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      return "a map";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Scalar:
      return absl::StrCat("\"", Printable(node.Scalar(), kShownBytes), "\"");
    default:
      return "empty";
  }
}

class DiscardEvents : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

// Not YAML::LoadAll(), which never returns on some damaged files: it collects empty documents.
bool HasSecondDocument(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DiscardEvents handler;
  return parser.HandleNextDocument(handler) && parser.HandleNextDocument(handler);
}

}  // namespace

absl::StatusOr<std::string> ReadYamlFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": is a folder; a file is needed"));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxYamlBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

absl::Status YamlReader::Read(std::string_view text, const std::function<void(const YAML::Node&)>& read) {
  if (text.size() > kMaxYamlBytes) {
    return absl::InvalidArgumentError(absl::StrCat(file_, ": has more than ", kMaxYamlBytes, " bytes"));
  }
  try {
    const std::string whole(text);
    const YAML::Node root = YAML::Load(whole);
    if (HasSecondDocument(whole)) {
      return absl::InvalidArgumentError(absl::StrCat(file_, ": holds several YAML documents; allowed is 1"));
    }
    read(root);
  } catch (const YAML::Exception& error) {
    Error(error.mark, PrintableMessage(error.msg));
  }
  return ok() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
}

void YamlReader::Error(const YAML::Mark& mark, const std::string& message) {
  if (errors_.size() == kMaxErrors) errors_.push_back(absl::StrCat(file_, ": and more errors"));
  if (errors_.size() > kMaxErrors) return;
  const std::string place =
      mark.is_null() ? file_ : absl::StrCat(file_, ":", mark.line + 1, ":", mark.column + 1);
  errors_.push_back(absl::StrCat(place, ": ", message));
}

void YamlReader::Wrong(const YAML::Node& node, const std::string& path, const std::string& expected) {
  Error(node.Mark(), absl::StrCat(path, " is ", Describe(node), "; allowed ", expected));
}

void YamlReader::Map(const YAML::Node& node, const std::string& path, const std::vector<Key>& keys) {
  const std::string where = path.empty() ? root_ : path;
  if (!node.IsMap()) return Wrong(node, where, "is a map");
  std::map<std::string, YAML::Mark> seen;
  for (const auto& entry : node) {
    const YAML::Mark mark = entry.first.Mark();
    if (!entry.first.IsScalar()) {
      Error(mark, absl::StrCat("a key of ", where, " is ", Describe(entry.first), "; allowed is a word"));
      continue;
    }
    const std::string name = entry.first.Scalar();
    const std::string shown = Printable(name, kShownBytes);
    const std::string child = path.empty() ? shown : absl::StrCat(path, ".", shown);
    const auto [first, is_new] = seen.emplace(name, mark);
    if (!is_new) {
      Error(mark,
            absl::StrCat(child, " is given twice; it is first listed in line ", first->second.line + 1));
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
                      const std::function<void(const YAML::Node&, const std::string&, std::size_t)>& read) {
  if (!node.IsSequence()) return Wrong(node, path, "is a list");
  std::size_t index = 0;
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
  Wrong(node, path, expected);
  return false;
}

void YamlReader::Text(const YAML::Node& node, const std::string& path, std::string& value) {
  std::string text;
  if (!Scalar(node, path, "is a text", text)) return;
  if (text.empty()) return Error(node.Mark(), absl::StrCat(path, " is empty; allowed is a text"));
  value = text;
}

void YamlReader::Integer(const YAML::Node& node, const std::string& path, int64_t min, int64_t max,
                         int64_t& value) {
  const std::string expected = absl::StrCat("is a whole number from ", min, " to ", max);
  std::string text;
  if (!Scalar(node, path, expected, text)) return;
  int64_t number = 0;
  // A quoted number is a string.
  if (node.Tag() == "!" || !absl::SimpleAtoi(text, &number) || number < min || number > max) {
    return Wrong(node, path, expected);
  }
  value = number;
}

void YamlReader::Real(const YAML::Node& node, const std::string& path, double min, double max,
                      double& value) {
  const std::string expected = absl::StrCat("is a number from ", min, " to ", max);
  std::string text;
  if (!Scalar(node, path, expected, text)) return;
  double number = 0;
  if (node.Tag() == "!" || !absl::SimpleAtod(text, &number) || !std::isfinite(number) || number < min ||
      number > max) {
    return Wrong(node, path, expected);
  }
  value = number;
}

void YamlReader::Bytes(const YAML::Node& node, const std::string& path, int64_t min, int64_t& value) {
  const std::string expected = absl::StrCat("is a size such as 20GiB or 512MiB, at least ", min, " bytes");
  std::string text;
  if (!Scalar(node, path, expected, text)) return;
  const std::optional<int64_t> bytes = ParseByteSize(text);
  if (!bytes.has_value() || *bytes < min) return Wrong(node, path, expected);
  value = *bytes;
}

int YamlReader::Choice(const YAML::Node& node, const std::string& path,
                       const std::vector<std::string>& words) {
  const std::string expected = absl::StrCat("are ", absl::StrJoin(words, ", "));
  std::string text;
  if (!Scalar(node, path, expected, text)) return -1;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return static_cast<int>(i);
  }
  Wrong(node, path, expected);
  return -1;
}

}  // namespace streamtensor::base
