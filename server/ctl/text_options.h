// SPDX-License-Identifier: Apache-2.0
// Checks of text that goes into calls, for CLI::Option::check().
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace streamtensor::ctl {

// A message's text field must be valid UTF-8; a shell passes any bytes.
CLI::Validator Utf8();
// An id that the daemon takes: it replaces others by its own.
CLI::Validator RequestId();
// HOST:PORT, or unix:/PATH.
CLI::Validator Address();

}  // namespace streamtensor::ctl
