// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_types.h"

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

// Sizes from the GGUF specification and ggml's block structures.
constexpr GgufTensorLayout kLayouts[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},      {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},   {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},        {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},
};

}  // namespace

std::string GgufValueTypeName(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8:
      return "uint8";
    case GgufValueType::kInt8:
      return "int8";
    case GgufValueType::kUint16:
      return "uint16";
    case GgufValueType::kInt16:
      return "int16";
    case GgufValueType::kUint32:
      return "uint32";
    case GgufValueType::kInt32:
      return "int32";
    case GgufValueType::kFloat32:
      return "float32";
    case GgufValueType::kBool:
      return "bool";
    case GgufValueType::kString:
      return "string";
    case GgufValueType::kArray:
      return "array";
    case GgufValueType::kUint64:
      return "uint64";
    case GgufValueType::kInt64:
      return "int64";
    case GgufValueType::kFloat64:
      return "float64";
  }
  return Message("type ", static_cast<uint32_t>(type));
}

uint64_t GgufScalarBytes(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8:
    case GgufValueType::kInt8:
    case GgufValueType::kBool:
      return 1;
    case GgufValueType::kUint16:
    case GgufValueType::kInt16:
      return 2;
    case GgufValueType::kUint32:
    case GgufValueType::kInt32:
    case GgufValueType::kFloat32:
      return 4;
    case GgufValueType::kUint64:
    case GgufValueType::kInt64:
    case GgufValueType::kFloat64:
      return 8;
    case GgufValueType::kString:
    case GgufValueType::kArray:
      return 0;
  }
  return 0;
}

const GgufTensorLayout* FindGgufTensorLayout(uint32_t type) {
  for (const GgufTensorLayout& layout : kLayouts) {
    if (layout.type == type) return &layout;
  }
  return nullptr;
}

std::optional<GgufTensorType> CompiledTensorType(uint32_t type) {
  switch (static_cast<GgufTensorType>(type)) {
    case GgufTensorType::kF32:
    case GgufTensorType::kF16:
    case GgufTensorType::kQ4_0:
    case GgufTensorType::kQ4_1:
    case GgufTensorType::kQ5_0:
    case GgufTensorType::kQ5_1:
    case GgufTensorType::kQ8_0:
    case GgufTensorType::kQ4_K:
    case GgufTensorType::kQ5_K:
    case GgufTensorType::kQ6_K:
    case GgufTensorType::kBF16:
      return static_cast<GgufTensorType>(type);
  }
  return std::nullopt;
}

std::string GgufTensorTypeName(uint32_t type) {
  const GgufTensorLayout* layout = FindGgufTensorLayout(type);
  return layout != nullptr ? std::string(layout->name) : Message("type ", type);
}

}  // namespace streamtensor::compiler
