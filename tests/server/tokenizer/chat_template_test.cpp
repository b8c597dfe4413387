// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/chat_template.h"

#include <gtest/gtest.h>

#include <random>

namespace streamtensor::server {
namespace {

std::string Render(std::string_view source, const std::vector<ChatTurn>& turns = {{"user", "Hi"}}) {
  auto chat = ChatTemplate::Create(source);
  if (!chat.ok()) return chat.status().ToString();
  auto text = (*chat)->Render(turns, true, "<s>", "</s>");
  return text.ok() ? *text : text.status().ToString();
}

// Expected texts were rendered by jinja2 3.1 with trim_blocks and lstrip_blocks.
TEST(ChatTemplate, Renders) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{{ bos_token }}{% for m in messages %}[{{ m.role|upper }}] {{ m['content'].strip() }}{% endfor %}",
       "<s>[USER] Hi"},
      {"a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"},
      {"x {%- if true -%}  y  {%- endif -%} z", "xyz"},
      {"{# note #}\nt", "t"},
      {"{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
       "6"},
      {"{% for i in [1,2,3] if i != 2 %}{{ loop.index }}:{{ i }}{% if not loop.last %},{% endif %}{% endfor "
       "%}",
       "1:1,2:3"},
      {"{% for i in [] %}a{% else %}none{% endfor %}", "none"},
      {"{{ 'abc'[1:] ~ 'xyz'[::-1] ~ [1,2,3][-1] }}", "bczyx3"},
      {"{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 1 == 1.0 }} {{ none }}", "-4 2 3.5 True None"},
      {"{{ missing is defined }} {{ missing }}{{ missing | default('d') }}", "False d"},
      {"{{ 'yes' if 'i' in 'Hi' and not false else 'no' }}", "yes"},
      {"{{ {'a': [1, 'b', none]} | tojson }}", R"({"a": [1, "b", null]})"},
      {"{% for k, v in {'x': 1, 'y': 2}.items() %}{{ k }}={{ v }};{% endfor %}", "x=1;y=2;"},
      {"{% for k, v in {'x': 1, 'y': 2} | items %}{{ k }}={{ v }};{% endfor %}"
       "{% for k in missing | items %}x{% endfor %}",
       "x=1;y=2;"},
      {"{% set a %}in{{ 1 }}{% endset %}{{ a }}", "in1"},
      {"{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif "
       "%}{{ i }}{% endfor %}",
       "02"},
      {"{{ ' a,b '.strip().split(',') | join('+') }}{{ 'STRASSE'.lower().title() }}", "a+bStrasse"},
      {"{{ messages | length }}{{ (messages | first).role }}{{ messages[0]['content'] | replace('H', 'J') }}",
       "1userJi"},
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(Render(source), expected) << source;
}

TEST(ChatTemplate, SaysWhatItCanNotDo) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{% macro f() %}{% endmacro %}", "UNIMPLEMENTED: chat template: line 1: tag {% macro %}"},
      {"\n{{ x | groupby('a') }}", "UNIMPLEMENTED: chat template: line 2: filter 'groupby'"},
      {"{{ strftime_now('%Y') }}", "UNIMPLEMENTED: chat template: line 1: function 'strftime_now'"},
      {"{{ x is callable }}", "UNIMPLEMENTED: chat template: line 1: test 'callable'"},
      {"{{ x.encode() }}", "UNIMPLEMENTED: chat template: line 1: method 'encode'"},
      {"{% if x %}", "INVALID_ARGUMENT: chat template: line 1:11: found 'end of template'"},
      {"{{ 1 + }}", "INVALID_ARGUMENT: chat template: line 1:8: found '}}'"},
      {"{{ 'a", "INVALID_ARGUMENT: chat template: line 1:4: string without"},
      {"{{ raise_exception('roles must alternate') }}",
       "INVALID_ARGUMENT: chat template: line 1: roles must alternate"},
      {"{{ a.b.c }}", "INVALID_ARGUMENT: chat template: line 1: 'b' of an undefined value"},
      {"{{ 'a' | items }}", "INVALID_ARGUMENT: chat template: line 1: items of something that is no mapping"},
      {"{{ 'a' + 1 }}", "INVALID_ARGUMENT: chat template: line 1: '+' between a string and a number"},
      {"{% for i in range(10000000) %}{% endfor %}", "RESOURCE_EXHAUSTED: chat template: line 1: more than"},
  };
  for (const auto& [source, expected] : cases) {
    EXPECT_EQ(Render(source).substr(0, expected.size()), expected) << source;
  }
}

TEST(ChatTemplate, DeepNestingIsAnErrorNotACrash) {
  const std::pair<std::string, std::string> cases[] = {
      {"(", ")"}, {"[", "]"}, {"not ", ""}, {"-", ""}, {"{% if x %}", "{% endif %}"}};
  for (const auto& [open, close] : cases) {
    std::string source;
    for (int i = 0; i < 40000; ++i) source += open;
    source += "x";
    for (int i = 0; i < 40000; ++i) source += close;
    if (open[0] != '{') source = "{{ " + source + " }}";
    const std::string text = Render(source);
    EXPECT_TRUE(text.find("nested deeper") != std::string::npos ||
                text.find("operations") != std::string::npos)
        << open << text.substr(0, 100);
  }
  std::string chain = "{{ x";
  for (int i = 0; i < 100000; ++i) chain += ".y";
  EXPECT_NE(Render(chain + " }}").find("operations"), std::string::npos);
}

TEST(ChatTemplate, SurvivesDamage) {
  const std::string source =
      "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}{{ 'a' ~ m.content|trim }}"
      "{% elif m is defined %}{{ m['content'][1:-1].split('x')[0] }}{% endif %}{% endfor %}{# c #}{%- set x "
      "= {'a': 1} -%}";
  const unsigned seed = 7;
  std::mt19937 random(seed);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = source;
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = "{}%#'\"()[]|.-x1 "[random() % 16];
          break;
        case 1:
          damaged.erase(at, 1 + random() % 5);
          break;
        default:
          damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 12));
          break;
      }
      if (damaged.empty()) damaged = " ";
    }
    Render(damaged, {{"user", "Hi"}, {"assistant", "yes"}});
  }
}

}  // namespace
}  // namespace streamtensor::server
