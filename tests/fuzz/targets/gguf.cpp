// SPDX-License-Identifier: Apache-2.0
// A GGUF file: parsed, shown, read as a model, its tokenizer exported, every weight converted.
#include <memory>
#include <string>

#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/gguf/gguf_checkpoint.h"
#include "compiler/frontend/gguf/gguf_file.h"
#include "compiler/frontend/gguf/gguf_tokenizer.h"
#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/weight_parts.h"

namespace streamtensor::fuzz {

using compiler::GgufFile;

namespace {

// Every type of tensor that a model may have, and Qwen2's biases.
std::string MixedFile() {
  using Type = compiler::GgufTensorType;
  compiler::GgufBuilder file = compiler::TinyLlamaFile({.layers = 1,
                                                        .hidden = 256,
                                                        .inner = 32,
                                                        .heads = 2,
                                                        .kv_heads = 1,
                                                        .head_dim = 16,
                                                        .architecture = "qwen2",
                                                        .biases = true});
  const Type wide[] = {Type::kQ4_K, Type::kQ5_K, Type::kQ6_K};
  const Type narrow[] = {Type::kF16, Type::kBF16, Type::kQ4_0, Type::kQ5_0, Type::kQ5_1};
  std::size_t next = 0;
  for (compiler::GgufBuilder::Tensor& tensor : file.tensors) {
    if (tensor.dims.size() != 2) continue;
    compiler::GgufBuilder one;
    one.AddTensor(tensor.name,
                  tensor.dims[0] % 256 == 0 && next % 2 == 0 ? wide[next / 2 % 3] : narrow[next % 5],
                  tensor.dims);
    tensor = one.tensors.front();
    ++next;
  }
  return file.Build();
}

}  // namespace

std::vector<std::string> Seeds() {
  compiler::TinyLlama small = {
      .layers = 1, .hidden = 32, .inner = 32, .heads = 2, .kv_heads = 1, .head_dim = 16};
  compiler::TinyLlama other = small;
  other.tied = false;
  other.matrices = compiler::GgufTensorType::kQ8_0;
  compiler::GgufBuilder odd = compiler::TinyLlamaFile(small);
  odd.Scalar<int64_t>("a.int64", compiler::GgufValueType::kInt64, -1);
  odd.Scalar<double>("a.float64", compiler::GgufValueType::kFloat64, 0.5);
  odd.Scalar<uint64_t>("general.alignment", compiler::GgufValueType::kUint64, 32);
  std::string nested;  // [["x"], []]
  compiler::Put(&nested, compiler::GgufValueType::kArray);
  compiler::Put<uint64_t>(&nested, 2);
  for (const int count : {1, 0}) {
    compiler::Put(&nested, compiler::GgufValueType::kString);
    compiler::Put<uint64_t>(&nested, count);
    if (count > 0) compiler::PutText(&nested, "x");
  }
  odd.Raw("a.nested", compiler::GgufValueType::kArray, nested);
  return {compiler::TinyLlamaFile(small).Build(), compiler::TinyLlamaFile(other).Build(), odd.Build(),
          MixedFile()};
}

bool Accepts(std::string_view input) {
  const auto file = GgufFile::Parse({reinterpret_cast<const uint8_t*>(input.data()), input.size()});
  if (!file.ok()) return Refused(file.status());
  for (const auto& [key, value] : (*file)->metadata())
    Require(!GgufValueText(value).empty(), "a value has a text");
  uint64_t sum = 0;
  for (const compiler::GgufTensor& tensor : (*file)->tensors()) {
    const auto bytes = (*file)->TensorBytes(tensor);
    Require(bytes.size() == tensor.bytes &&
                bytes.data() + bytes.size() <= reinterpret_cast<const uint8_t*>(input.data() + input.size()),
            "tensors lie within the file");
    if (!bytes.empty()) sum += bytes.front() + bytes.back();
  }
  const auto tokenizer = compiler::ReadGgufTokenizer(**file);
  if (tokenizer.ok()) {
    artifact::v1::Tokenizer again;
    Require(again.ParseFromString(tokenizer->SerializeAsString()), "an exported tokenizer can be read");
  } else {
    Refused(tokenizer.status());
  }
  const auto checkpoint = std::make_shared<const compiler::GgufCheckpoint>(*file, "fuzzed");
  const auto decoder = compiler::ReadDecoder(*checkpoint);
  if (!decoder.ok()) return Refused(decoder.status());
  return ReadsWeights(**decoder, checkpoint) && tokenizer.ok() && sum != ~0ull;
}

}  // namespace streamtensor::fuzz
