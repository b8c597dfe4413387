// SPDX-License-Identifier: Apache-2.0
#include "artifact/xclbin/xml_reader.h"

#include <cctype>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::artifact::xclbin {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<XmlElement> Document() {
    RETURN_IF_ERROR(SkipMisc());
    XmlElement root;
    RETURN_IF_ERROR(Element(&root, 1));
    RETURN_IF_ERROR(SkipMisc());
    if (at_ != text_.size()) return Error("text after the root element");
    return root;
  }

 private:
  absl::Status Error(const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat("XML offset ", at_, ": ", what));
  }
  bool StartsWith(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  void SkipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  // Comments, processing instructions and white space.
  absl::Status SkipMisc() {
    for (;;) {
      SkipSpace();
      std::string_view end;
      if (StartsWith("<!--")) {
        end = "-->";
      } else if (StartsWith("<?")) {
        end = "?>";
      } else {
        return absl::OkStatus();
      }
      const std::size_t found = text_.find(end, at_ + 2);
      if (found == std::string_view::npos) return Error("comment or instruction without an end");
      at_ = found + end.size();
    }
  }

  absl::Status Name(std::string* name) {
    const std::size_t begin = at_;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (!std::isalnum(c) && c != '_' && c != '-' && c != '.' && c != ':') break;
      ++at_;
    }
    if (at_ == begin) return Error("a name was expected");
    *name = std::string(text_.substr(begin, at_ - begin));
    return absl::OkStatus();
  }

  absl::Status Reference(std::string* value) {
    static constexpr std::pair<std::string_view, char> kEntities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (const auto& [name, character] : kEntities) {
      if (StartsWith(name)) {
        value->push_back(character);
        at_ += name.size();
        return absl::OkStatus();
      }
    }
    return Error("unknown character reference");
  }

  absl::Status Attributes(XmlElement* element) {
    for (;;) {
      SkipSpace();
      if (at_ >= text_.size()) return Error("the document ends inside a tag");
      if (text_[at_] == '>' || text_[at_] == '/' || text_[at_] == '?') return absl::OkStatus();
      std::string name, value;
      RETURN_IF_ERROR(Name(&name));
      if (element->attributes.size() == kMaxXmlAttributes)
        return Error(absl::StrCat("more than ", kMaxXmlAttributes, " attributes"));
      if (element->Attribute(name) != nullptr) return Error(absl::StrCat("attribute '", name, "' twice"));
      SkipSpace();
      if (!StartsWith("=")) return Error("'=' was expected");
      ++at_;
      SkipSpace();
      if (!StartsWith("\"") && !StartsWith("'")) return Error("a quoted value was expected");
      const char quote = text_[at_++];
      while (at_ < text_.size() && text_[at_] != quote) {
        const char c = text_[at_];
        if (c == '<' || c == '\0') return Error("forbidden character in an attribute");
        if (c == '&') {
          RETURN_IF_ERROR(Reference(&value));
        } else {
          value.push_back(c);
          ++at_;
        }
      }
      if (at_ >= text_.size()) return Error("the document ends inside an attribute");
      ++at_;
      element->attributes.emplace_back(std::move(name), std::move(value));
    }
  }

  // Skips to the next '<' that opens or closes an element.
  absl::Status SkipText() {
    for (;;) {
      while (at_ < text_.size() && text_[at_] != '<') {
        if (text_[at_] == '\0') return Error("a zero byte");
        ++at_;
      }
      if (StartsWith("<![CDATA[")) {
        const std::size_t found = text_.find("]]>", at_);
        if (found == std::string_view::npos) return Error("CDATA without an end");
        at_ = found + 3;
        continue;
      }
      const std::size_t before = at_;
      RETURN_IF_ERROR(SkipMisc());
      if (at_ == before) return absl::OkStatus();
    }
  }

  absl::Status Element(XmlElement* element, int depth) {
    if (depth > kMaxXmlDepth) return Error(absl::StrCat("more than ", kMaxXmlDepth, " nested elements"));
    if (++elements_ > kMaxXmlElements) return Error(absl::StrCat("more than ", kMaxXmlElements, " elements"));
    element->offset = at_;
    if (!StartsWith("<")) return Error("an element was expected");
    ++at_;
    RETURN_IF_ERROR(Name(&element->name));
    RETURN_IF_ERROR(Attributes(element));
    if (StartsWith("/>")) {
      at_ += 2;
      return absl::OkStatus();
    }
    if (!StartsWith(">")) return Error("'>' was expected");
    ++at_;
    for (;;) {
      RETURN_IF_ERROR(SkipText());
      if (at_ >= text_.size()) return Error(absl::StrCat("<", element->name, "> is never closed"));
      if (StartsWith("</")) {
        at_ += 2;
        std::string name;
        RETURN_IF_ERROR(Name(&name));
        SkipSpace();
        if (name != element->name || !StartsWith(">"))
          return Error(absl::StrCat("</", element->name, "> was expected"));
        ++at_;
        return absl::OkStatus();
      }
      element->children.emplace_back();
      RETURN_IF_ERROR(Element(&element->children.back(), depth + 1));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t elements_ = 0;
};

}  // namespace

const std::string* XmlElement::Attribute(std::string_view name) const {
  for (const auto& [key, value] : attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

absl::StatusOr<XmlElement> ReadXml(std::string_view document) {
  // Writers pad the section with zeros.
  while (!document.empty() && document.back() == '\0') document.remove_suffix(1);
  return Reader(document).Document();
}

std::string EscapeXml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
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
        escaped += "&apos;";
        break;
      default:
        escaped.push_back(c);
    }
  }
  return escaped;
}

}  // namespace streamtensor::artifact::xclbin
