// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/chat_template.h"

#include <gtest/gtest.h>

#include <ctime>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

std::string Render(std::string_view source, const std::vector<ChatMessage>& turns = {{"user", "Hi"}}) {
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

// The shapes of templates that models come with: turns named by the template, tags, instructions.
TEST(ChatTemplate, RendersTheShapesOfModels) {
  const std::vector<ChatMessage> turns = {
      {"system", " Be brief."}, {"user", " Hi \n"}, {"assistant", "Yes?"}, {"user", "2+2"}};
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"jinja({{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
  {%- set prefix = (messages[0]['content'] if messages[0]['content'] is string else messages[0]['content'][0]['text']) + '\n\n' -%}
  {%- set rest = messages[1:] -%}
{%- else -%}
  {%- set prefix = '' -%}
  {%- set rest = messages -%}
{%- endif -%}
{%- for message in rest -%}
  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
    {{ raise_exception('roles must alternate') }}
  {%- endif -%}
  {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
  {{ '<start_of_turn>' + role + '\n' + (prefix if loop.first else '') }}
  {%- if message['content'] is string -%}
    {{ message['content'] | trim }}
  {%- elif message['content'] is iterable -%}
    {%- for item in message['content'] -%}{{ item['text'] | trim }}{%- endfor -%}
  {%- endif -%}
  {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}
)jinja",
       "<s><start_of_turn>user\n Be "
       "brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nYes?<end_of_turn>\n<start_of_turn>user\n2+2<end_of_"
       "turn>\n<start_of_turn>model\n"},
      {R"jinja({% for message in messages %}{% if message['role'] in ['system', 'user', 'assistant'] %}{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %})jinja",
       "<|system|>\n Be brief.<|end|>\n<|user|>\n Hi "
       "\n<|end|>\n<|assistant|>\nYes?<|end|>\n<|user|>\n2+2<|end|>\n<|assistant|>\n"},
      {R"jinja({% if messages[0]['role'] == 'system' %}{% set system = '<<SYS>>\n' ~ messages[0]['content'].strip() ~ '\n<</SYS>>\n\n' %}{% set messages = messages[1:] %}{% endif %}{% for message in messages %}{% set content = system ~ message['content'] if loop.index0 == 0 and system is defined else message['content'] %}{% if message['role'] == 'user' %}{{ bos_token ~ '[INST] ' ~ content.strip() ~ ' [/INST]' }}{% else %}{{ ' ' ~ content.strip() ~ ' ' ~ eos_token }}{% endif %}{% endfor %})jinja",
       "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n Hi [/INST] Yes? </s><s>[INST] 2+2 [/INST]"},
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(Render(source, turns), expected) << source;
  EXPECT_EQ(Render(cases[0].first, {{"assistant", "Yes?"}}).substr(0, 46),
            "INVALID_ARGUMENT: chat template: line 11: role");
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
      {"{{ 'a' | items }}",
       "INVALID_ARGUMENT: chat template: line 1: items of something that is not a mapping"},
      {"{{ 'a' + 1 }}", "INVALID_ARGUMENT: chat template: line 1: '+' between a string and a number"},
      {"{% for i in range(10000000) %}{% endfor %}", "RESOURCE_EXHAUSTED: chat template: line 1: a value"},
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

// Work that grows with the text is counted by its bytes, and ends when the request is no longer wanted: each
// of these took seconds when operations alone were counted.
TEST(ChatTemplate, WorkIsCountedInBytes) {
  const std::string_view looped[] = {
      "{{ c[i] }}",                             // takes the text apart into characters
      "{{ c[-1] }}",                            // as above
      "{{ c[1:] | length }}",                   // copies
      "{{ c | length }}",                       // reads
      "{{ c | upper | length }}",               // reads and makes
      "{{ c | trim('0123456789') | length }}",  // reads both ends
      "{{ c.strip(c[:1000]) }}",                // compares with a set
      "{{ c | replace('a', 'bb') | length }}",  // doubles
      "{{ c.split('a') | length }}",            // makes a list
      "{{ c.split() | join(' ') | length }}",   // takes apart and puts together
      "{{ (c ~ c) | length }}",                 // multiplies
      "{{ 'b' in c }}",                         // searches
      "{{ c == messages[1].content }}",         // compares
      "{{ c < messages[1].content }}",          // orders
      "{{ [c, c] | tojson | length }}",         // spells
      "{% for x in c %}{% endfor %}",           // loops over characters
      "{{ messages | length }}",                // costs nothing: ends by the number of loops
      "{{ messages | tojson | length }}",
      "{% for m in messages %}{{ loop.index }}{% endfor %}",
      "{{ dict(a=c, b=c, d=c).values() | list | length }}",
      "{{ {'a': c}.items() | list | length }}",
  };
  const std::vector<ChatMessage> turns = {{"user", std::string(3 << 20, 'a')},
                                          {"user", std::string(3 << 20, 'a')}};
  for (const std::string_view body : looped) {
    const auto chat = ChatTemplate::Create(
        absl::StrCat("{% set c = messages[0].content %}{% for i in range(300000) %}{% for j in range(9) %}",
                     std::string(body), "{% endfor %}{% endfor %}"));
    ASSERT_TRUE(chat.ok()) << chat.status();
    const std::clock_t begin = std::clock();
    const auto text = (*chat)->Render(turns, true, "", "");
    EXPECT_EQ(text.status().code(), absl::StatusCode::kResourceExhausted) << body;
    std::cout << body << ": " << static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC << " s of CPU\n";
    // It ends soon after it is no longer wanted.
    int polls = 0;
    const absl::Status gone = absl::CancelledError("the client is gone");
    const auto cancelled =
        (*chat)->Render(turns, true, "", "", [&] { return ++polls < 3 ? absl::OkStatus() : gone; });
    EXPECT_EQ(cancelled.status(), gone) << body;
    EXPECT_EQ(polls, 3) << body;
  }
}

// A search may look at each byte many times: "baaa" within "aaaaaaaa". Sixteen took a second when each byte
// counted once.
TEST(ChatTemplate, ASearchCostsWhatItTakesAtWorst) {
  const std::vector<ChatMessage> turns = {{"user", std::string(3 << 20, 'a')}};
  for (const std::string_view body : {"w in c", "c.split(w)", "c | replace(w, '')"}) {
    const std::string source = absl::StrCat(
        "{% set c = messages[0].content %}{% set w = 'b' + c[:255] %}{% for i in range(16) %}{% if ",
        std::string(body), " == 1 %}{% endif %}{% endfor %}");
    EXPECT_NE(Render(source, turns).find("RESOURCE_EXHAUSTED"), std::string::npos) << body;
  }
}

// A usual conversation of the largest size costs a part of the budget.
TEST(ChatTemplate, ALongConversationIsRendered) {
  constexpr std::string_view kSource =
      "{% for m in messages %}{% if loop.first and m.role != 'system' %}{{ '<|im_start|>system\nYou help.'"
      " + '<|im_end|>\n' }}{% endif %}{% if m.content is string %}{% set content = m.content | trim %}"
      "{% if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif "
      "%}"
      "{{ '<|im_start|>' + m.role + '\n' + content + '<|im_end|>' + '\n' }}{% endif %}{% endfor %}";
  std::vector<ChatMessage> one = {{"user", std::string(4 << 20, 'a')}};
  EXPECT_GT(Render(kSource, one).size(), one[0].content.size());
  std::vector<ChatMessage> many(4000, {"user", std::string(1000, 'a')});
  EXPECT_GT(Render(kSource, many).size(), many.size() * 1000);
  const std::vector<ChatMessage> too_many(100000, {"user", ""});
  EXPECT_EQ(Render(kSource, too_many).substr(0, 30), "RESOURCE_EXHAUSTED: chat templ");
}

// A template can double a value, or nest it, with every step.
TEST(ChatTemplate, HungryTemplatesAreErrorsNotTheEndOfMemory) {
  const std::pair<std::string, std::string> cases[] = {
      {"{% set n = namespace(v='ab') %}{% for i in range(60) %}{% set n.v = n.v ~ n.v %}{% endfor %}",
       "a value of"},
      {"{% set n = namespace(v='ab') %}{% for i in range(60) %}{% set n.v = n.v + n.v %}{% endfor %}",
       "a value of"},
      {"{% set n = namespace(v=[1]) %}{% for i in range(60) %}{% set n.v = n.v + n.v %}{% endfor %}",
       "a value of"},
      {"{% set n = namespace(v=[1]) %}{% for i in range(60) %}{% set n.v = [n.v, n.v] %}{% endfor %}",
       "a value of"},
      {"{% set n = namespace(v=1) %}{% for i in range(200) %}{% set n.v = n %}{% endfor %}", "nested deeper"},
      {"{% set n = namespace(v=1) %}{% for i in range(5000) %}{% set n.v = [n.v] %}{% endfor %}",
       "nested deeper"},
      {"{% set n = namespace(v='ab') %}{% for i in range(22) %}{% set n.v = n.v ~ n.v %}{% endfor %}"
       "{% for i in range(1000) %}{% set x = n.v %}{% endfor %}",
       "of work"},
      {"{% set n = namespace(v='ab') %}{% for i in range(20) %}{% set n.v = n.v ~ n.v %}{% endfor %}"
       "{{ [1,2,3,4,5,6,7,8,9,10] | join(n.v) }}",
       "join()"},
      {"{% set n = namespace(v='a ') %}{% for i in range(20) %}{% set n.v = n.v ~ n.v %}{% endfor %}"
       "{{ n.v | length }}{{ n.v.split() }}",
       "a value of"},
  };
  for (const auto& [source, expected] : cases) {
    const std::string text = Render(source);
    EXPECT_TRUE(text.find(expected) != std::string::npos) << source << "\n" << text.substr(0, 200);
  }
  // Texts that a naive search would take hours for.
  EXPECT_EQ(
      Render("{% set n = namespace(v='aa') %}{% for i in range(20) %}{% set n.v = n.v ~ n.v %}{% endfor %}"
             "{{ (n.v ~ 'b') in n.v }}{{ n.v.split(n.v ~ 'b') | length }}{{ n.v | replace(n.v ~ 'b', '') | "
             "length }}"),
      "False12097152");
}

TEST(ChatTemplate, IntegersDoNotOverflow) {
  EXPECT_EQ(Render("{{ 9223372036854775806 % 9223372036854775807 }}"), "9223372036854775806");
  EXPECT_EQ(Render("{{ (-9223372036854775807 - 1) // 3 }} {{ (-9223372036854775807 - 1) % 3 }}"),
            "-3074457345618258603 1");
  EXPECT_EQ(Render("{{ 7 // -2 }} {{ 7 % -2 }} {{ -7 % -2 }}"), "-4 -1 -1");
}

TEST(ChatTemplate, ARefusalsTextIsShortAndPrintable) {
  const std::string text = Render("{{ raise_exception('\x1b[2J\u009b2J \u00a7' ~ messages[0].content) }}",
                                  {{"user", std::string(100000, 'x')}});
  EXPECT_LT(text.size(), 1200u);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\u009b"), std::string::npos);
  EXPECT_NE(text.find("[2J 2J \u00a7xxx"), std::string::npos) << text;
}

}  // namespace
}  // namespace streamtensor::server
