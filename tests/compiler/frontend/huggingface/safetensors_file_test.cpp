// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/safetensors_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/compiler/frontend/huggingface/folder_builder.h"

namespace streamtensor::compiler {
namespace {

// The bytes outlive the file.
struct Parsed {
  explicit Parsed(std::string text)
      : bytes(std::move(text)),
        file(SafetensorsFile::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()})) {}
  std::string bytes;
  absl::StatusOr<std::unique_ptr<const SafetensorsFile>> file;
};

std::string Text(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

TEST(SafetensorsFile, ReadsTensorsByOffset) {
  SafetensorsBuilder builder;
  builder.Add("z", "F32", {2, 3}, 32);
  builder.Add("a.weight", "BF16", {3}, 16);  // 6 bytes: what follows lies at no multiple of 4
  builder.Add("scalar", "F16", {}, 16);
  builder.Add("empty", "F32", {4, 0}, 32);
  builder.Add("packed", "F4", {3, 2}, 4);
  builder.Add("mask", "BOOL", {5}, 8);
  builder.Add("new", "F99_X", {7}, 8);
  builder.header["__metadata__"] = {{"format", "pt"}};
  const Parsed parsed(builder.Build());
  ASSERT_TRUE(parsed.file.ok()) << parsed.file.status();
  const SafetensorsFile& file = **parsed.file;
  std::vector<std::string> names;
  for (const SafetensorsTensor& tensor : file.tensors()) names.push_back(tensor.name);
  EXPECT_EQ(names, (std::vector<std::string>{"z", "a.weight", "scalar", "empty", "packed", "mask", "new"}));
  EXPECT_EQ(file.tensors()[0].type, GgufTensorType::kF32);
  EXPECT_EQ(file.tensors()[0].dims, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(Text(file.tensors()[0].bytes), "abcdefghijklmnopqrstuvwx");
  EXPECT_EQ(file.tensors()[1].type, GgufTensorType::kBF16);
  EXPECT_EQ(Text(file.tensors()[1].bytes), "abcdef");
  EXPECT_EQ(file.tensors()[2].type, GgufTensorType::kF16);
  EXPECT_TRUE(file.tensors()[2].dims.empty());
  EXPECT_EQ(file.tensors()[2].bytes.size(), 2u);
  EXPECT_TRUE(file.tensors()[3].bytes.empty());
  EXPECT_EQ(file.tensors()[4].type, std::nullopt);
  EXPECT_EQ(file.tensors()[4].bytes.size(), 3u);
  EXPECT_EQ(file.tensors()[5].dtype, "BOOL");
  EXPECT_EQ(file.tensors()[6].dtype, "F99_X");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.file_bytes(), parsed.bytes.size());
  EXPECT_TRUE(Parsed(SafetensorsBytes("{}", "")).file.ok());
}

// A header that says `entry` of tensor "t", before 8 bytes of data.
std::string One(const std::string& entry) { return SafetensorsBytes("{\"t\": " + entry + "}", "01234567"); }

TEST(SafetensorsFile, NamesWhatIsDamaged) {
  std::string huge(8, '\0');
  const uint64_t many = uint64_t{1} << 63;
  std::memcpy(huge.data(), &many, 8);
  const std::string sound = R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})";
  const std::pair<std::string, std::string> cases[] = {
      {"", "has 0 bytes"},
      {"1234567", "has 7 bytes"},
      {huge + "{}", "the header is said to have 9223372036854775808 bytes"},
      {SafetensorsBytes("", ""), "does not begin with '{'"},
      {SafetensorsBytes(" {}", ""), "does not begin with '{'"},
      {SafetensorsBytes("{\"a\"", ""), "the header: JSON syntax error"},
      {SafetensorsBytes("{\"t\": " + sound + ", \"t\": " + sound + "}", "01234567"), "key 't' comes twice"},
      {SafetensorsBytes("{}", "x"), "the tensors take 0 bytes of data, the file has 1"},
      {SafetensorsBytes(R"({"__metadata__": 1})", ""), "'__metadata__' is 1"},
      {SafetensorsBytes(R"({"__metadata__": {"a": 1}})", ""), "'__metadata__' key 'a' holds 1"},
      {SafetensorsBytes("{\"\": " + sound + "}", "01234567"), "a name of 0 bytes"},
      {One("1"), "tensor 't' is 1, not an object"},
      {One(R"({"shape": [2], "data_offsets": [0, 8]})"), "tensor 't' has no 'dtype'"},
      {One(R"({"dtype": "F32", "data_offsets": [0, 8]})"), "tensor 't' has no 'shape'"},
      {One(R"({"dtype": "F32", "shape": [2]})"), "tensor 't' has no 'data_offsets'"},
      {One(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8], "x": 1})"), "has keys besides"},
      {One(R"({"dtype": "f32", "shape": [2], "data_offsets": [0, 8]})"), "'dtype' is \"f32\""},
      {One(R"({"dtype": 1, "shape": [2], "data_offsets": [0, 8]})"), "'dtype' is 1"},
      {One(R"({"dtype": "F32", "shape": 2, "data_offsets": [0, 8]})"), "'shape' is 2"},
      {One(R"({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]})"), "the dimension -2"},
      {One(R"({"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]})"), "the dimension 2.0"},
      {One(R"({"dtype": "F32", "shape": [9223372036854775808], "data_offsets": [0, 8]})"),
       "the dimension 9223372036"},
      {One(R"({"dtype": "U8", "shape": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,8], "data_offsets": [0, 8]})"),
       "17 dimensions"},
      {One(R"({"dtype": "F32", "shape": [2], "data_offsets": [0]})"), "'data_offsets' is [1: 0]"},
      {One(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]})"), "'data_offsets' is"},
      {One(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, -8]})"), "'data_offsets' is"},
      {One(R"({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]})"), "takes bytes 8 to 0"},
      {One(R"({"dtype": "F32", "shape": [2], "data_offsets": [1, 9]})"),
       "takes bytes 1 to 9 of the data, which are 8"},
      {One(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})"), "has 96 bits by its shape"},
      {One(R"({"dtype": "F32", "shape": [0], "data_offsets": [0, 8]})"), "has 0 bits by its shape"},
      {One(R"({"dtype": "F4", "shape": [15], "data_offsets": [0, 8]})"), "has 60 bits by its shape"},
      {One(R"({"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 8]})"),
       "more than 2^64 bits"},
      {One(R"({"dtype": "F32", "shape": [1], "data_offsets": [4, 8]})"),
       "bytes 0 to 4 of the data, before tensor 't'"},
      {One(R"({"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})"),
       "take 4 bytes of data, the file has 8"},
      {SafetensorsBytes("{\"s\": " + sound + ", \"t\": " + sound + "}", "01234567"),
       "'s' and 't' overlap at byte 0"},
  };
  for (const auto& [bytes, expected] : cases) {
    const Parsed parsed(bytes);
    const absl::Status status = parsed.file.status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bytes;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << bytes << "\n" << status;
  }
  EXPECT_TRUE(Parsed(One(sound)).file.ok());
}

