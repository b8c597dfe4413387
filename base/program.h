// SPDX-License-Identifier: Apache-2.0
// The command line of a program, alike for all of them: errors are one line on stderr, the exit code is 0
// (good), 1 (failed) or 2 (wrong usage). On CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace streamtensor::base {

// Adds --help and --version to every program, and two options that its --help leaves out: --man-page prints a
// manual page (man_page.h), --completion SHELL a script that completes command lines (completion.h). Not
// thread-safe: belongs to main().
class Program {
 public:
  // `summary` is one sentence for people.
  Program(const std::string& name, const std::string& summary, std::function<std::string()> version);

  // For options of the program itself. Of an option that is given twice the last value counts, unless it is
  // told to take_all().
  CLI::App& app() { return app_; }

  // Adds `name` as the program's command. `run` is called when the options have been read, and returns the
  // exit code. Options of the program may stand behind the command too.
  CLI::App& AddCommand(const std::string& name, const std::string& summary, std::function<int()> run);
  // What a program without commands does.
  void SetRun(std::function<int()> run) { run_ = std::move(run); }

  // Reads the command line and runs what it asks for. Never throws.
  int Main(int argc, const char* const* argv);

  // For `run`: prints what is wrong with the options together, and returns 2.
  int WrongUsage(const std::string& message) const;

 private:
  int Parse(int argc, const char* const* argv);
  int Describe(const std::string& option, const std::string& shell);

  const std::string name_;
  CLI::App app_;
  std::function<int()> run_;
  std::string command_;  // that is run; empty: none
};

}  // namespace streamtensor::base
