// SPDX-License-Identifier: Apache-2.0
#include "base/completion.h"

#include <algorithm>

namespace streamtensor::base {
namespace {

std::string OptionWords(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) words += " --" + name;
    for (const std::string& name : option->get_snames()) words += " -" + name;
  }
  return words;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  const std::string& name = app.get_name();
  std::string function = "_" + name;
  std::replace(function.begin(), function.end(), '-', '_');
  std::string commands, cases;
  for (const CLI::App* command : app.get_subcommands({})) {
    commands += " " + command->get_name();
    cases += "      " + command->get_name() + ") words=\"" + OptionWords(*command) + OptionWords(app) +
             "\"; break ;;\n";
  }
  std::string script;
  if (shell == "zsh") script += "#compdef " + name + "\nautoload -U +X bashcompinit && bashcompinit\n";
  script += function + "() {\n  local word words=\"" + commands + OptionWords(app) + "\"\n";
  if (!cases.empty()) {
    script += "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case $word in\n" + cases +
              "    esac\n  done\n";
  }
  script += "  COMPREPLY=()\n";
  script +=
      "  while IFS= read -r word; do COMPREPLY+=(\"$word\"); done < <(compgen -W \"$words\" -- "
      "\"${COMP_WORDS[COMP_CWORD]}\")\n";
  script += "}\ncomplete -o default -F " + function + " " + name + "\n";
  return script;
}

}  // namespace streamtensor::base
