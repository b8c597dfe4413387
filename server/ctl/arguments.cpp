// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/arguments.h"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::ctl {
namespace {

template <typename T>
std::function<absl::Status(const std::string&)> ReadWhole(const std::string& name, std::optional<T>* value) {
  return [name, value](const std::string& text) -> absl::Status {
    T number = 0;
    if (!absl::SimpleAtoi(text, &number)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, " is \"", text, "\"; a whole number is needed"));
    }
    *value = number;
    return absl::OkStatus();
  };
}

constexpr float kMostSeconds = 1e9;
constexpr size_t kMaxIdBytes = 64;

}  // namespace

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool IsUtf8(const std::string& text) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_int32_t point = 0;
  for (size_t at = 0; at < text.size();) {
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (length <= 0) return false;
    at += static_cast<size_t>(length);
  }
  return true;
}

void Arguments::Flag(const std::string& name, bool* value, const std::string& help) {
  options_.push_back({name, "", help, [value](const std::string&) {
                        *value = true;
                        return absl::OkStatus();
                      }});
}

void Arguments::Text(const std::string& name, const std::string& unit, std::string* value,
                     const std::string& help) {
  options_.push_back({name, unit, help, [value](const std::string& text) {
                        *value = text;
                        return absl::OkStatus();
                      }});
}

void Arguments::TextList(const std::string& name, const std::string& unit, std::vector<std::string>* values,
                         const std::string& help) {
  options_.push_back({name, unit, help, [values](const std::string& text) {
                        values->push_back(text);
                        return absl::OkStatus();
                      }});
}

void Arguments::Number(const std::string& name, const std::string& unit, std::optional<float>* value,
                       const std::string& help) {
  options_.push_back({name, unit, help, [name, value](const std::string& text) -> absl::Status {
                        float number = 0;
                        if (!absl::SimpleAtof(text, &number) || !std::isfinite(number)) {
                          return absl::InvalidArgumentError(
                              absl::StrCat("--", name, " is \"", text, "\"; a number is needed"));
                        }
                        *value = number;
                        return absl::OkStatus();
                      }});
}

void Arguments::Seconds(const std::string& name, const std::string& unit, std::optional<float>* value,
                        const std::string& help) {
  options_.push_back({name, unit, help, [name, value](const std::string& text) -> absl::Status {
                        float number = 0;
                        if (!absl::SimpleAtof(text, &number) || !(number > 0 && number <= kMostSeconds)) {
                          return absl::InvalidArgumentError(absl::StrCat(
                              "--", name, " is \"", text, "\"; more than 0 seconds are needed, up to 1e9"));
                        }
                        *value = number;
                        return absl::OkStatus();
                      }});
}

// What the daemon takes for one; it would draw another in the place of the rest.
void Arguments::Id(const std::string& name, std::string* value, const std::string& help) {
  options_.push_back({name, "ID", help, [name, value](const std::string& text) -> absl::Status {
                        const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
                          return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
                        });
                        if (text.empty() || text.size() > kMaxIdBytes || !fits) {
                          return absl::InvalidArgumentError(absl::StrCat(
                              "--", name, " has up to ", kMaxIdBytes, " letters, digits and - _ . :"));
                        }
                        *value = text;
                        return absl::OkStatus();
                      }});
}

void Arguments::Whole(const std::string& name, const std::string& unit, std::optional<uint32_t>* value,
                      const std::string& help) {
  options_.push_back({name, unit, help, ReadWhole(name, value)});
}

void Arguments::Whole(const std::string& name, const std::string& unit, std::optional<uint64_t>* value,
                      const std::string& help) {
  options_.push_back({name, unit, help, ReadWhole(name, value)});
}

absl::Status Arguments::Read(const std::vector<std::string>& arguments) const {
  bool options_end = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (options_end || argument.rfind("--", 0) != 0) {
      if (positional_ == nullptr) {
        return absl::InvalidArgumentError(absl::StrCat("unexpected argument \"", argument, "\""));
      }
      if (!IsUtf8(argument)) return absl::InvalidArgumentError("an argument is not valid UTF-8");
      positional_->push_back(argument);
      continue;
    }
    if (argument == "--") {
      options_end = true;
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Option* option = nullptr;
    for (const Option& each : options_) {
      if (each.name == name) option = &each;
    }
    if (option == nullptr) return absl::InvalidArgumentError(absl::StrCat("unknown option --", name));
    std::string value;
    if (option->unit.empty()) {
      if (equals != std::string::npos) {
        return absl::InvalidArgumentError(absl::StrCat("--", name, " takes no value"));
      }
    } else if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value: ", option->unit));
    }
    if (!IsUtf8(value)) return absl::InvalidArgumentError(absl::StrCat("--", name, " is not valid UTF-8"));
    if (absl::Status status = option->read(value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string Arguments::Help() const {
  std::string text;
  for (const Option& option : options_) {
    std::string left = absl::StrCat("  --", option.name, option.unit.empty() ? "" : " ", option.unit);
    if (left.size() < 32) left.resize(32, ' ');
    absl::StrAppend(&text, left, " ", option.help, "\n");
  }
  return text;
}

}  // namespace streamtensor::ctl
