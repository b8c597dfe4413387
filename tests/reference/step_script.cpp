// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/reference/step_reference.h"

namespace streamtensor::reference {
namespace {

using Json = nlohmann::json;

absl::Status Bad(const std::string& where, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("step script: ", where, ": expected ", expected));
}

absl::StatusOr<int32_t> Number(const Json& object, const char* key, const std::string& where) {
  auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) return Bad(absl::StrCat(where, ".", key), "an integer");
  return it->get<int32_t>();
}

}  // namespace

absl::StatusOr<StepScript> ParseStepScript(std::string_view text) {
  const Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return absl::InvalidArgumentError("step script: not JSON");
  StepScript script;
  absl::StatusOr<int32_t> pages =
      root.is_object() ? Number(root, "pages", "script") : Bad("script", "an object");
  if (!pages.ok()) return pages.status();
  script.pages = *pages;
  if (!root.contains("steps") || !root["steps"].is_array()) return Bad("script.steps", "a list");
  for (const Json& item : root["steps"]) {
    const std::string where = absl::StrCat("step ", script.steps.size());
    if (!item.is_object() || !item.contains("tokens") || !item["tokens"].is_array() ||
        !item.contains("page_tables") || !item["page_tables"].is_array())
      return Bad(where, "an object with the lists \"tokens\" and \"page_tables\"");
    Step step;
    for (const Json& entry : item["tokens"]) {
      const std::string at = absl::StrCat(where, ", token ", step.tokens.size());
      if (!entry.is_object()) return Bad(at, "an object");
      StepToken token;
      for (auto [key, target] : {std::pair("token_id", &token.token_id), std::pair("slot", &token.slot),
                                 std::pair("position", &token.position), std::pair("start", &token.start)}) {
        absl::StatusOr<int32_t> number = Number(entry, key, at);
        if (!number.ok()) return number.status();
        *target = *number;
      }
      auto wants = entry.find("wants_logits");
      if (wants == entry.end() || !wants->is_boolean()) return Bad(at + ".wants_logits", "true or false");
      token.wants_logits = wants->get<bool>();
      step.tokens.push_back(token);
    }
    for (const Json& table : item["page_tables"]) {
      if (!table.is_array()) return Bad(where + ".page_tables", "lists of page numbers");
      std::vector<int32_t> numbers;
      for (const Json& page : table) {
        if (!page.is_number_integer()) return Bad(where + ".page_tables", "lists of page numbers");
        numbers.push_back(page.get<int32_t>());
      }
      step.page_tables.push_back(std::move(numbers));
    }
    script.steps.push_back(std::move(step));
  }
  return script;
}

}  // namespace streamtensor::reference
