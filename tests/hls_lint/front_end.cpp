// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/front_end.h"

#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "compiler/schedule/clang.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "tests/hls_lint/pragma.h"

namespace hls_lint {
namespace {

using streamtensor::schedule::ClangRun;
using streamtensor::schedule::TemporaryFile;

bool RunClang(const FrontEndOptions& options, const std::vector<std::string>& extra, std::string& messages,
              std::string& error) {
  std::vector<std::string> words = {"-pedantic-errors", "-Wno-unknown-pragmas", "-Wno-gnu-line-marker",
                                    "-isystem",         options.headers,        "-I" + options.kernels};
  words.insert(words.end(), extra.begin(), extra.end());
  const absl::StatusOr<ClangRun> run = streamtensor::schedule::RunClang(options.clang, words);
  if (!run.ok()) {
    error = std::string(run.status().message());
    return false;
  }
  messages = run->messages;
  return run->succeeded;
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
  std::string marked = std::string("extern \"C\" void ") + kPragmaMarker +
                       "(const char*, const volatile void* __attribute__((noescape)));\n";
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
      const Pragma parsed = ParsePragma(words);
      const auto variable = parsed.options.find("variable");
      const std::string address = variable == parsed.options.end() ? "0" : "&" + variable->second;
      marked += std::string(kPragmaMarker) + "(\"" + words + "\", " + address + ");\n";
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
