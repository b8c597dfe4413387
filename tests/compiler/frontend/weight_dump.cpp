// SPDX-License-Identifier: Apache-2.0
// Writes a weight as the card gets it, dequantised to float32: frontend_weight_dump MODEL WEIGHT > FILE
#include <immintrin.h>

#include <cstdio>
#include <cstring>
#include <iostream>

#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/checkpoint.h"

using streamtensor::compiler::WeightElement;
using streamtensor::compiler::WeightPart;

namespace {

float HalfAt(const std::vector<uint8_t>& bytes, size_t index) {
  uint16_t half;
  std::memcpy(&half, bytes.data() + 2 * index, 2);
  return _cvtsh_ss(half);
}

// value = d * q + m, in float32.
std::vector<float> Dequantised(const streamtensor::compiler::WeightSource& weights, const std::string& name) {
  if (auto value = weights.Read(name, WeightPart::kValue); value.ok()) {
    std::vector<float> values(value->size() / sizeof(float));
    std::memcpy(values.data(), value->data(), value->size());
    return values;
  }
  const auto q = weights.Read(name, WeightPart::kQ).value();
  const auto d = weights.Read(name, WeightPart::kD).value();
  const auto m = weights.Read(name, WeightPart::kM);
  const bool is_unsigned = weights.Shape(name, WeightPart::kQ)->element == WeightElement::kU4;
  std::vector<float> values(q.size());
  for (size_t i = 0; i < q.size(); ++i) {
    const int integer = is_unsigned ? q[i] : static_cast<int8_t>(q[i]);
    const float product = HalfAt(d, i / 32) * static_cast<float>(integer);
    values[i] = m.ok() ? product + HalfAt(*m, i / 32) : product;
  }
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: frontend_weight_dump MODEL WEIGHT\n";
    return 2;
  }
  namespace compiler = streamtensor::compiler;
  const auto checkpoint = compiler::OpenCheckpoint(argv[1]);
  if (!checkpoint.ok()) {
    std::cerr << checkpoint.status() << "\n";
    return 1;
  }
  const auto decoder = compiler::ReadDecoder(**checkpoint);
  if (!decoder.ok()) {
    std::cerr << decoder.status() << "\n";
    return 1;
  }
  const std::vector<float> values = Dequantised(*(*decoder)->MakeWeights(*checkpoint, 64), argv[2]);
  std::fwrite(values.data(), sizeof(float), values.size(), stdout);
  return 0;
}
