// SPDX-License-Identifier: Apache-2.0
// The card that this program's arguments name: what every test of the suite runs on.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "streamtensor/runtime/driver.h"

namespace conformance {

using streamtensor::runtime::Card;
using streamtensor::runtime::CardBuffer;
using streamtensor::runtime::CardConfig;
using streamtensor::runtime::Driver;
using streamtensor::runtime::DriverCapabilities;
using streamtensor::runtime::RunReport;
using streamtensor::runtime::SyncDirection;

// Reads --driver=NAME [--strict] [--threads=N] [--defect=NAME] (defects.h), what is left of a test program's
// arguments; without any, an emulated card that is strict and has two threads. Prints an error and exits with
// 2 on any other.
void ReadArguments(int argc, char** argv);

const Driver& DriverUnderTest();
// What the driver says of itself, under a defect more.
DriverCapabilities CapabilitiesUnderTest();
CardConfig ConfigUnderTest(uint32_t index = 0);

// A configuration of `driver` that finds the libraries and programs of this build.
CardConfig ConfigOf(std::string driver);
// Opens a card of `config`'s driver; under a defect one that has it.
absl::StatusOr<std::unique_ptr<Card>> OpenCard(const CardConfig& config);

}  // namespace conformance

// In a test: skips it, by name, on a driver without the capability.
#define ST_NEEDS(capability)                              \
  if (!::conformance::CapabilitiesUnderTest().capability) \
  GTEST_SKIP() << "driver " << ::conformance::DriverUnderTest().name << " lacks the capability " #capability

// The same for a driver that runs no designs.
#define ST_NEEDS_DESIGNS()                            \
  if (!::conformance::DriverUnderTest().runs_designs) \
  GTEST_SKIP() << "driver " << ::conformance::DriverUnderTest().name << " runs no designs"
