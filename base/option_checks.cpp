// SPDX-License-Identifier: Apache-2.0
#include "base/option_checks.h"

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::base {
namespace {

constexpr double kMaxPositive = 1e9;

// Unnamed, so that --help does not show it.
CLI::Validator Check(std::function<std::string(const std::string&)> check) {
  return CLI::Validator([check = std::move(check)](std::string& value) { return check(value); }, "");
}

}  // namespace

CLI::Validator WholeNumber(int64_t min, int64_t max) {
  return Check([min, max](const std::string& value) -> std::string {
    int64_t number = 0;
    if (absl::SimpleAtoi(value, &number) && number >= min && number <= max) return "";
    return absl::StrCat("must be a whole number from ", min, " to ", max, ", got '", value, "'");
  });
}

CLI::Validator WholeNumber() {
  return Check([](const std::string& value) -> std::string {
    uint64_t number = 0;
    if (absl::SimpleAtoi(value, &number)) return "";
    return absl::StrCat("must be a whole number from 0 to ", std::numeric_limits<uint64_t>::max(), ", got '",
                        value, "'");
  });
}

CLI::Validator Number() {
  return Check([](const std::string& value) -> std::string {
    double number = 0;
    if (absl::SimpleAtod(value, &number) && std::isfinite(number)) return "";
    return absl::StrCat("must be a number, got '", value, "'");
  });
}

CLI::Validator PositiveNumber() {
  return Check([](const std::string& value) -> std::string {
    double number = 0;
    if (absl::SimpleAtod(value, &number) && number > 0 && number <= kMaxPositive) return "";
    return absl::StrCat("must be more than 0 and at most 1e9, got '", value, "'");
  });
}

}  // namespace streamtensor::base
