// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/front_end.h"

#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "llvm/ADT/StringExtras.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SourceMgr.h"

namespace hls_lint {
namespace {

// A temporary file that goes with its owner.
class TemporaryFile {
 public:
  explicit TemporaryFile(llvm::StringRef suffix) {
    failed_ = static_cast<bool>(llvm::sys::fs::createTemporaryFile("hls_lint", suffix, path_));
  }
  ~TemporaryFile() {
    if (!failed_) llvm::sys::fs::remove(path_);
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

// -m32: its ABI hands structures over in memory, so that a field stays a field in the IR. Freestanding, and
// with clang's own headers alone: no C library is part of what Vitis is given.
std::vector<std::string> Flags(const FrontEndOptions& options) {
  return {"-D__SYNTHESIS__",
          "-O1",
          "-Xclang",
          "-disable-llvm-passes",
          "-ffp-contract=off",
          "-fno-exceptions",
          "-std=c++14",
          "-pedantic-errors",
          "-Wno-unknown-pragmas",
          "-Wno-gnu-line-marker",
          "-m32",
          "-ffreestanding",
          "-nostdlibinc",
          "-fno-rtti",
          "-fno-threadsafe-statics",
          "-gline-tables-only",
          "-fno-discard-value-names",
          "-isystem",
          options.headers,
          "-I" + options.kernels};
}

bool RunClang(const FrontEndOptions& options, const std::vector<std::string>& extra, std::string& messages,
              std::string& error) {
  TemporaryFile log("log");
  std::vector<std::string> words = {options.clang};
  for (const std::string& word : Flags(options)) words.push_back(word);
  words.insert(words.end(), extra.begin(), extra.end());
  std::vector<llvm::StringRef> arguments(words.begin(), words.end());
  const std::string path = log.path();
  const std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(path),
                                                      llvm::StringRef(path)};
  const int code =
      llvm::sys::ExecuteAndWait(options.clang, arguments, std::nullopt, redirects, 120, 0, &error);
  messages = log.Read();
  return code == 0;
}

// The first line that clang calls an error, as "place" and "message".
std::pair<std::string, std::string> FirstError(const std::string& messages) {
  std::istringstream lines(messages);
  std::string line;
  while (std::getline(lines, line)) {
    const size_t at = line.find("error: ");
    if (at == std::string::npos) continue;
    std::string where = line.substr(0, at);
    // `FOLDER/FILE:LINE:COLUMN: fatal` to `FILE:LINE`.
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(where).split(parts, ':');
    if (parts.size() > 2) where = (llvm::sys::path::filename(parts[0]) + ":" + parts[1]).str();
    return {where, line.substr(at + 7)};
  }
  return {"", messages.substr(0, messages.find('\n'))};
}

// `# LINE "FILE" FLAGS`
struct LineMarker {
  unsigned line = 0;
  std::string file;
  bool enters = false, returns = false, system = false;
};
std::optional<LineMarker> ParseMarker(llvm::StringRef text) {
  if (!text.consume_front("# ")) return std::nullopt;
  LineMarker marker;
  if (text.consumeInteger(10, marker.line) || !text.consume_front(" \"")) return std::nullopt;
  const size_t end = text.rfind('"');
  if (end == llvm::StringRef::npos) return std::nullopt;
  marker.file = text.take_front(end).str();
  llvm::SmallVector<llvm::StringRef> flags;
  text.drop_front(end + 1).split(flags, ' ', -1, false);
  for (llvm::StringRef flag : flags) {
    marker.enters |= flag == "1";
    marker.returns |= flag == "2";
    marker.system |= flag == "3";
  }
  return marker;
}

// Pragmas become statements; includes are held against the list.
std::string MarkPragmas(const std::string& text, Findings& findings) {
  static const std::set<std::string> allowed = {"ap_int.h",   "hls_stream.h", "hls_streamofblocks.h",
                                                "hls_task.h", "math.h",       "stdint.h"};
  std::string marked = std::string("extern \"C\" void ") + kPragmaMarker + "(const char*);\n";
  struct Place {
    std::string file;
    bool system = false;
  };
  std::vector<Place> places;
  std::istringstream lines(text);
  std::string line;
  unsigned number = 0;
  while (std::getline(lines, line)) {
    if (const std::optional<LineMarker> marker = ParseMarker(line)) {
      if (marker->enters) {
        const bool from_ours = !places.empty() && !places.back().system;
        const std::string name = llvm::sys::path::filename(marker->file).str();
        if (from_ours && marker->system && allowed.count(name) == 0) {
          findings.Add("library", places.back().file + ":" + std::to_string(number),
                       "includes <" + name + ">");
        }
        places.push_back({marker->file, marker->system});
      } else if (marker->returns && places.size() > 1) {
        places.pop_back();
      } else if (places.empty()) {
        places.push_back({marker->file, marker->system});
      }
      number = marker->line;
      marked += line + "\n";
      continue;
    }
    llvm::StringRef pragma = llvm::StringRef(line).trim();
    if (pragma.consume_front("#pragma HLS")) {
      // Vitis takes a directive's name in either case.
      const auto [name, options] = pragma.trim().split(' ');
      std::string words;
      for (char c : name.upper() + " " + options.str()) {
        if (c == '"' || c == '\\') continue;
        words += c;
      }
      words = llvm::StringRef(words).rtrim().str();
      marked += std::string(kPragmaMarker) + "(\"" + words + "\");\n";
    } else {
      marked += line + "\n";
    }
    ++number;
  }
  return marked;
}

}  // namespace

std::unique_ptr<llvm::Module> EmitIr(const FrontEndOptions& options, llvm::LLVMContext& context,
                                     Findings& findings, std::string& error) {
  TemporaryFile plain("ii"), marked("ii"), ir("bc");
  if (plain.failed() || marked.failed() || ir.failed()) {
    error = "no temporary file can be made";
    return nullptr;
  }
  std::string messages;
  const auto refuse = [&] {
    if (!error.empty()) return;
    const auto [where, what] = FirstError(messages);
    const bool missing = what.find("file not found") != std::string::npos;
    findings.Add(missing ? "library" : "language", where, what);
  };
  if (!RunClang(options, {"-E", options.source, "-o", plain.path()}, messages, error)) {
    refuse();
    return nullptr;
  }
  {
    std::ofstream file(marked.path(), std::ios::binary);
    file << MarkPragmas(plain.Read(), findings);
  }
  if (!RunClang(options, {"-x", "c++-cpp-output", "-emit-llvm", "-c", marked.path(), "-o", ir.path()},
                messages, error)) {
    refuse();
    return nullptr;
  }
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseIRFile(ir.path(), diagnostic, context);
  if (!module) error = "clang's IR can't be read: " + diagnostic.getMessage().str();
  return module;
}

}  // namespace hls_lint
