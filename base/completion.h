// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace streamtensor::base {

// A script for `shell` ("bash" or "zsh") that completes commands, options, and file names as their values.
std::string CompletionScript(const CLI::App& app, const std::string& shell);

}  // namespace streamtensor::base
