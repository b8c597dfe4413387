// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace streamtensor::base {

// A section 1 manual page in man(7) markup, generated from the --help texts: the program, then its commands.
std::string ManPage(const CLI::App& app);

}  // namespace streamtensor::base
