// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/card_under_test.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tests/conformance/defects.h"

namespace conformance {

using streamtensor::runtime::CardOpener;
using streamtensor::runtime::FindDriver;

namespace {

struct Subject {
  const Driver* driver = nullptr;
  CardConfig config;
  const Defect* defect = nullptr;  // null: none
};

Subject& TheSubject() {
  static Subject subject;
  return subject;
}

[[noreturn]] void Refuse(std::string_view argument) {
  std::fprintf(stderr,
               "usage: conformance --driver=NAME [--strict] [--threads=N] [--defect=NAME]; got %.*s\n",
               static_cast<int>(argument.size()), argument.data());
  std::exit(2);
}

}  // namespace

void ReadArguments(int argc, char** argv) {
  Subject& subject = TheSubject();
  if (argc == 1) {
    subject.driver = *FindDriver("emulated");
    subject.config.strict_sync = true;
    subject.config.threads = 2;
  }
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string value(argument.substr(std::min(argument.find('=') + 1, argument.size())));
    if (argument.starts_with("--driver=")) {
      const auto driver = FindDriver(value);
      if (!driver.ok()) Refuse(argument);
      subject.driver = *driver;
    } else if (argument == "--strict") {
      subject.config.strict_sync = true;
    } else if (argument.starts_with("--threads=")) {
      subject.config.threads = static_cast<uint32_t>(std::atoi(value.c_str()));
    } else if (argument.starts_with("--defect=")) {
      subject.defect = FindDefect(value);
      if (subject.defect == nullptr) Refuse(argument);
    } else {
      Refuse(argument);
    }
  }
}

const Driver& DriverUnderTest() {
  if (TheSubject().driver == nullptr) Refuse("no --driver");
  return *TheSubject().driver;
}

DriverCapabilities CapabilitiesUnderTest() {
  const DriverCapabilities capabilities = DriverUnderTest().capabilities();
  return TheSubject().defect == nullptr ? capabilities : TheSubject().defect->Claim(capabilities);
}

CardConfig ConfigUnderTest(uint32_t index) {
  CardConfig config = ConfigOf(std::string(DriverUnderTest().name));
  config.index = index;
  config.strict_sync = TheSubject().config.strict_sync;
  config.threads = TheSubject().config.threads;
  return config;
}

CardConfig ConfigOf(std::string driver) {
  CardConfig config;
  config.driver = std::move(driver);
  config.library_dir = ST_TEST_LIBRARY_DIR;
  config.card_program = ST_TEST_CARD_PROGRAM;
  return config;
}

absl::StatusOr<std::unique_ptr<Card>> OpenCard(const CardConfig& config) {
  const auto driver = FindDriver(config.driver);
  if (!driver.ok()) return driver.status();
  const absl::StatusOr<CardOpener> open = (*driver)->opener(config);
  if (!open.ok()) return open.status();
  absl::StatusOr<std::unique_ptr<Card>> card = (*open)();
  if (!card.ok() || TheSubject().defect == nullptr) return card;
  return MakeDefective(*std::move(card), *TheSubject().defect);
}

}  // namespace conformance
