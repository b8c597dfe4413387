// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::base {
namespace {

using nlohmann::json;

constexpr std::size_t kValuesAPoll = 1024;

// Builds the document from the parser's events. A member that returns false ends the parse.
class DocumentBuilder : public nlohmann::json_sax<json> {
 public:
  DocumentBuilder(const JsonBounds& bounds, const std::function<absl::Status()>& poll)
      : bounds_(bounds), poll_(poll) {}

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return Fail("binary data is not JSON"); }

  bool start_object(std::size_t) override { return Open(json::object()); }
  bool start_array(std::size_t) override { return Open(json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    auto [entry, added] = open_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
    if (!added) return Fail(absl::StrCat("key ", Quoted(name), " comes twice in a JSON object"));
    value_of_key_ = &entry->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    return Fail(absl::StrCat("JSON syntax error at byte ", position));
  }

  absl::StatusOr<json> Take() {
    RETURN_IF_ERROR(status_);
    return std::move(root_);
  }

 private:
  bool Fail(const std::string& message) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(message);
    return false;
  }

  // Where the value now stands. It stays there until its container, which is not touched meanwhile, gets the
  // next one.
  json* Place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_object()) {
      *value_of_key_ = std::move(value);
      return value_of_key_;
    }
    return &open_.back()->emplace_back(std::move(value));
  }

  bool Count() {
    if (++values_ > bounds_.max_values) {
      return Fail(absl::StrCat("more than ", bounds_.max_values, " JSON values"));
    }
    if (values_ % kValuesAPoll == 0 && poll_ != nullptr) status_.Update(poll_());
    return status_.ok();
  }

  bool Add(json value) {
    if (!Count()) return false;
    Place(std::move(value));
    return true;
  }

  bool Open(json container) {
    if (open_.size() == bounds_.max_depth)
      return Fail(absl::StrCat("JSON nested more than ", bounds_.max_depth, " deep"));
    if (!Count()) return false;
    open_.push_back(Place(std::move(container)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const JsonBounds bounds_;
  const std::function<absl::Status()>& poll_;
  absl::Status status_;
  json root_;
  std::vector<json*> open_;       // objects and arrays that have not ended, outermost first
  json* value_of_key_ = nullptr;  // of the innermost object
  std::size_t values_ = 0;
};

}  // namespace

absl::StatusOr<json> ReadJson(std::string_view text, const JsonBounds& bounds,
                              const std::function<absl::Status()>& poll) {
  // The library skips a byte order mark, which JSON doesn't allow.
  if (text.starts_with("\xef\xbb\xbf"))
    return absl::InvalidArgumentError("JSON begins with a byte order mark");
  DocumentBuilder builder(bounds, poll);
  json::sax_parse(text, &builder);
  return builder.Take();
}

}  // namespace streamtensor::base
