// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/front_end.h"

#include <fstream>
#include <optional>
#include <sstream>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "compiler/schedule/clang.h"
#include "compiler/schedule/schedule_files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/SourceMgr.h"

namespace streamtensor::schedule {
namespace {

absl::Status Clang(const std::vector<std::string>& include_folders,
                   const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const std::string headers, FindVitisHeaders());
  if (!llvm::sys::fs::can_execute(ST_SCHEDULE_CLANG)) {
    return absl::FailedPreconditionError("there is no " ST_SCHEDULE_CLANG
                                         ", which schedules the text; install clang-19");
  }
  std::vector<std::string> words = {"-Wno-everything", "-fno-math-errno", "-isystem", headers};
  for (const std::string& folder : include_folders) words.push_back("-I" + folder);
  words.insert(words.end(), arguments.begin(), arguments.end());
  ASSIGN_OR_RETURN(const ClangRun run, RunClang(ST_SCHEDULE_CLANG, words));
  if (run.succeeded) return absl::OkStatus();
  const size_t at = run.messages.find("error: ");
  const size_t line = at == std::string::npos ? 0 : run.messages.rfind('\n', at) + 1;
  return absl::InvalidArgumentError(run.messages.substr(line, run.messages.find('\n', line) - line));
}

// In lower case, without quotes and blanks around '='.
std::string NormalText(llvm::StringRef options) {
  std::string text;
  for (char c : options.trim().lower()) {
    if (c == '"' || c == '\\') continue;
    if (c == '\t') c = ' ';
    if (c == '=') {
      while (!text.empty() && text.back() == ' ') text.pop_back();
    }
    if (c == ' ' && !text.empty() && (text.back() == '=' || text.back() == ' ')) continue;
    text += c;
  }
  return text;
}

// A pragma's statement, or nothing if the line is none.
std::optional<std::string> MarkerOf(llvm::StringRef line) {
  static const llvm::Regex pragma("^[ \t]*#[ \t]*pragma[ \t]+HLS[ \t]+(.*)$", llvm::Regex::IgnoreCase);
  static const llvm::Regex variable("(variable|port)[ \t]*=[ \t]*([A-Za-z_][A-Za-z0-9_.]*)",
                                    llvm::Regex::IgnoreCase);
  static const llvm::Regex symbol(
      "(factor|ii|depth|distance|dim)[ \t]*=[ \t]*([A-Za-z_(][A-Za-z0-9_:()+*/-]*)", llvm::Regex::IgnoreCase);
  llvm::SmallVector<llvm::StringRef> parts;
  if (!pragma.match(line, &parts)) return std::nullopt;
  const llvm::StringRef options = parts[1];
  const std::string text = NormalText(options);
  // Their options aren't of the function that they stand in.
  if (llvm::StringRef(text).starts_with("interface") && text.find("port=return") != std::string::npos) {
    return "";
  }
  llvm::SmallVector<llvm::StringRef> named;
  std::string address("0"), value("0");
  if (variable.match(options, &named)) address = '&' + named[2].str();
  if (symbol.match(options, &named)) value = named[2].str();
  return std::string(kPragmaMarker) + "(\"" + text + "\", " + address + ", " + value + ");";
}

}  // namespace

absl::StatusOr<std::unique_ptr<llvm::Module>> EmitIr(const std::string& source,
                                                     const std::vector<std::string>& include_folders,
                                                     llvm::LLVMContext& context) {
  TemporaryFile plain("ii"), marked("ii"), ir("bc");
  if (plain.failed() || marked.failed() || ir.failed()) {
    return absl::InternalError("no temporary file can be made");
  }
  RETURN_IF_ERROR(Clang(include_folders, {"-x", "c++", "-E", source, "-o", plain.path()}));
  {
    std::istringstream lines(plain.Read());
    std::ofstream file(marked.path(), std::ios::binary);
    file << "extern \"C\" void " << kPragmaMarker << "(const char*, const volatile void*, long long);\n";
    std::string line;
    while (std::getline(lines, line)) file << MarkerOf(line).value_or(line) << "\n";
  }
  RETURN_IF_ERROR(
      Clang(include_folders, {"-x", "c++-cpp-output", "-emit-llvm", "-c", marked.path(), "-o", ir.path()}));
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseIRFile(ir.path(), diagnostic, context);
  if (!module) return absl::InternalError("clang's IR can't be read: " + diagnostic.getMessage().str());
  return module;
}

}  // namespace streamtensor::schedule
