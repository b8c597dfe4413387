// SPDX-License-Identifier: Apache-2.0
#include "base/yaml_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/byte_size.h"
#include "tests/base/scratch_folder.h"

namespace streamtensor::base {
namespace {

struct Values {
  std::string name;
  int64_t count = -1;
  double share = -1;
  int64_t bytes = -1;
  int word = -1;
  std::vector<int64_t> list;
};

// Reads a map of all kinds of values; `name` is required.
absl::Status Read(std::string_view text, Values* values) {
  YamlReader yaml("f.yaml", "the sample");
  using Key = YamlReader::Key;
  const std::vector<Key> keys = {
      Key{"name", [&](auto& node, auto& path) { yaml.Text(node, path, values->name); }, /*required=*/true},
      Key{"count", [&](auto& node, auto& path) { yaml.Integer(node, path, 1, 10, values->count); }},
      Key{"share", [&](auto& node, auto& path) { yaml.Real(node, path, 0, 1, values->share); }},
      Key{"bytes", [&](auto& node, auto& path) { yaml.Bytes(node, path, 1024, values->bytes); }},
      Key{"word", [&](auto& node, auto& path) { values->word = yaml.Choice(node, path, {"one", "two"}); }},
      Key{"list", [&](auto& node, auto& path) {
            yaml.List(node, path, [&](auto& item, auto& item_path, std::size_t) {
              int64_t number = 0;
              yaml.Integer(item, item_path, 0, 9, number);
              values->list.push_back(number);
            });
          }}};
  return yaml.Read(text, [&](const YAML::Node& root) { yaml.Map(root, "", keys); });
}

std::string ErrorOf(std::string_view text) {
  Values values;
  const absl::Status status = Read(text, &values);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(YamlReader, ReadsValues) {
  Values values;
  const absl::Status status =
      Read("name: a\ncount: 10\nshare: 2.5e-1\nbytes: 1KiB\nword: two\nlist: [1, 2]\n", &values);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(values.name, "a");
  EXPECT_EQ(values.count, 10);
  EXPECT_DOUBLE_EQ(values.share, 0.25);
  EXPECT_EQ(values.bytes, 1024);
  EXPECT_EQ(values.word, 1);
  EXPECT_EQ(values.list, (std::vector<int64_t>{1, 2}));
}

TEST(YamlReader, EachErrorHasItsPlace) {
  EXPECT_EQ(ErrorOf("name: a\ncount: 11\n"),
            "f.yaml:2:8: count is \"11\"; allowed is a whole number from 1 to 10");
  EXPECT_EQ(ErrorOf("name: a\ncount: \"7\"\n"),
            "f.yaml:2:8: count is \"7\"; allowed is a whole number from 1 to 10");
  EXPECT_EQ(ErrorOf("name: a\ncount: 1.5\n"),
            "f.yaml:2:8: count is \"1.5\"; allowed is a whole number from 1 to 10");
  EXPECT_EQ(ErrorOf("name: a\nshare: 1.5\n"),
            "f.yaml:2:8: share is \"1.5\"; allowed is a number from 0 to 1");
  EXPECT_EQ(ErrorOf("name: a\nshare: nan\n"),
            "f.yaml:2:8: share is \"nan\"; allowed is a number from 0 to 1");
  EXPECT_EQ(ErrorOf("name: a\nshare: [1]\n"), "f.yaml:2:8: share is a list; allowed is a number from 0 to 1");
  EXPECT_EQ(ErrorOf("name: a\nbytes: 1KB\n"),
            "f.yaml:2:8: bytes is \"1KB\"; allowed is a size such as 20GiB or 512MiB, at least 1024 bytes");
  EXPECT_EQ(ErrorOf("name: a\nword: three\n"), "f.yaml:2:7: word is \"three\"; allowed are one, two");
  EXPECT_EQ(ErrorOf("name: a\nlist: 3\n"), "f.yaml:2:7: list is \"3\"; allowed is a list");
  EXPECT_EQ(ErrorOf("name: a\nlist: [1, 10]\n"),
            "f.yaml:2:11: list[1] is \"10\"; allowed is a whole number from 0 to 9");
  EXPECT_EQ(ErrorOf("name: ''\n"), "f.yaml:1:7: name is empty; allowed is a text");
  EXPECT_EQ(ErrorOf("name: {}\n"), "f.yaml:1:7: name is a map; allowed is a text");
  EXPECT_EQ(ErrorOf("[1]\n"), "f.yaml:1:1: the sample is a list; allowed is a map");
  EXPECT_EQ(ErrorOf("count: 1\n"), "f.yaml:1:1: the sample has no key name");
  EXPECT_EQ(ErrorOf("name: a\nnone: 1\n"),
            "f.yaml:2:1: unknown key none; allowed in the sample are name, count, share, bytes, word, list");
  EXPECT_EQ(ErrorOf("name: a\nname: b\n"), "f.yaml:2:1: name is given twice; it is first listed in line 1");
  EXPECT_EQ(ErrorOf("name: a\n[1]: b\n").rfind("f.yaml:2:1: a key of the sample is a list", 0), 0u);
  EXPECT_EQ(ErrorOf("name: [\n").rfind("f.yaml:2:1: ", 0), 0u);
}

TEST(YamlReader, AllErrorsAtOnce) {
  const std::string errors = ErrorOf("count: 0\nshare: 2\nmore: 1\n");
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 3) << errors;
}

TEST(YamlReader, ValuesThatAreWrongLeaveWhatWasThere) {
  Values values;
  EXPECT_FALSE(Read("name: []\ncount: x\nshare: x\nbytes: x\nword: x\n", &values).ok());
  EXPECT_EQ(values.name, "");
  EXPECT_EQ(values.count, -1);
  EXPECT_EQ(values.share, -1);
  EXPECT_EQ(values.bytes, -1);
  EXPECT_EQ(values.word, -1);
}

TEST(YamlReader, OneDocumentOnly) {
  EXPECT_NE(ErrorOf("name: a\n---\nname: b\n").find("several YAML documents"), std::string::npos);
  // A leading comma sends one loader of yaml-cpp 0.7 into an endless loop.
  ErrorOf(", name: a\n");
}

TEST(YamlReader, ErrorsStayReadable) {
  std::string unknown = "name: a\n";
  for (int i = 0; i < 1000; ++i) unknown += "key" + std::to_string(i) + ": 1\n";
  const std::string many = ErrorOf(unknown);
  EXPECT_EQ(std::count(many.begin(), many.end(), '\n'), 50);
  EXPECT_NE(many.find("f.yaml: and more errors"), std::string::npos);
  const std::string raw = ErrorOf("name: a\ncount: \"\\e[2J" + std::string(5000, 'x') + "\"\n");
  EXPECT_EQ(raw.find('\x1b'), std::string::npos);
  EXPECT_LT(raw.size(), 300u);
}

TEST(YamlReader, ReadsNoMoreThanItMay) {
  EXPECT_EQ(ErrorOf(std::string(kMaxYamlBytes + 1, ' ')), "f.yaml: has more than 1048576 bytes");
  const absl::StatusOr<std::string> endless = ReadYamlFile("/dev/zero");
  ASSERT_TRUE(endless.ok()) << endless.status();
  EXPECT_EQ(endless->size(), kMaxYamlBytes + 1);
}

TEST(YamlReader, ReadsFiles) {
  const testing::ScratchFolder folder;
  EXPECT_EQ(ReadYamlFile(folder.Write("f.yaml", "name: a\n")).value(), "name: a\n");
  EXPECT_EQ(ReadYamlFile("/nowhere/f.yaml").status(),
            absl::NotFoundError("/nowhere/f.yaml: cannot be read: No such file or directory"));
  EXPECT_EQ(ReadYamlFile(folder.path()).status(),
            absl::NotFoundError(folder.path() + ": is a folder; a file is needed"));
}

TEST(ByteSize, HasBinaryUnits) {
  EXPECT_EQ(ParseByteSize("20GiB"), int64_t{20} << 30);
  EXPECT_EQ(ParseByteSize("512 MiB"), int64_t{512} << 20);
  EXPECT_EQ(ParseByteSize("1000"), 1000);
  EXPECT_EQ(ParseByteSize("1B"), 1);
  for (const char* bad : {"", "GiB", "-1GiB", "1.5GiB", "20gb", "99999999999999999999", "9999999TiB"}) {
    EXPECT_FALSE(ParseByteSize(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace streamtensor::base
