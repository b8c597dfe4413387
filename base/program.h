// SPDX-License-Identifier: Apache-2.0
// The command line of a program, with uniform conventions: errors are one line on stderr; exit codes are 0
// (success), 1 (failure) and 2 (wrong usage). Uses CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace streamtensor::base {

// Adds --help and --version, and two hidden options: --man-page prints a manual page (man_page.h),
// --completion SHELL a completion script (completion.h). Not thread-safe: used by main().
class Program {
 public:
  // `summary` is one sentence.
  Program(const std::string& name, const std::string& summary, std::function<std::string()> version);

  // For the program's own options. If an option is repeated its last value counts, unless it has take_all().
  CLI::App& app() { return app_; }

  // Adds the command `name`. `run` is called after the options are parsed and returns the exit code. The
  // program's options may also follow the command.
  CLI::App& AddCommand(const std::string& name, const std::string& summary, std::function<int()> run);
  // The action of a program without commands.
  void SetRun(std::function<int()> run) { run_ = std::move(run); }

  // Parses the command line and runs the selected action. Never throws.
  int Main(int argc, const char* const* argv);

  // For `run`: reports invalid combinations of options and returns 2.
  int WrongUsage(const std::string& message) const;

 private:
  int Parse(int argc, const char* const* argv);
  int Describe(const std::string& option, const std::string& shell);

  const std::string name_;
  CLI::App app_;
  std::function<int()> run_;
  std::string command_;  // the selected command; empty: none
};

// Appends commands that can be pasted, one a line, to the footer that `app` has by then. tests/docs runs
// them.
void AddExamples(CLI::App& app, const std::vector<std::string>& commands);

}  // namespace streamtensor::base