TEST(SafetensorsFile, OpensFiles) {
  SafetensorsBuilder builder;
  builder.Add("t", "F32", {2}, 32);
  const std::string path = ::testing::TempDir() + "/opens.safetensors";
  std::ofstream(path, std::ios::binary) << builder.Build();
  const auto file = SafetensorsFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(Text((*file)->tensors()[0].bytes), "abcdefgh");
  EXPECT_EQ(SafetensorsFile::Open("/nowhere/x.safetensors").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(SafetensorsFile::Open("/").status().code(), absl::StatusCode::kInvalidArgument);
  std::filesystem::resize_file(path, 20);
  const absl::Status status = SafetensorsFile::Open(path).status();
  EXPECT_NE(std::string(status.message()).find(path), std::string::npos) << status;
}

TEST(SafetensorsFile, EveryCutIsRefused) {
  SafetensorsBuilder builder;
  builder.Add("first", "F32", {3}, 32);
  builder.Add("second", "BF16", {2, 2}, 16);
  const std::string sound = builder.Build();
  ASSERT_TRUE(Parsed(sound).file.ok());
  for (size_t size = 0; size < sound.size(); ++size)
    EXPECT_FALSE(Parsed(sound.substr(0, size)).file.ok()) << size;
}

}  // namespace
}  // namespace streamtensor::compiler
