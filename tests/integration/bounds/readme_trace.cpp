// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/bounds/readme_trace.h"

#include <cctype>
#include <cmath>
#include <regex>
#include <sstream>

#include "base/check.h"
#include "kernels/contract/word.h"

namespace streamtensor::compiler {
namespace {

// The notation of the README: `R name*n`, `W name*n`, `n{...}`, one after another.
class TraceReader {
 public:
  TraceReader(const std::string& text, const TraceSymbols& symbols,
              const std::map<std::string, std::vector<std::string>>& streams)
      : text_(text), symbols_(symbols), streams_(streams) {}

  std::vector<StreamEvent> Read() {
    std::vector<StreamEvent> events = Items();
    ST_CHECK(at_ == text_.size(), "not a trace: ", text_);
    return events;
  }

 private:
  char Next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Next() != c) return false;
    ++at_;
    return true;
  }
  std::string Name() {
    Next();
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_'))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::vector<StreamEvent> Items() {
    std::vector<StreamEvent> events;
    while (Next() != '\0' && Next() != '}') {
      if (Take(',') || Take(';')) continue;
      const std::vector<StreamEvent> item = Item();
      events.insert(events.end(), item.begin(), item.end());
    }
    return events;
  }

  std::vector<StreamEvent> Item() {
    std::vector<StreamEvent> events;
    const size_t begin = at_;
    const std::string letter = Name();
    if ((letter == "R" || letter == "W") && Next() != '{') {
      const std::string name = Name();
      const auto found = streams_.find(name);
      ST_CHECK(found != streams_.end(), "no stream ", name, " in: ", text_);
      ST_CHECK(Take('*'), "no count in: ", text_);
      const double count = Factor();
      for (const std::string& stream : found->second) {
        for (double i = 0; i < count; ++i) events.push_back({letter[0], stream});
      }
      return events;
    }
    at_ = begin;
    const double times = Factor();
    ST_CHECK(Take('{'), "no body in: ", text_);
    const std::vector<StreamEvent> body = Items();
    ST_CHECK(Take('}'), "no end in: ", text_);
    for (double i = 0; i < times; ++i) events.insert(events.end(), body.begin(), body.end());
    return events;
  }

  double Sum() {
    double value = Product();
    while (Next() == '+' || Next() == '-') value += Take('+') ? Product() : (Take('-'), -Product());
    return value;
  }
  double Product() {
    double value = Factor();
    while (Next() == '*' || Next() == '/') {
      if (Take('*')) {
        value *= Factor();
      } else {
        Take('/');
        value /= Factor();
      }
    }
    return value;
  }
  double Factor() {
    const std::string name = Name();
    if (name.empty() || name == "ceil" || name == "WordsOf") {
      ST_CHECK(Take('('), "not a number in: ", text_);
      const double value = Sum();
      ST_CHECK(Take(')'), "no bracket in: ", text_);
      return name == "ceil"      ? std::ceil(value)
             : name == "WordsOf" ? std::ceil(value / contract::kLanes)
                                 : value;
    }
    if (std::isdigit(static_cast<unsigned char>(name[0]))) return std::stod(name);
    const auto found = symbols_.find(name);
    ST_CHECK(found != symbols_.end(), "no symbol ", name, " in: ", text_);
    return found->second;
  }

  const std::string text_;
  const TraceSymbols& symbols_;
  const std::map<std::string, std::vector<std::string>>& streams_;
  size_t at_ = 0;
};

std::vector<std::string> Parameters(const std::string& list) {
  static const std::regex word("(\\w+)(\\.\\.\\.)?\\s*(,|$)");
  std::vector<std::string> parameters;
  for (auto it = std::sregex_iterator(list.begin(), list.end(), word); it != std::sregex_iterator(); ++it) {
    parameters.push_back((*it)[1].str() + (*it)[2].str());
  }
  return parameters;
}

// The words in code of a cell, with "header" for the header that a process begins by.
std::string TraceOf(const std::string& cell) {
  static const std::regex code("`([^`]*)`");
  std::string trace = cell.rfind("header;", 0) == 0 ? "R headers*(1+T)" : "";
  for (auto it = std::sregex_iterator(cell.begin(), cell.end(), code); it != std::sregex_iterator(); ++it) {
    trace += ";" + (*it)[1].str();
  }
  return trace;
}

}  // namespace

ReadmeTraces ReadmeTraces::Parse(const std::string& text) {
  static const std::regex row("\\| `(\\w+)(?:<\\w+>)?\\(([^`]*)\\)` \\| (.*) \\|");
  ReadmeTraces traces;
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    std::string cell = match[3];
    if (cell.rfind("the same", 0) != 0) last = cell;
    traces.rows_[match[1]] = {Parameters(match[2]), TraceOf(last)};
  }
  return traces;
}

std::vector<StreamEvent> ReadmeTraces::Of(const std::string& name, const TraceSymbols& symbols,
                                          std::vector<std::string> reads,
                                          std::vector<std::string> writes) const {
  const auto found = rows_.find(name);
  ST_CHECK(found != rows_.end(), "kernels/README.md has no row for ", name);
  const Row& row = found->second;
  // A parameter that the trace reads or writes is the next such stream; one with dots takes all that are
  // left.
  std::map<std::string, std::vector<std::string>> streams;
  for (std::string parameter : row.parameters) {
    const bool takes_all = parameter.find("...") != std::string::npos;
    if (takes_all) parameter.resize(parameter.size() - 3);
    for (auto [letter, ends] : {std::pair("R ", &reads), std::pair("W ", &writes)}) {
      if (row.trace.find(letter + parameter + "*") == std::string::npos) continue;
      ST_CHECK(!ends->empty(), name, " has no stream for ", parameter);
      const auto end = takes_all ? ends->end() : ends->begin() + 1;
      streams[parameter].assign(ends->begin(), end);
      ends->erase(ends->begin(), end);
    }
  }
  ST_CHECK(reads.empty() && writes.empty(), "the trace of ", name, " leaves streams out");
  return TraceReader(row.trace, symbols, streams).Read();
}

}  // namespace streamtensor::compiler
