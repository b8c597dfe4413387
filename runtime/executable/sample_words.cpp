// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/sample_words.h"

#include <bit>
#include <cstring>

namespace streamtensor::runtime {
namespace {

template <class Element>
Element Load(std::span<const std::byte> elements, std::size_t index) {
  Element element;
  std::memcpy(&element, elements.data() + index * sizeof(Element), sizeof(Element));
  return element;
}

template <class Element>
void Store(Element element, std::span<std::byte> elements, std::size_t index) {
  std::memcpy(elements.data() + index * sizeof(Element), &element, sizeof(Element));
}

template <class Element>
void ToSignedWords(std::span<const std::byte> elements, std::span<uint32_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = static_cast<uint32_t>(int32_t{Load<Element>(elements, i)});
}

template <class Element>
void FromSignedWords(std::span<const uint32_t> words, std::span<std::byte> elements) {
  for (std::size_t i = 0; i < words.size(); ++i) Store(static_cast<Element>(words[i]), elements, i);
}

}  // namespace

std::size_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kBool:
    case ElementType::kInt8:
      return 1;
    case ElementType::kFloat16:
    case ElementType::kBFloat16:
    case ElementType::kInt16:
      return 2;
    case ElementType::kFloat32:
    case ElementType::kInt32:
      return 4;
    case ElementType::kFloat64:
    case ElementType::kInt64:
    case ElementType::kComplex64:
      return 8;
  }
  return 0;
}

std::string ElementName(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return "float32";
    case ElementType::kFloat16:
      return "float16";
    case ElementType::kBFloat16:
      return "bfloat16";
    case ElementType::kFloat64:
      return "float64";
    case ElementType::kBool:
      return "bool";
    case ElementType::kInt8:
      return "int8";
    case ElementType::kInt16:
      return "int16";
    case ElementType::kInt32:
      return "int32";
    case ElementType::kInt64:
      return "int64";
    case ElementType::kComplex64:
      return "complex64";
  }
  return "";
}

std::size_t WordsOf(ElementType type) { return ElementBytes(type) == 8 ? 2 : 1; }

void ToWords(ElementType type, std::span<const std::byte> elements, std::span<uint32_t> words) {
  switch (type) {
    // As they are: words of two are little-endian, as the host is; a real part stands first.
    case ElementType::kFloat32:
    case ElementType::kFloat64:
    case ElementType::kInt32:
    case ElementType::kInt64:
    case ElementType::kComplex64:
      std::memcpy(words.data(), elements.data(), words.size_bytes());
      break;
    case ElementType::kFloat16:
      for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = std::bit_cast<uint32_t>(static_cast<float>(Load<_Float16>(elements, i)));
      break;
    case ElementType::kBFloat16:
      for (std::size_t i = 0; i < words.size(); ++i) words[i] = uint32_t{Load<uint16_t>(elements, i)} << 16;
      break;
    case ElementType::kBool:
      for (std::size_t i = 0; i < words.size(); ++i) words[i] = Load<uint8_t>(elements, i) != 0 ? 1 : 0;
      break;
    case ElementType::kInt8:
      ToSignedWords<int8_t>(elements, words);
      break;
    case ElementType::kInt16:
      ToSignedWords<int16_t>(elements, words);
      break;
  }
}

void FromWords(ElementType type, std::span<const uint32_t> words, std::span<std::byte> elements) {
  switch (type) {
    case ElementType::kFloat32:
    case ElementType::kFloat64:
    case ElementType::kInt32:
    case ElementType::kInt64:
    case ElementType::kComplex64:
      std::memcpy(elements.data(), words.data(), words.size_bytes());
      break;
    case ElementType::kFloat16:
      for (std::size_t i = 0; i < words.size(); ++i)
        Store(static_cast<_Float16>(std::bit_cast<float>(words[i])), elements, i);
      break;
    case ElementType::kBFloat16:
      for (std::size_t i = 0; i < words.size(); ++i)
        Store(static_cast<uint16_t>(words[i] >> 16), elements, i);
      break;
    case ElementType::kBool:
      for (std::size_t i = 0; i < words.size(); ++i) Store(static_cast<uint8_t>(words[i] != 0), elements, i);
      break;
    case ElementType::kInt8:
      FromSignedWords<int8_t>(words, elements);
      break;
    case ElementType::kInt16:
      FromSignedWords<int16_t>(words, elements);
      break;
  }
}

}  // namespace streamtensor::runtime
