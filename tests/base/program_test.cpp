// SPDX-License-Identifier: Apache-2.0
#include "base/program.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/option_checks.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace streamtensor::base {
namespace {

using ::testing::HasSubstr;

// A program with one command, as its command line left it.
struct Outcome {
  int code = -1;
  std::string out, err;
  bool ran = false;
  std::string text;
  std::optional<int64_t> number;
  std::optional<float> ratio;
  bool flag = false;
};

Outcome Call(std::vector<const char*> words) {
  Outcome outcome;
  Program program("tool", "Does things.", [] { return "1.2.3"; });
  program.app().add_flag("--flag", outcome.flag, "A flag of the program");
  CLI::App& command = program.AddCommand("go", "Goes", [&] {
    outcome.ran = true;
    return outcome.text == "clash" ? program.WrongUsage("things clash") : 0;
  });
  command.add_option("--text", outcome.text, "Some text")->type_name("TEXT")->required();
  command.add_option("--number", outcome.number, "A number")->type_name("N")->check(WholeNumber(-2, 10));
  command.add_option("--ratio", outcome.ratio, "A ratio")->type_name("R")->check(Number())->group("Ratios");
  command.add_flag("--secret")->group("");
  words.insert(words.begin(), "tool");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.code = program.Main(static_cast<int>(words.size()), words.data());
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(Program, RunsTheCommandWithItsOptions) {
  const Outcome done = Call({"go", "--text=a b", "--number", "-2", "--ratio", "0.5", "--flag"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_TRUE(done.ran);
  EXPECT_EQ(done.text, "a b");
  EXPECT_EQ(done.number, -2);
  EXPECT_EQ(done.ratio, 0.5f);
  EXPECT_TRUE(done.flag) << "options of the program may stand behind the command";
}

TEST(Program, TheLastValueCounts) { EXPECT_EQ(Call({"go", "--text", "a", "--text", "b"}).text, "b"); }

TEST(Program, WrongUsageIsOneLine) {
  const struct {
    std::vector<const char*> words;
    const char* error;
  } cases[] = {
      {{}, "tool: a command is missing; one of: go; see tool --help\n"},
      {{"dance"}, "tool: unknown command 'dance'; one of: go; see tool --help\n"},
      {{"--no-such"}, "tool: unknown option --no-such; see tool --help\n"},
      {{"go"}, "tool go: --text is required; see tool go --help\n"},
      {{"go", "--txet", "x"}, "tool go: unknown option --txet; see tool go --help\n"},
      {{"go", "--text"}, "tool go: --text: 1 required TEXT missing; see tool go --help\n"},
      {{"go", "--text", "x", "more"}, "tool go: unexpected argument 'more'; see tool go --help\n"},
      {{"go", "--text", "x", "--nope=3"}, "tool go: unknown option --nope; see tool go --help\n"},
      {{"go", "--text", "x", "--number", "11"},
       "tool go: --number: must be a whole number from -2 to 10, got '11'; see tool go --help\n"},
      {{"go", "--text", "x", "--number", "1x"},
       "tool go: --number: must be a whole number from -2 to 10, got '1x'; see tool go --help\n"},
      {{"go", "--text", "x", "--ratio", "nan"},
       "tool go: --ratio: must be a number, got 'nan'; see tool go --help\n"},
      {{"go", "--text", "clash"}, "tool go: things clash; see tool go --help\n"},
  };
  for (const auto& each : cases) {
    const Outcome done = Call(each.words);
    EXPECT_EQ(done.code, 2);
    EXPECT_EQ(done.err, each.error);
    EXPECT_EQ(done.out, "");
  }
}

TEST(Program, HelpAndVersion) {
  EXPECT_EQ(Call({"--version"}).out, "tool 1.2.3\n");
  const Outcome help = Call({"go", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_FALSE(help.ran);
  for (const char* text : {"Usage: tool go", "--number N", "Ratios:", "--ratio R"}) {
    EXPECT_THAT(help.out, HasSubstr(text));
  }
  EXPECT_THAT(help.out, testing::Not(HasSubstr("--secret")));
}

TEST(Program, DescribesItselfWhateverIsRequired) {
  Program program("tool", "Does things.", [] { return "1"; });
  std::string file;
  program.app().add_option("--config", file, "A file")->required();
  const char* const words[] = {"tool", "--man-page"};
  testing::internal::CaptureStdout();
  EXPECT_EQ(program.Main(2, words), 0);
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("config"));
}

TEST(Program, ManualPage) {
  const Outcome page = Call({"--man-page"});
  EXPECT_EQ(page.code, 0) << page.err;
  for (const char* text : {".TH TOOL 1", "tool \\- Does things.", "\\fBtool go\\fR", ".SH GO",
                           "\\fB\\-\\-number\\fR \\fIN\\fR"}) {
    EXPECT_THAT(page.out, HasSubstr(text));
  }
  EXPECT_THAT(page.out, testing::Not(HasSubstr("secret")));
}

TEST(Program, Completion) {
  for (const char* shell : {"bash", "zsh"}) {
    const Outcome script = Call({"--completion", shell});
    EXPECT_EQ(script.code, 0) << script.err;
    EXPECT_THAT(script.out, HasSubstr("complete -o default -F _tool tool"));
    EXPECT_THAT(script.out, HasSubstr("--number"));
  }
  EXPECT_EQ(Call({"--completion", "csh"}).code, 2);
}

TEST(OptionChecks, Bounds) {
  const auto accepts = [](const CLI::Validator& check, std::string value) { return check(value).empty(); };
  EXPECT_TRUE(accepts(WholeNumber(), "18446744073709551615"));
  EXPECT_FALSE(accepts(WholeNumber(), "18446744073709551616"));
  EXPECT_FALSE(accepts(WholeNumber(), "-1"));
  EXPECT_FALSE(accepts(WholeNumber(), ""));
  EXPECT_TRUE(accepts(PositiveNumber(), "1e9"));
  for (const char* value : {"0", "-1", "1e30", "inf", "nan", "x"}) {
    EXPECT_FALSE(accepts(PositiveNumber(), value)) << value;
  }
}

}  // namespace
}  // namespace streamtensor::base
