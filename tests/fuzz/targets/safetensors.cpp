// SPDX-License-Identifier: Apache-2.0
// A .safetensors file: parsed by itself, then as the weights of a model whose every weight is converted.
#include <fstream>
#include <memory>

#include "compiler/frontend/huggingface/safetensors_file.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/read_folder.h"

namespace streamtensor::fuzz {

using compiler::SafetensorsFile;

std::vector<std::string> Seeds() {
  Require(ReadsFolder(compiler::TinyFolder()), "the model is sound");
  compiler::SafetensorsBuilder odd;
  odd.Add("a", "F8_E4M3", {3}, 8);
  odd.Add("scalar", "I64", {}, 64);
  odd.Add("empty", "F32", {2, 0}, 32);
  odd.Add("new", "F99", {5}, 8);
  odd.header["__metadata__"] = {{"format", "pt"}};
  return {compiler::TinyWeights("F32", 32), compiler::TinyWeights("BF16", 16), odd.Build()};
}

bool Accepts(std::string_view input) {
  const auto file = SafetensorsFile::Parse({reinterpret_cast<const uint8_t*>(input.data()), input.size()});
  if (!file.ok()) return Refused(file.status(), {"safetensors"});
  const auto* end = reinterpret_cast<const uint8_t*>(input.data() + input.size());
  const uint8_t* next = nullptr;
  for (const compiler::SafetensorsTensor& tensor : (*file)->tensors()) {
    Require(next == nullptr || tensor.bytes.data() == next, "tensors follow each other");
    next = tensor.bytes.data() + tensor.bytes.size();
    Require(next <= end, "tensors lie within the file");
    int64_t elements = 1;
    for (int64_t dim : tensor.dims) elements *= dim;
    if (tensor.type.has_value()) {
      const int64_t bytes = tensor.type == compiler::GgufTensorType::kF32 ? 4 : 2;
      Require(static_cast<int64_t>(tensor.bytes.size()) == elements * bytes,
              "a tensor has the size of its shape");
    }
  }
  Require(next == nullptr || next == end, "tensors fill the file");
  compiler::FolderBuilder folder = compiler::TinyFolder();
  folder.files["model.safetensors"] = std::string(input);
  // A sound file need not be the weights of this model.
  ReadsFolder(folder);
  return true;
}

}  // namespace streamtensor::fuzz
