// SPDX-License-Identifier: Apache-2.0
// What the lint has to say about a text, and the rules it may say it by.
#pragma once

#include <string>
#include <vector>

namespace hls_lint {

struct Rule {
  const char* id;
  const char* says;  // what the text must do
};

// All rules; docs/compiler.md, "HLS contract", says why.
const std::vector<Rule>& Rules();

struct Finding {
  std::string rule;   // an id of Rules()
  std::string where;  // "file:line" or a function's name
  std::string what;
};

class Findings {
 public:
  // The same thing is told once, however often a template repeats it.
  void Add(const std::string& rule, const std::string& where, const std::string& what);
  const std::vector<Finding>& all() const { return all_; }
  bool Has(const std::string& rule) const;

 private:
  std::vector<Finding> all_;
};

}  // namespace hls_lint
