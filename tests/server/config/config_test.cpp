// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace streamtensor::server {
namespace {

constexpr char kGood[] = R"(
server:  { listen: "127.0.0.1:50051", metrics_listen: "127.0.0.1:9464" }
limits:  { max_queue: 256, max_running: 64, max_prompt_tokens: 8192 }
cards:
  - { driver: emulated, platform: u55c, index: 0 }
models:
  - { name: smollm2, source: /path/model.gguf, max_context: 2048 }
cache:   { dir: /var/lib/streamtensor, max_bytes: 20GiB }
log:     { level: info, format: json }
)";

constexpr char kTail[] = "cards: [{driver: dummy}]\nmodels: [{name: m, artifact: a}]\n";

std::vector<std::string> Errors(const std::string& text) {
  const auto config = ParseConfig(text, "c.yaml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return absl::StrSplit(config.status().message(), '\n');
}

void ExpectError(const std::string& text, const std::string& error) {
  const auto errors = Errors(text);
  ASSERT_EQ(errors.size(), 1u) << ::testing::PrintToString(errors);
  EXPECT_EQ(errors[0].rfind(error, 0), 0u) << errors[0];
}

TEST(Config, ReadsTheDocumentedExample) {
  const auto config = ParseConfig(kGood, "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.listen, "127.0.0.1:50051");
  EXPECT_EQ(config->cards.at(0).name, "emulated:0");
  EXPECT_EQ(config->models.at(0).name, "smollm2");
  EXPECT_EQ(config->models.at(0).cards, std::vector<int64_t>{0});
  EXPECT_EQ(config->cache.max_bytes, 20ll << 30);
  EXPECT_EQ(config->log.format, LogFormat::kJson);
}

TEST(Config, AModelMayBeQuantised) {
  const std::string head = "cards: [{driver: dummy}]\nmodels: [{name: m, source: s";
  EXPECT_EQ(ParseConfig(head + "}]\n", "c.yaml")->models.at(0).quantise, "none");
  for (const std::string name : {"none", "w4g128", "w8"}) {
    EXPECT_EQ(ParseConfig(head + ", quantise: " + name + "}]\n", "c.yaml")->models.at(0).quantise, name);
  }
  ExpectError(head + ", quantise: w4}]\n",
              "c.yaml:2:41: models[0].quantise is \"w4\"; allowed are none, w4g128, w8");
}

TEST(Config, ACardHasOneThreadUnlessMoreAreAskedFor) {
  for (const auto& [key, threads] : {std::pair{"", 1u}, {", threads: 1", 1u}, {", threads: 2", 2u}}) {
    const auto config = ParseConfig(
        absl::StrCat("cards: [{driver: emulated", key, "}]\nmodels: [{name: m, artifact: a}]\n"), "c.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->cards.at(0).card.threads, threads) << key;
  }
}

TEST(Config, EachErrorHasItsPlace) {
  using std::string;
  ExpectError(string("server: {listn: \"x:1\"}\n") + kTail,
              "c.yaml:1:10: unknown key server.listn; allowed in server are listen, metrics_listen, "
              "http_listen, tls_certificate");
  ExpectError(string("limits:\n  max_queue: many\n") + kTail,
              "c.yaml:2:14: limits.max_queue is \"many\"; allowed is a whole number from 1 to 1000000");
  ExpectError(string("limits:\n  max_queue: 0\n") + kTail, "c.yaml:2:14: limits.max_queue is \"0\"");
  ExpectError(string("limits:\n  max_queue: \"7\"\n") + kTail, "c.yaml:2:14: limits.max_queue is \"7\"");
  ExpectError(string("limits:\n  max_queue: 1\n  max_queue: 2\n") + kTail,
              "c.yaml:3:3: limits.max_queue is given twice; it is first listed in line 2");
  ExpectError(string("limits: [1]\n") + kTail, "c.yaml:1:9: limits is a list; allowed is a map");
  ExpectError(string("server: {max_connections: 0}\n") + kTail,
              "c.yaml:1:27: server.max_connections is \"0\"; allowed is a whole number from 1 to 1000000");
  ExpectError(string("server: {max_message_bytes: 2GiB}\n") + kTail,
              "c.yaml:1:9: server.max_message_bytes is 2147483648; allowed is up to 1073741824");
  ExpectError(
      string("server: {grpc_memory: 8MiB}\n") + kTail,
      "c.yaml:1:9: server.grpc_memory is 8388608; server.max_message_bytes needs at least 4 times 4194304, "
      "16777216");
  ExpectError(
      string("server: {http_memory: 8MiB}\n") + kTail,
      "c.yaml:1:9: server.http_memory is 8388608; server.max_message_bytes needs at least 4 times 4194304, "
      "16777216");
  ExpectError(string("server: {listen: nowhere}\n") + kTail, "c.yaml:1:18: server.listen is \"nowhere\"");
  ExpectError(string("cache: {max_bytes: 20GB}\n") + kTail, "c.yaml:1:20: cache.max_bytes is \"20GB\"");
  ExpectError(string("log: {level: loud}\n") + kTail,
              "c.yaml:1:14: log.level is \"loud\"; allowed are debug, info, warning, error");
  ExpectError("models: [{name: m, artifact: a}]\n", "c.yaml:1:1: the configuration has no key cards");
  ExpectError("cards: [{}]\nmodels: [{name: m, artifact: a}]\n", "c.yaml:1:9: cards[0] has no key driver");
  ExpectError("cards: [{driver: dummy}]\nmodels: [{name: m}]\n",
              "c.yaml:2:10: models[0] has neither source nor artifact");
  ExpectError("cards: [{driver: dummy}]\nmodels: [{name: m, source: s, artifact: a}]\n",
              "c.yaml:2:10: models[0] has both source and artifact");
  ExpectError("cards: [{driver: emulated, step_us: 5}]\nmodels: [{name: m, artifact: a}]\n",
              "c.yaml:1:37: cards[0].step_us is set for driver emulated");
  ExpectError("cards: [{driver: xrt, threads: 2}]\nmodels: [{name: m, artifact: a}]\n",
              "c.yaml:1:32: cards[0].threads is set for driver xrt");
  ExpectError("cards: [{driver: emulated, threads: 3}]\nmodels: [{name: m, artifact: a}]\n",
              "c.yaml:1:37: cards[0].threads is \"3\"; allowed is a whole number from 1 to 2");
  ExpectError("cards: [{driver: dummy}, {driver: dummy}]\nmodels: [{name: m, artifact: a}]\n",
              "c.yaml:1:26: cards[1] is card dummy:0 again");
  ExpectError("cards: [{driver: dummy}]\nmodels: [{name: m, artifact: a}, {name: n, artifact: a}]\n",
              "c.yaml:2:34: models[1] has no card left");
  ExpectError("cards: [{driver: dummy}]\nmodels: [{name: m, artifact: a, cards: [3]}]\n",
              "c.yaml:2:10: models[0].cards names card 3; the cards are 0 to 0");
  ExpectError("cards: [{driver: dummy}]\nmodels: [{name: \"m m\", artifact: a}]\n",
              "c.yaml:2:17: models[0].name is \"m m\"");
  ExpectError(string("server: {tls_key: k}\n") + kTail,
              "c.yaml:1:9: server has only one of tls_certificate and tls_key");
  ExpectError(string("log: {prompts: maybe}\n") + kTail,
              "c.yaml:1:16: log.prompts is \"maybe\"; allowed are false, true");
  ExpectError(string("access: {requests_per_minute: -1}\n") + kTail,
              "c.yaml:1:31: access.requests_per_minute is");
  ExpectError("cards: [\n", "c.yaml:2:1: ");
}

TEST(Config, AllErrorsAtOnce) {
  const auto errors = Errors("limits: {max_queue: 0, nope: 1}\ncards: []\nmodels: 3\nlog: {format: xml}\n");
  EXPECT_EQ(errors.size(), 5u) << ::testing::PrintToString(errors);
}

TEST(Config, AModelIsCompiledForAPlatformThatIsThere) {
  const std::string cards = "cards: [{driver: dummy}, {driver: emulated, platform: u999}]\n";
  const std::string models = "models:\n- {name: a, artifact: a, cards: [1]}\n- {name: b, ";
  EXPECT_TRUE(ParseConfig(cards + models + "source: b, cards: [0]}\n", "c.yaml").ok());
  const std::string swapped =
      "models:\n- {name: a, artifact: a, cards: [0]}\n- {name: b, source: b, cards: [1]}\n";
  ExpectError(cards + swapped,
              "c.yaml:4:3: models[1] is compiled for cards[1], whose platform is \"u999\"; known are u200, ");
}

TEST(Config, ReplicasAndSeveralModelsShareTheCards) {
  const auto config = ParseConfig(
      "cards: [{driver: dummy, index: 0}, {driver: dummy, index: 1}, {driver: dummy, index: 2}]\n"
      "models: [{name: a, artifact: x}, {name: b, artifact: y, cards: [1]}]\n",
      "c.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->models[0].cards, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(config->models[1].cards, std::vector<int64_t>{1});
}

TEST(Config, TheCommentedExampleNamesEveryKey) {
  const std::string path = std::string(ST_CONFIGS) + "/streamtensord.yaml";
  const auto config = ReadConfig(path);
  ASSERT_TRUE(config.ok()) << config.status();
  std::ifstream file(path);
  std::set<std::string> found;
  std::string line;
  std::string group;
  const std::regex top("^([a-z_]+):.*");
  const std::regex key("^  (?:- |  )?(?:# )?([a-z_]+): .*");
  const std::regex nested("^    #   ([a-z_]+): .*");  // of the key before that stood one step less deep
  std::string parent;
  std::smatch match;
  while (std::getline(file, line)) {
    if (std::regex_match(line, match, top)) {
      group = match[1];
      if (group == "cards" || group == "models") group += "[]";
    } else if (std::regex_match(line, match, key)) {
      parent = group + "." + match[1].str();
      found.insert(parent);
    } else if (std::regex_match(line, match, nested)) {
      found.insert(parent + "." + match[1].str());
    }
  }
  const auto keys = ConfigKeys();
  EXPECT_EQ(found, std::set<std::string>(keys.begin(), keys.end()));
}

TEST(Config, OneDocumentOnly) {
  const auto config = ParseConfig(std::string(kGood) + "---\n" + kGood, "c.yaml");
  EXPECT_NE(config.status().message().find("several YAML documents"), std::string::npos) << config.status();
  // A leading comma sends one loader of yaml-cpp 0.7 into an endless loop.
  EXPECT_FALSE(ParseConfig(std::string(", a: b\n") + kGood, "c.yaml").ok());
}

TEST(Config, ErrorsStayReadable) {
  std::string unknown;
  for (int i = 0; i < 1000; ++i) unknown += "key" + std::to_string(i) + ": 1\n";
  const std::string many(ParseConfig(unknown, "c.yaml").status().message());
  EXPECT_LT(std::count(many.begin(), many.end(), '\n'), 60);
  EXPECT_NE(many.find("c.yaml: and more errors"), std::string::npos);
  const std::string raw(ParseConfig("cards: \"\\e[2J" + std::string(5000, 'x') + "\"\nmodels: []\n", "c.yaml")
                            .status()
                            .message());
  EXPECT_EQ(raw.find('\x1b'), std::string::npos);
  EXPECT_LT(raw.size(), 600u);
}

TEST(Config, ReadsNoEndlessFile) {
  const auto config = ReadConfig("/dev/zero");
  EXPECT_NE(config.status().message().find("has more than 1048576 bytes"), std::string::npos)
      << config.status();
}

TEST(Config, AMissingFileIsNamed) {
  const auto config = ReadConfig("/nowhere/c.yaml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(config.status().message().find("/nowhere/c.yaml"), std::string::npos);
}

}  // namespace
}  // namespace streamtensor::server
