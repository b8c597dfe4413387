// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/strict_json.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using nlohmann::json;

// Builds the document as the library reads it, and stops at the first thing that is not allowed.
class DocumentBuilder : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t& text) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t& value) override { return Fail("binary data"); }  // no part of JSON text

  bool start_object(size_t) override { return Open(json::object()); }
  bool start_array(size_t) override { return Open(json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    auto [entry, added] = open_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
    if (!added) return Fail(Message("key ", Quoted(name), " stands twice in an object"));
    value_of_key_ = &entry->second;
    return true;
  }

  bool parse_error(size_t position, const std::string& last_token, const json::exception& error) override {
    std::string_view text = error.what();
    // "[json.exception.parse_error.101] parse error at ...: WHAT"
    if (const size_t at = text.find(": "); at != std::string_view::npos) text.remove_prefix(at + 2);
    return Fail(Message("not JSON at byte ", position, ": ", PrintableMessage(text)));
  }

  absl::StatusOr<json> Take() {
    if (!status_.ok()) return status_;
    return std::move(root_);
  }

 private:
  bool Fail(const std::string& message) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(message);
    return false;
  }

  // Where the next value goes.
  json* Place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_object()) {
      *value_of_key_ = std::move(value);
      return value_of_key_;
    }
    open_.back()->push_back(std::move(value));
    return &open_.back()->back();
  }

  bool Add(json value) {
    if (++values_ > kMaxJsonValues) return Fail(Message("more than ", kMaxJsonValues, " JSON values"));
    Place(std::move(value));
    return true;
  }

  bool Open(json container) {
    if (open_.size() == kMaxJsonDepth) return Fail(Message("JSON nested more than ", kMaxJsonDepth, " deep"));
    if (++values_ > kMaxJsonValues) return Fail(Message("more than ", kMaxJsonValues, " JSON values"));
    open_.push_back(Place(std::move(container)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  absl::Status status_;
  json root_;
  std::vector<json*> open_;       // objects and arrays that have not ended, outermost first
  json* value_of_key_ = nullptr;  // of the innermost object
  size_t values_ = 0;
};

}  // namespace

absl::StatusOr<json> ParseStrictJson(std::string_view text) {
  // The library skips a byte order mark, which JSON doesn't allow.
  if (text.starts_with("\xef\xbb\xbf")) return absl::InvalidArgumentError("not JSON: a byte order mark");
  DocumentBuilder builder;
  json::sax_parse(text, &builder);
  return builder.Take();
}

const json* FindMember(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found != object.end() && !found->is_null() ? &*found : nullptr;
}

absl::StatusOr<bool> BoolMember(const json& object, std::string_view key, bool otherwise) {
  const json* member = FindMember(object, key);
  if (member == nullptr) return otherwise;
  if (member->is_boolean()) return member->get<bool>();
  return absl::InvalidArgumentError(Message("'", key, "' is ", JsonText(*member), ", expected a bool"));
}

absl::StatusOr<std::string> StringMember(const json& object, std::string_view key,
                                         std::string_view otherwise) {
  const json* member = FindMember(object, key);
  if (member == nullptr) return std::string(otherwise);
  if (member->is_string()) return member->get<std::string>();
  return absl::InvalidArgumentError(Message("'", key, "' is ", JsonText(*member), ", expected a string"));
}

std::string JsonText(const json& value) {
  if (value.is_string()) {
    return Message("\"", Printable(value.get_ref<const std::string&>(), 200), "\"");
  }
  if (value.is_object()) return Message("{", value.size(), " keys}");
  if (!value.is_array()) return value.dump();
  constexpr size_t kShown = 8;
  std::string text = Message("[", value.size(), ":");
  for (size_t i = 0; i < value.size() && i < kShown; ++i) {
    // Of an array in an array its length is enough.
    const std::string element = value[i].is_array() ? Message("[", value[i].size(), "]") : JsonText(value[i]);
    absl::StrAppend(&text, i == 0 ? " " : ", ", element);
  }
  absl::StrAppend(&text, value.size() > kShown ? ", ...]" : "]");
  return text;
}

}  // namespace streamtensor::compiler
