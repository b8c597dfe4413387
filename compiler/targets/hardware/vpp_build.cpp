// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hardware/vpp_build.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/child_process.h"
#include "base/status_macros.h"
#include "compiler/targets/artifact/build_log.h"

namespace streamtensor::compiler {

namespace {

// `text` as one word of a shell's command: quoted where it must be.
std::string ShellWord(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c >= 0x80 || std::string_view("%+,-./:=@_").find(c) != std::string::npos;
  });
  return plain ? text : absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::string FindVpp() { return base::FindProgram("v++"); }

std::string BuiltXclbin(const std::string& folder) { return folder + "/hls/build/design.xclbin"; }

std::string HowToComplete(const std::string& folder) {
  return absl::StrCat("  make -C ", ShellWord(folder + "/hls"), "\n  streamtensorc package ",
                      ShellWord(folder), " --xclbin ", ShellWord(BuiltXclbin(folder)), "\n");
}

absl::Status BuildXclbin(const std::string& folder) {
  const std::string log = folder + "/hls/build.log";
  base::ChildOptions child;
  child.arguments = {"make", "-C", folder + "/hls", "BUILD=build"};
  child.out = child.err = base::ChildOptions::Output::kLog;
  child.log = log;
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildProcess> make, base::ChildProcess::Start(child));
  const base::ChildExit exit = *make->Wait();
  if (exit.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("make ", exit.Describe(), ": ", FirstError(log), " (all of it: ",
                                          log, "). The sources stay; once mended:\n", HowToComplete(folder)));
}

}  // namespace streamtensor::compiler
