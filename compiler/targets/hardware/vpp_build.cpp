// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hardware/vpp_build.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "compiler/targets/artifact/logged_process.h"

namespace streamtensor::compiler {

namespace fs = std::filesystem;

namespace {

// `text` as one word of a shell's command: quoted where it must be.
std::string ShellWord(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c >= 0x80 || std::string_view("%+,-./:=@_").find(c) != std::string::npos;
  });
  return plain ? text : absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::string FindVpp() {
  const char* path = std::getenv("PATH");
  for (const auto& folder : absl::StrSplit(path == nullptr ? "" : path, ':', absl::SkipEmpty())) {
    const std::string program = absl::StrCat(folder, "/v++");
    std::error_code error;
    if (fs::is_regular_file(program, error) && access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

std::string BuiltXclbin(const std::string& folder) { return folder + "/hls/build/design.xclbin"; }

std::string HowToComplete(const std::string& folder) {
  return absl::StrCat("  make -C ", ShellWord(folder + "/hls"), "\n  streamtensorc package ",
                      ShellWord(folder), " --xclbin ", ShellWord(BuiltXclbin(folder)), "\n");
}

absl::Status BuildXclbin(const std::string& folder) {
  const std::string log = folder + "/hls/build.log";
  const absl::StatusOr<pid_t> make = StartLogged({"make", "-C", folder + "/hls", "BUILD=build"}, log);
  if (!make.ok()) return make.status();
  const absl::Status ended = AwaitLogged(*make, "make");
  if (ended.ok()) return ended;
  return absl::InternalError(absl::StrCat(ended.message(), ": ", FirstError(log), " (all of it: ", log,
                                          "). The sources stay; once mended:\n", HowToComplete(folder)));
}

}  // namespace streamtensor::compiler
