// SPDX-License-Identifier: Apache-2.0
#include "compiler/tools/streamtensorc/step_script.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/json_reader.h"
#include "base/status_macros.h"
#include "compiler/tools/streamtensorc/input_file.h"

namespace streamtensor::compiler {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxFileBytes = uint64_t{16} << 20;  // what is made of it takes many times that

class ScriptReader {
 public:
  explicit ScriptReader(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<StepScript> Read(std::string_view text) {
    const absl::StatusOr<Json> read = base::ReadJson(text);
    if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(path_, ": ", read.status().message()));
    const Json& root = *read;
    StepScript script;
    script.pages = Number(root, "pages", "script");
    for (const Json& item : List(root, "steps", "script")) {
      const std::string where = absl::StrCat("step ", script.steps.size());
      runtime::Step& step = script.steps.emplace_back();
      for (const Json& entry : List(item, "tokens", where)) {
        const std::string token = absl::StrCat(where, ", token ", step.tokens.size());
        const bool wants = entry.is_object() && entry.contains("wants_logits") &&
                           entry["wants_logits"].is_boolean() && entry["wants_logits"].get<bool>();
        step.tokens.push_back({Number(entry, "token_id", token), Number(entry, "slot", token),
                               Number(entry, "position", token), Number(entry, "start", token), wants});
      }
      for (const Json& table : List(item, "page_tables", where)) {
        std::vector<int32_t>& pages = step.page_tables.emplace_back();
        if (!table.is_array()) Fail(where + ": page_tables", "lists of page numbers");
        for (const Json& page : table) pages.push_back(Integer(page, where + ": page_tables"));
      }
    }
    RETURN_IF_ERROR(status_);
    return script;
  }

 private:
  void Fail(const std::string& where, const char* expected) {
    if (status_.ok())
      status_ = absl::InvalidArgumentError(absl::StrCat(path_, ": ", where, ": expected ", expected));
  }
  int32_t Integer(const Json& value, const std::string& where) {
    if (!value.is_number_integer()) {
      Fail(where, "an integer");
      return 0;
    }
    // A number beyond 2^63 is kept as an unsigned one.
    const bool beyond = value.is_number_unsigned() &&
                        value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
    const auto number = beyond ? 0 : value.get<int64_t>();
    if (beyond || number < std::numeric_limits<int32_t>::min() ||
        number > std::numeric_limits<int32_t>::max()) {
      Fail(where, "an integer of 32 bits");
    }
    return static_cast<int32_t>(number);
  }
  int32_t Number(const Json& object, const char* key, const std::string& where) {
    if (object.is_object() && object.contains(key))
      return Integer(object[key], absl::StrCat(where, ": ", key));
    Fail(absl::StrCat(where, ": ", key), "an integer");
    return 0;
  }
  const Json& List(const Json& object, const char* key, const std::string& where) {
    static const Json* const kEmpty = new Json(Json::array());
    if (object.is_object() && object.contains(key) && object[key].is_array()) return object[key];
    Fail(absl::StrCat(where, ": ", key), "a list");
    return *kEmpty;
  }

  std::string path_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<StepScript> ParseStepScript(std::string_view text, const std::string& name) {
  return ScriptReader(name).Read(text);
}

absl::StatusOr<StepScript> ReadStepScript(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadInputFile(path, kMaxFileBytes));
  return ParseStepScript(text, path);
}

}  // namespace streamtensor::compiler
