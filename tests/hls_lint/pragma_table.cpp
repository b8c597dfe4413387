// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/pragma_table.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/yaml_reader.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

namespace hls_lint {
namespace {

using streamtensor::base::YamlReader;

YamlReader::Key Text(YamlReader& yaml, const char* name, std::string& value, bool required = true) {
  return {name,
          [&yaml, &value](const YAML::Node& node, const std::string& path) { yaml.Text(node, path, value); },
          required};
}

YamlReader::Key Texts(YamlReader& yaml, const char* name, std::vector<std::string>& values, bool required) {
  return {name,
          [&yaml, &values](const YAML::Node& node, const std::string& path) {
            yaml.List(node, path, [&](const YAML::Node& item, const std::string& place, size_t) {
              yaml.Text(item, place, values.emplace_back());
            });
          },
          required};
}

void ReadOption(YamlReader& yaml, const YAML::Node& node, const std::string& path, PragmaOption& option) {
  const auto value = [&](const YAML::Node& at, const std::string& place) {
    const int choice = yaml.Choice(at, place, {"none", "integer", "name", "word"});
    if (choice >= 0) option.value = static_cast<OptionValue>(choice);
  };
  const auto required = [&](const YAML::Node& at, const std::string& place) {
    option.required = yaml.Choice(at, place, {"no", "yes"}) == 1;
  };
  yaml.Map(node, path,
           {Text(yaml, "name", option.name),
            {"value", value, true},
            Texts(yaml, "words", option.words, false),
            {"required", required},
            Text(yaml, "since", option.since, false)});
  if ((option.value == OptionValue::kWord) == option.words.empty()) {
    yaml.Error(node.Mark(), path + ": 'words' belongs to an option whose value is 'word'");
  }
}

void ReadEntry(YamlReader& yaml, const YAML::Node& node, const std::string& path, PragmaEntry& entry) {
  std::string source;  // for the reader of the file
  const auto options = [&](const YAML::Node& list, const std::string& place) {
    yaml.List(list, place, [&](const YAML::Node& item, const std::string& at, size_t) {
      ReadOption(yaml, item, at, entry.options.emplace_back());
    });
  };
  yaml.Map(node, path,
           {Text(yaml, "name", entry.name), Text(yaml, "source", source), {"options", options, true}});
}

// An integer, or the name of a constant: `6`, `CONFIG::unroll`.
bool IsInteger(const std::string& text) {
  static const llvm::Regex pattern("^([0-9]+|[A-Za-z_][A-Za-z_0-9]*(::[A-Za-z_][A-Za-z_0-9]*)*)$");
  return pattern.match(text);
}

bool IsName(const std::string& text) {
  static const llvm::Regex pattern("^[A-Za-z_][A-Za-z_0-9]*$");
  return pattern.match(text);
}

}  // namespace

absl::StatusOr<PragmaTable> PragmaTable::Read(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, streamtensor::base::ReadYamlFile(path));
  YamlReader yaml(path, "the table of pragmas");
  PragmaTable table;
  const auto pragmas = [&](const YAML::Node& list, const std::string& place) {
    yaml.List(list, place, [&](const YAML::Node& item, const std::string& at, size_t) {
      ReadEntry(yaml, item, at, table.pragmas_.emplace_back());
    });
  };
  RETURN_IF_ERROR(yaml.Read(text, [&](const YAML::Node& root) {
    yaml.Map(root, "", {Texts(yaml, "versions", table.versions_, true), {"pragmas", pragmas, true}});
    if (table.versions_.empty() || !std::is_sorted(table.versions_.begin(), table.versions_.end())) {
      yaml.Error(root.Mark(), "versions: expected at least one, in ascending order");
    }
  }));
  return table;
}

std::string PragmaTable::Objection(const Pragma& pragma) const {
  const auto entry = std::find_if(pragmas_.begin(), pragmas_.end(),
                                  [&](const PragmaEntry& known) { return known.name == pragma.name; });
  if (entry == pragmas_.end()) return pragma.name + " is not in the table of pragmas";
  for (const auto& [name, value] : pragma.options) {
    const auto option =
        std::find_if(entry->options.begin(), entry->options.end(),
                     [&, &key = name](const PragmaOption& known) { return known.name == key; });
    if (option == entry->options.end()) return pragma.name + " has no option '" + name + "'";
    std::string objection = OptionObjection(*option, value);
    if (!objection.empty()) return pragma.name + ": " + objection;
  }
  for (const PragmaOption& option : entry->options) {
    if (option.required && !pragma.options.count(option.name))
      return pragma.name + " needs '" + option.name + "'";
  }
  return "";
}

std::string PragmaTable::OptionObjection(const PragmaOption& option, const std::string& value) const {
  if (option.since > versions_.front()) {
    return "'" + option.name + "' came with " + option.since + ", after " + versions_.front();
  }
  switch (option.value) {
    case OptionValue::kNone:
      return value.empty() ? "" : "'" + option.name + "' takes no value";
    case OptionValue::kInteger:
      return IsInteger(value) ? "" : "'" + option.name + "' takes an integer, not '" + value + "'";
    case OptionValue::kName:
      return IsName(value) ? "" : "'" + option.name + "' takes a name, not '" + value + "'";
    case OptionValue::kWord:
      if (std::find(option.words.begin(), option.words.end(), value) != option.words.end()) return "";
      return "'" + option.name + "' is one of " + llvm::join(option.words, ", ") + ", not '" + value + "'";
  }
  return "";
}

}  // namespace hls_lint
