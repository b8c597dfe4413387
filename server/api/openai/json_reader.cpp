// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/json_reader.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"

namespace streamtensor::server::openai {
namespace {

using nlohmann::json;

// Builds the value from the parser's events. A callback that returns false stops the parser.
class ValueBuilder : public nlohmann::json_sax<json> {
 public:
  json& root() { return root_; }
  const std::string& error() const { return error_; }

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return Fail("binary data is not JSON"); }
  bool start_object(size_t) override { return Open(json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(json::array()); }
  bool end_array() override { return Close(); }

  bool key(string_t& value) override {
    if (open_.back()->contains(value)) {
      return Fail(absl::StrCat("the key \"", base::Printable(value, 100), "\" comes twice"));
    }
    key_ = std::move(value);
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return Fail(absl::StrCat("syntax error at byte ", position));
  }

 private:
  bool Fail(std::string error) {
    error_ = std::move(error);
    return false;
  }

  template <typename Value>
  bool Add(Value&& value) {
    return Place(json(std::forward<Value>(value))) != nullptr;
  }

  bool Open(json value) {
    if (open_.size() == kMaxJsonDepth) return Fail(absl::StrCat("nested more than ", kMaxJsonDepth, " deep"));
    json* const place = Place(std::move(value));
    if (place != nullptr) open_.push_back(place);
    return place != nullptr;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  // The open value's place. It stays valid until its parent gets the next element; the parent is not touched
  // before.
  json* Place(json value) {
    if (++values_ > kMaxJsonValues) {
      Fail(absl::StrCat("more than ", kMaxJsonValues, " values"));
      return nullptr;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) return &parent.emplace_back(std::move(value));
    return &(parent[key_] = std::move(value));
  }

  json root_;
  std::vector<json*> open_;
  std::string key_;
  size_t values_ = 0;
  std::string error_;
};

}  // namespace

absl::StatusOr<json> ReadJson(std::string_view text) {
  ValueBuilder builder;
  if (!json::sax_parse(text, &builder)) {
    return absl::InvalidArgumentError(absl::StrCat("the body is not valid JSON: ", builder.error()));
  }
  return std::move(builder.root());
}

}  // namespace streamtensor::server::openai
