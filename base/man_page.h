// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace streamtensor::base {

// A manual page of section 1 in man(7) markup, made from what --help says: the program, then each of its
// commands.
std::string ManPage(const CLI::App& app);

}  // namespace streamtensor::base
