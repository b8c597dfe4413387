// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/front_end.h"

#include <fstream>
#include <optional>
#include <sstream>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/SourceMgr.h"

namespace streamtensor::schedule {
namespace {

constexpr unsigned kClangSeconds = 120;

class TemporaryFile {
 public:
  explicit TemporaryFile(llvm::StringRef suffix) {
    failed_ = static_cast<bool>(llvm::sys::fs::createTemporaryFile("st_schedule", suffix, path_));
  }
  ~TemporaryFile() {
    std::error_code error;  // a file that is gone already is as good as removed
    if (!failed_) error = llvm::sys::fs::remove(path_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  bool failed() const { return failed_; }
  std::string path() const { return std::string(path_.str()); }
  std::string Read() const {
    std::ifstream file(path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  llvm::SmallString<128> path_;
  bool failed_ = false;
};

// Pointers of 32 bits and structures in memory: a field stays a field. No C library but the stand-ins.
absl::Status RunClang(const std::vector<std::string>& include_folders,
                      const std::vector<std::string>& extra) {
  TemporaryFile log("log");
  std::vector<std::string> words = {ST_SCHEDULE_CLANG,
                                    "-D__SYNTHESIS__",
                                    "-O1",
                                    "-Xclang",
                                    "-disable-llvm-passes",
                                    "-ffp-contract=off",
                                    "-fno-exceptions",
                                    "-std=c++14",
                                    "-Wno-everything",
                                    "-m32",
                                    "-ffreestanding",
                                    "-nostdlibinc",
                                    "-fno-rtti",
                                    "-fno-math-errno",
                                    "-fno-threadsafe-statics",
                                    "-gline-tables-only",
                                    "-fno-discard-value-names",
                                    "-isystem",
                                    ST_SCHEDULE_HEADERS};
  for (const std::string& folder : include_folders) words.push_back("-I" + folder);
  words.insert(words.end(), extra.begin(), extra.end());
  const std::vector<llvm::StringRef> arguments(words.begin(), words.end());
  const std::string path = log.path();
  const std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(path),
                                                      llvm::StringRef(path)};
  std::string error;
  const int code = llvm::sys::ExecuteAndWait(ST_SCHEDULE_CLANG, arguments, std::nullopt, redirects,
                                             kClangSeconds, 0, &error);
  if (code == 0) return absl::OkStatus();
  if (!error.empty()) return absl::InternalError("clang-19 can't be run: " + error);
  const std::string messages = log.Read();
  const size_t at = messages.find("error: ");
  const size_t line = at == std::string::npos ? 0 : messages.rfind('\n', at) + 1;
  return absl::InvalidArgumentError(messages.substr(line, messages.find('\n', line) - line));
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
  RETURN_IF_ERROR(RunClang(include_folders, {"-x", "c++", "-E", source, "-o", plain.path()}));
  {
    std::istringstream lines(plain.Read());
    std::ofstream file(marked.path(), std::ios::binary);
    file << "extern \"C\" void " << kPragmaMarker << "(const char*, const volatile void*, long long);\n";
    std::string line;
    while (std::getline(lines, line)) file << MarkerOf(line).value_or(line) << "\n";
  }
  RETURN_IF_ERROR(RunClang(include_folders,
                           {"-x", "c++-cpp-output", "-emit-llvm", "-c", marked.path(), "-o", ir.path()}));
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseIRFile(ir.path(), diagnostic, context);
  if (!module) return absl::InternalError("clang's IR can't be read: " + diagnostic.getMessage().str());
  return module;
}

}  // namespace streamtensor::schedule
