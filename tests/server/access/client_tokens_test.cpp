// SPDX-License-Identifier: Apache-2.0
#include "server/access/client_tokens.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace streamtensor::server {
namespace {

TEST(ClientTokens, AClientALine) {
  const auto tokens = ClientTokens::Parse(
      "# who\nalice 0123456789abcdef\n\n  bob\t0123456789abcdeg small large # two models\r\n", "t");
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->size(), 2u);
  ASSERT_NE(tokens->Find("0123456789abcdef"), nullptr);
  EXPECT_EQ(tokens->Find("0123456789abcdef")->name, "alice");
  EXPECT_TRUE(tokens->Find("0123456789abcdef")->models.empty());
  EXPECT_EQ(tokens->Find("0123456789abcdeg")->models, (std::vector<std::string>{"small", "large"}));
  EXPECT_EQ(tokens->Find("0123456789abcde"), nullptr);
  EXPECT_EQ(tokens->Find(""), nullptr);
}

TEST(ClientTokens, ErrorsNameTheLineAndNeverTheToken) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "t: lists no client"},
      {"# nothing\n", "t: lists no client"},
      {"\nalice\n", "t:2: a line is NAME TOKEN"},
      {"alice secret\n", "t:1: the token of alice has 6 characters; at least 16 are needed"},
      {"alice 0123456789abcde\u00e9\n", "t:1: the token of alice must be printable ASCII"},
      {"al/ice 0123456789abcdef\n", "t:1: a name has"},
      {"a 0123456789abcdef\na 0123456789abcdeg\n", "t:2: a is listed twice"},
      {"a 0123456789abcdef\nb 0123456789abcdef\n", "t:2: the token of b also belongs to another client"}};
  for (const auto& [text, error] : cases) {
    const auto tokens = ClientTokens::Parse(text, "t");
    EXPECT_EQ(tokens.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(tokens.status().message().substr(0, std::string(error).size()), error) << tokens.status();
    EXPECT_EQ(tokens.status().message().find("0123456789"), std::string::npos);
    EXPECT_EQ(tokens.status().message().find("secret"), std::string::npos);
  }
}

TEST(ClientTokens, TheFileIsTheOwnersAlone) {
  const std::string path = std::filesystem::path(testing::TempDir()) / "tokens";
  std::ofstream(path) << "alice 0123456789abcdef\n";
  chmod(path.c_str(), 0644);
  EXPECT_EQ(ClientTokens::Read(path).status().code(), absl::StatusCode::kPermissionDenied);
  chmod(path.c_str(), 0600);
  EXPECT_TRUE(ClientTokens::Read(path).ok());
  std::filesystem::remove(path);
  EXPECT_EQ(ClientTokens::Read(path).status().code(), absl::StatusCode::kNotFound);
  std::filesystem::create_directory(path);
  chmod(path.c_str(), 0700);
  EXPECT_NE(ClientTokens::Read(path).status().message().find("is a folder"), std::string::npos);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace streamtensor::server
