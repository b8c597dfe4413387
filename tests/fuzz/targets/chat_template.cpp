// SPDX-License-Identifier: Apache-2.0
// A chat template, which is a program of the model's author, on conversations of a client.
#include "server/tokenizer/chat_template.h"

#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  return {
      "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}{{ "
      "'<|im_start|>system\nHi<|im_end|>\n' "
      "}}{% endif %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% "
      "if "
      "add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
      "{%- set ns = namespace(n=0, a=[]) -%}\n{%- for i in range(3, 9, 2) if i != 5 -%}{% set ns.n = ns.n + "
      "i // 2 "
      "% 3 * -1 %}{% set ns.a = ns.a + [i, 'x' ~ i] %}{%- else -%}none{%- endfor -%}{{ ns.n }}{{ ns.a | "
      "join('-') | "
      "upper | replace('X', 'y') | trim }}{{ ns.a | tojson }}",
      "{% for k, v in {'x': 1.5, 'y': [1, 'b', none]}.items() %}{{ k }}{{ v | string if v is not iterable "
      "else v[-1] "
      "}}{% if k in 'xyz' and not loop.last %},{% elif true %};{% else %}?{% endif %}{% endfor %}{{ "
      "'abc'[1:] ~ "
      "'xyz'[::-1] }}",
      "{# note #}{% set a %}in{{ messages | length }}{% endset %}{{ a.strip('in').split(',') | list | first "
      "}}{{ "
      "' a b '.split() | last }}{{ 'ab'.title() }}{{ messages[0].content[:3] | default('d', true) }}{{ 7 % 3 "
      "== 1.0 }}{{ "
      "missing is defined }}{% for i in [1,2] %}{% continue %}{% break %}{% endfor %}{% generation %}g{% "
      "endgeneration %}{{ messages[-1]['content'].startswith('H') or raise_exception('no ' ~ bos_token) }}",
  };
}

bool Accepts(std::string_view input) {
  const auto chat = server::ChatTemplate::Create(input);
  if (!chat.ok()) return Refused(chat.status(), {"chat template: "});
  const server::ChatMessage turns[] = {{"system", "Be brief."},
                                       {"user", "H\xc3\xa9llo, \xf0\x9f\x98\x80 world\n"},
                                       {"assistant", ""},
                                       {"user", "Hi"}};
  bool taken = false;
  for (const std::size_t count : {std::size_t{4}, std::size_t{1}, std::size_t{0}}) {
    const auto text = (*chat)->Render(std::span(turns).first(count), count % 2 == 0, "<s>", "</s>");
    if (text.ok()) {
      Require(text->size() <= (16u << 20), "a rendered text is bounded");
      taken = true;
    } else {
      Refused(text.status(), {"chat template: line "});
    }
  }
  return taken;
}

}  // namespace streamtensor::fuzz
