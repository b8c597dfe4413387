// SPDX-License-Identifier: Apache-2.0
#include "base/man_page.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace streamtensor::base {
namespace {

// Escapes text for troff: no escapes, no requests at the beginning of a line.
std::string Escaped(const std::string& text) {
  std::string escaped;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
    line_begins = c == '\n';
  }
  return escaped;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string OptionNames(const CLI::Option& option) {
  return option.get_positional() && !option.nonpositional() ? option.get_name(true)
                                                            : option.get_name(false, true);
}

void AppendOption(const CLI::Option& option, std::string& page) {
  page += ".TP\n\\fB" + Escaped(OptionNames(option)) + "\\fR";
  if (option.get_type_size() != 0 && option.nonpositional()) {
    page += " \\fI" + Escaped(option.get_type_name()) + "\\fR";
  }
  page += "\n" + Escaped(option.get_description());
  if (!option.get_default_str().empty()) page += " (default: " + Escaped(option.get_default_str()) + ")";
  page += "\n";
}

void AppendOptions(const CLI::App& app, std::string& page) {
  for (const std::string& group : app.get_groups()) {
    if (group.empty()) continue;
    for (const CLI::Option* option :
         app.get_options([&](const CLI::Option* option) { return option->get_group() == group; })) {
      AppendOption(*option, page);
    }
  }
}

std::string Synopsis(const CLI::App& app) {
  std::string line;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() && !option->nonpositional())
      line += " \\fI" + Escaped(option->get_name(true)) + "\\fR";
  }
  return line + " [\\fIOPTION\\fR]...";
}

}  // namespace

std::string ManPage(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string page = ".TH " + Upper(name) + " 1 \"\" \"StreamTensor\" \"StreamTensor\"\n";
  page += ".SH NAME\n" + Escaped(name) + " \\- " + Escaped(app.get_description()) + "\n";
  page += ".SH SYNOPSIS\n";
  const std::vector<const CLI::App*> commands = app.get_subcommands({});
  if (commands.empty()) page += "\\fB" + Escaped(name) + "\\fR" + Synopsis(app) + "\n";
  for (const CLI::App* command : commands) {
    page +=
        "\\fB" + Escaped(name) + " " + Escaped(command->get_name()) + "\\fR" + Synopsis(*command) + "\n.br\n";
  }
  page += ".SH OPTIONS\n";
  AppendOptions(app, page);
  for (const CLI::App* command : commands) {
    page += ".SH " + Upper(command->get_name()) + "\n" + Escaped(command->get_description()) + "\n";
    AppendOptions(*command, page);
    if (!command->get_footer().empty()) page += ".PP\n" + Escaped(command->get_footer()) + "\n";
  }
  if (!app.get_footer().empty()) page += ".SH NOTES\n" + Escaped(app.get_footer()) + "\n";
  page += ".SH EXIT STATUS\n0: good. 1: failed; the reason is on stderr. 2: wrong usage.\n";
  return page;
}

}  // namespace streamtensor::base
