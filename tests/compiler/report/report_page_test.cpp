// SPDX-License-Identifier: Apache-2.0
#include "compiler/report/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace streamtensor::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHostile[] = "</script><script>alert(1)</script><!-- & \"'{{script}}\xe2\x80\xa8";

TEST(EscapedHtmlTest, LeavesNoMarkup) {
  EXPECT_EQ(EscapedHtml("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(EscapedHtml("line\nend\x7f"), "line end ");
  EXPECT_EQ(EscapedHtml("größer"), "größer");
  EXPECT_EQ(EscapedHtml("\xff!"), "\xef\xbf\xbd!") << "a byte that isn't UTF-8";
}

TEST(EmbeddedJsonTest, EndsNoScriptAndKeepsTheText) {
  const std::string text = EmbeddedJson(llvm::json::Object{{"name", kHostile}, {"<key>", 1}});
  for (const char* forbidden : {"<", ">", "&", "\xe2\x80\xa8", "\xe2\x80\xa9"}) {
    EXPECT_THAT(text, Not(HasSubstr(forbidden)));
  }
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  ASSERT_TRUE(static_cast<bool>(value)) << llvm::toString(value.takeError());
  EXPECT_EQ(value->getAsObject()->getString("name"), llvm::StringRef(kHostile));
  EXPECT_EQ(value->getAsObject()->getInteger("<key>"), 1);
}

class ReportPageTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/usr/share/nodejs/d3/dist/d3.min.js")) {
      GTEST_SKIP() << "the Debian package node-d3 isn't installed";
    }
  }
  static std::string Page() {
    auto page = ReportPage(llvm::json::Object{{"artifact", llvm::json::Object{{"model", kHostile}}}});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *page : "";
  }
};

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(ReportPageTest, AModelsNameStaysText) {
  const std::string page = Page();
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  // The library, the data and the page's own; nothing was put in twice.
  EXPECT_EQ(Count(page, "</script>"), 3u);
  EXPECT_EQ(Count(page, "const DATA ="), 1u);
  EXPECT_EQ(Count(page, "{{script}}"), 2u) << "of the name: in the title and in the data";
  EXPECT_THAT(page, HasSubstr("<title>&lt;/script&gt;&lt;script&gt;alert(1)"));
}

TEST_F(ReportPageTest, LoadsNothing) {
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const char* loads : {" src=", "@import", "url(http", "href=\"http", "fetch(\"", "importScripts("}) {
    EXPECT_THAT(page, Not(HasSubstr(loads)));
  }
  EXPECT_THAT(page, HasSubstr("Copyright 2010-2022 Mike Bostock")) << "the notice of what it contains";
}

TEST_F(ReportPageTest, IsTheSameEachTime) { EXPECT_EQ(Page(), Page()); }

}  // namespace
}  // namespace streamtensor::compiler
