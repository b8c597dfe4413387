// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/report_page.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

constexpr char kTemplate[] = "page.html";
constexpr char kStyle[] = "page.css";
constexpr char kNotices[] = "notices.txt";
// In this order.
constexpr const char* kScripts[] = {"common.js", "graph.js",  "step.js", "floorplan.js",
                                    "memory.js", "tables.js", "page.js"};
constexpr char kLibrary[] = "d3.min.js";
constexpr char kDebianLibrary[] = "/usr/share/nodejs/d3/dist";
constexpr char kLibraryHead[] = "// https://d3js.org v";
constexpr int kLeastLibrary = 5;

fs::path Installed() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share/streamtensor/report";
}

absl::StatusOr<std::string> Read(const std::string& name, const std::vector<fs::path>& folders,
                                 const std::string& advice) {
  for (const fs::path& folder : folders) {
    std::ifstream file(folder / name, std::ios::binary);
    if (!file) continue;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  const std::string places = absl::StrJoin(
      folders, " nor ", [](std::string* out, const fs::path& folder) { out->append(folder.string()); });
  return absl::NotFoundError(absl::StrCat(name, " is neither in ", places, advice));
}

absl::StatusOr<std::string> PageFile(const std::string& name) {
  return Read(name, {Installed(), ST_SOURCE_DIR "/compiler/report/page"}, "");
}

absl::StatusOr<std::string> Library() {
  ASSIGN_OR_RETURN(std::string text, Read(kLibrary, {Installed(), kDebianLibrary},
                                          ": the page draws with D3; install the Debian package node-d3"));
  int version = 0;
  std::string head = text.substr(0, sizeof(kLibraryHead) + 8);
  if (!absl::StartsWith(head, kLibraryHead)) {
    return absl::InvalidArgumentError(absl::StrCat(
        kLibrary, ": begins with ", base::Quoted(head.substr(0, 24)), ", not with D3's version"));
  }
  head.erase(0, sizeof(kLibraryHead) - 1);
  head = head.substr(0, head.find('.'));
  if (!absl::SimpleAtoi(head, &version) || version < kLeastLibrary) {
    return absl::InvalidArgumentError(absl::StrCat(kLibrary, ": is D3 version ", base::Quoted(head),
                                                   "; the page needs ", kLeastLibrary, " or later"));
  }
  return text;
}

// "</script" may stand in no script, not even in a string of one.
absl::Status CheckScript(const std::string& name, const std::string& text) {
  if (!absl::StrContains(absl::AsciiStrToLower(text), "</script") && !absl::StrContains(text, "<!--")) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(name, ": holds what would end the page's script"));
}

}  // namespace

std::string EscapedHtml(const std::string& text) {
  std::string escaped;
  for (const char c : llvm::json::fixUTF8(text)) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return escaped;
}

std::string EmbeddedJson(const llvm::json::Value& value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::formatv("{0}", value);
  // Outside of strings JSON has none of these.
  return absl::StrReplaceAll(
      llvm::json::fixUTF8(text),
      {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"\u2028", "\\u2028"}, {"\u2029", "\\u2029"}});
}

absl::StatusOr<std::string> ReportPage(llvm::json::Object data) {
  ASSIGN_OR_RETURN(const std::string page, PageFile(kTemplate));
  ASSIGN_OR_RETURN(const std::string style, PageFile(kStyle));
  ASSIGN_OR_RETURN(const std::string notices, PageFile(kNotices));
  ASSIGN_OR_RETURN(const std::string library, Library());
  RETURN_IF_ERROR(CheckScript(kLibrary, library));
  std::string script;
  for (const char* name : kScripts) {
    ASSIGN_OR_RETURN(const std::string part, PageFile(name));
    RETURN_IF_ERROR(CheckScript(name, part));
    script += part;
  }
  std::string title = "StreamTensor report";
  if (const llvm::json::Object* artifact = data.getObject("artifact")) {
    if (const auto model = artifact->getString("model")) title = model->str() + " - " + title;
  }
  // In one pass: what is put in isn't searched.
  return absl::StrReplaceAll(page, {{"{{title}}", EscapedHtml(title)},
                                    {"{{style}}", style},
                                    {"{{notices}}", notices},
                                    {"{{library}}", library},
                                    {"{{data}}", EmbeddedJson(llvm::json::Value(std::move(data)))},
                                    {"{{script}}", script}});
}

}  // namespace streamtensor::compiler
