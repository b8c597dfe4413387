// SPDX-License-Identifier: Apache-2.0
#include "base/program.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "base/completion.h"
#include "base/man_page.h"

namespace streamtensor::base {
namespace {

constexpr size_t kHelpColumn = 30;

std::string CommandNames(CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  return names;
}

// CLI11 only says that arguments were not expected.
std::string DescribeExtra(CLI::App& app, const std::string& word) {
  if (word.size() > 1 && word[0] == '-') return "unknown option " + word.substr(0, word.find('='));
  if (app.get_subcommands().empty() && !app.get_subcommands({}).empty()) {
    return "unknown command '" + word + "'; one of: " + CommandNames(app);
  }
  return "unexpected argument '" + word + "'";
}

}  // namespace

Program::Program(const std::string& name, const std::string& summary, std::function<std::string()> version)
    : name_(name), app_(summary, name) {
  app_.get_formatter()->column_width(kHelpColumn);
  app_.get_formatter()->label("REQUIRED", "");
  app_.set_help_flag("-h,--help", "Print this text");
  app_.set_version_flag("--version", std::move(version), "Print the version");
  app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app_.allow_extras();  // to report them with our own messages
}

CLI::App& Program::AddCommand(const std::string& name, const std::string& summary, std::function<int()> run) {
  CLI::App* command = app_.add_subcommand(name, summary);
  command->fallthrough();
  command->final_callback([this, name, run = std::move(run)] {
    run_ = run;
    command_ = name;
  });
  return *command;
}

int Program::WrongUsage(const std::string& message) const {
  const std::string program = command_.empty() ? name_ : name_ + " " + command_;
  std::fprintf(stderr, "%s: %s; see %s --help\n", program.c_str(), message.c_str(), program.c_str());
  return 2;
}

int Program::Describe(const std::string& option, const std::string& shell) {
  if (option == "--man-page") {
    std::fputs(ManPage(app_).c_str(), stdout);
    return 0;
  }
  if (shell != "bash" && shell != "zsh") {
    return WrongUsage("--completion: must be bash or zsh, got '" + shell + "'");
  }
  std::fputs(CompletionScript(app_, shell).c_str(), stdout);
  return 0;
}

int Program::Parse(int argc, const char* const* argv) {
  // Regardless of what else the program requires.
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--man-page" || first == "--completion") return Describe(first, argc > 2 ? argv[2] : "");
  // For messages, even if the command's own options are wrong.
  const std::vector<CLI::App*> commands = app_.get_subcommands({});
  for (int i = 1; i < argc && command_.empty(); ++i) {
    const auto named = [&](const CLI::App* command) { return command->get_name() == argv[i]; };
    if (std::any_of(commands.begin(), commands.end(), named)) command_ = argv[i];
  }
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s %s\n", name_.c_str(), version.what());
    return 0;
  } catch (const CLI::Success& help) {
    return app_.exit(help);
  } catch (const CLI::RequiredError& error) {
    // A misspelled option often explains a missing one, so it is reported first.
    const std::vector<std::string> extras = app_.remaining(/*recurse=*/true);
    return WrongUsage(extras.empty() ? error.what() : DescribeExtra(app_, extras.front()));
  } catch (const CLI::ParseError& error) {
    return WrongUsage(error.what());
  }
  const std::vector<std::string> extras = app_.remaining(/*recurse=*/true);
  if (!extras.empty()) return WrongUsage(DescribeExtra(app_, extras.front()));
  if (!run_) return WrongUsage("a command is missing; one of: " + CommandNames(app_));
  return run_();
}

int Program::Main(int argc, const char* const* argv) {
  try {
    return Parse(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
    return 1;
  }
}

void AddExamples(CLI::App& app, const std::vector<std::string>& commands) {
  std::string footer = app.get_footer();
  if (!footer.empty()) footer += "\n\n";
  footer += "Examples:";
  for (const std::string& command : commands) footer += "\n  " + command;
  app.footer(footer);
}

}  // namespace streamtensor::base
