// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/printable.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime {

namespace drivers {
#define ST_DRIVER(name) extern const Driver name;
#include "runtime/drivers/drivers.def"
#undef ST_DRIVER
}  // namespace drivers

namespace {

constexpr const Driver* kDrivers[] = {
#define ST_DRIVER(name) &drivers::name,
#include "runtime/drivers/drivers.def"
#undef ST_DRIVER
};

}  // namespace

std::span<const Driver* const> Drivers() { return kDrivers; }

absl::StatusOr<const Driver*> FindDriver(std::string_view name) {
  for (const Driver* const driver : kDrivers) {
    if (driver->name == name) return driver;
  }
  return absl::InvalidArgumentError(absl::StrCat("no driver '", base::Printable(name), "'; there are ",
                                                 absl::StrJoin(DriverNames(), ", ")));
}

std::vector<std::string> DriverNames() {
  std::vector<std::string> names;
  for (const Driver* const driver : kDrivers) names.emplace_back(driver->name);
  return names;
}

}  // namespace streamtensor::runtime
