// SPDX-License-Identifier: Apache-2.0
// What `streamtensorc run` reads: a script of steps (JSON), or an array (.npy). Both are tried.
#include "compiler/tools/streamtensorc/npy_file.h"
#include "compiler/tools/streamtensorc/step_script.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  const std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }                    \n";
  std::string array = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
  array.append(24, '\x3f');
  return {
      R"({"pages": 8, "steps": [{"tokens": [{"token_id": 1, "slot": 0, "position": 0, "start": 0,)"
      R"( "wants_logits": true}, {"token_id": 2, "slot": 0, "position": 1, "start": 0}], "page_tables": [[0, 5]]},)"
      R"( {"tokens": [{"token_id": 7, "slot": 0, "position": 2, "start": 2}], "page_tables": [[0, 5]]}]})",
      array};
}

bool Accepts(std::string_view input) {
  const auto script = compiler::ParseStepScript(input, "s.json");
  if (!script.ok()) Refused(script.status(), {"s.json: "});
  const auto rows = compiler::ParseNpy(std::string(input), "a.npy");
  if (!rows.ok()) {
    Refused(rows.status(), {"a.npy: "});
  } else {
    size_t bytes = runtime::ElementBytes(rows->element);
    for (const int64_t size : rows->shape) bytes *= static_cast<size_t>(size);
    Require(rows->bytes.size() == bytes, "an array has its elements");
  }
  return script.ok() || rows.ok();
}

}  // namespace streamtensor::fuzz
