// SPDX-License-Identifier: Apache-2.0
#include "compiler/tools/streamtensorc/command_line.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::compiler {

absl::StatusOr<CommandLine> CommandLine::Parse(const std::vector<std::string>& words,
                                               const CommandSyntax& syntax) {
  CommandLine line;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-') {
      line.positional_.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (syntax.flags.count(name)) {
      if (equals != std::string::npos)
        return absl::InvalidArgumentError(absl::StrCat(name, " takes no value"));
      line.values_[name] = "";
    } else if (syntax.options.count(name)) {
      if (equals == std::string::npos && i + 1 == words.size()) {
        return absl::InvalidArgumentError(absl::StrCat(name, " needs a value"));
      }
      line.values_[name] = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
    } else {
      return absl::InvalidArgumentError(absl::StrCat("unknown option ", name));
    }
  }
  if (line.positional_.size() > syntax.positional.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", line.positional_[syntax.positional.size()], "'"));
  }
  if (line.positional_.size() < syntax.positional.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(syntax.positional[line.positional_.size()], " is missing"));
  }
  return line;
}

std::string CommandLine::Text(const std::string& option, const std::string& otherwise) const {
  auto found = values_.find(option);
  return found == values_.end() ? otherwise : found->second;
}

absl::StatusOr<int64_t> CommandLine::Number(const std::string& option, int64_t least, int64_t most,
                                            int64_t otherwise) const {
  auto found = values_.find(option);
  if (found == values_.end()) return otherwise;
  int64_t number = 0;
  if (!absl::SimpleAtoi(found->second, &number) || number < least || number > most) {
    return absl::InvalidArgumentError(absl::StrCat(option, " must be a whole number from ", least, " to ",
                                                   most, ", got '", found->second, "'"));
  }
  return number;
}

}  // namespace streamtensor::compiler
