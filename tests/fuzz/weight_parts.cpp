// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/weight_parts.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "compiler/frontend/weight_source.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {
namespace {

using compiler::WeightPart;

bool ReadsParts(const compiler::WeightSource& weights, const std::string& name) {
  constexpr int64_t kMaxElements = 1 << 20;  // beyond, there is only more of the same
  bool sound = true;
  for (const WeightPart part : {WeightPart::kQ, WeightPart::kD, WeightPart::kM, WeightPart::kValue}) {
    const auto shape = weights.Shape(name, part);
    if (!shape.ok() || shape->elements() > kMaxElements) continue;
    const auto values = weights.Read(name, part);
    if (values.ok()) {
      Require(static_cast<int64_t>(values->size()) == shape->bytes(), "a weight has the size of its shape");
    } else {
      sound = Refused(values.status(), {"tensor"});
    }
  }
  return sound;
}

}  // namespace

bool ReadsWeights(const compiler::DecoderModel& decoder,
                  std::shared_ptr<const compiler::Checkpoint> checkpoint) {
  const auto weights = decoder.MakeWeights(std::move(checkpoint), 8);
  bool sound = true;
  for (const compiler::DecoderWeight& weight : decoder.weights()) {
    for (size_t layer = 0; layer < std::max<size_t>(weight.tensors.size(), 1); ++layer) {
      sound &= ReadsParts(*weights, compiler::WeightName(weight.spec.name, static_cast<int64_t>(layer)));
    }
  }
  return sound;
}

}  // namespace streamtensor::fuzz
