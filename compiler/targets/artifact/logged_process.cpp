// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/artifact/logged_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

extern char** environ;

namespace streamtensor::compiler {

absl::StatusOr<pid_t> StartLogged(const std::vector<std::string>& command, const std::string& log,
                                  const std::string& folder) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  // The last action: `log` is this process's name of the file.
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t process = 0;
  const int error = posix_spawnp(&process, command[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("'", command[0], "' can't be started (", std::strerror(error), ")"));
  }
  return process;
}

absl::Status AwaitLogged(pid_t process, const std::string& what) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return absl::InternalError(absl::StrCat("waitpid: ", std::strerror(errno)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFSIGNALED(status))
    return absl::InternalError(absl::StrCat(what, " was ended by signal ", WTERMSIG(status)));
  return absl::InternalError(absl::StrCat(what, " ended with ", WEXITSTATUS(status)));
}

std::string FirstError(const std::string& log) {
  std::ifstream file(log);
  std::string line, first;
  while (std::getline(file, line)) {
    if (first.empty()) first = line;
    if (absl::AsciiStrToLower(line).find("error") != std::string::npos) return line;
  }
  return first.empty() ? "no message" : first;
}

}  // namespace streamtensor::compiler
