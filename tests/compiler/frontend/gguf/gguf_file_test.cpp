// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/gguf/gguf_checkpoint.h"
#include "compiler/frontend/gguf/gguf_tokenizer.h"
#include "compiler/frontend/inspect.h"
#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {
namespace {

// The bytes must outlive the file, so both are kept.
struct Parsed {
  explicit Parsed(std::string text)
      : bytes(std::move(text)),
        file(GgufFile::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()})) {}
  std::string bytes;
  absl::StatusOr<std::shared_ptr<const GgufFile>> file;
};

void ExpectError(const std::string& bytes, absl::StatusCode code, const std::string& part) {
  const Parsed parsed(bytes);
  ASSERT_FALSE(parsed.file.ok()) << "expected an error with: " << part;
  EXPECT_EQ(parsed.file.status().code(), code);
  EXPECT_NE(std::string(parsed.file.status().message()).find(part), std::string::npos)
      << "message: " << parsed.file.status().message() << "\nexpected part: " << part;
}

void ExpectDamaged(const GgufBuilder& builder, const std::string& part) {
  ExpectError(builder.Build(), absl::StatusCode::kInvalidArgument, part);
}

TEST(GgufFile, ReadsEveryTypeOfMetadata) {
  GgufBuilder builder;
  builder.Scalar<uint8_t>("a", GgufValueType::kUint8, 200);
  builder.Scalar<int8_t>("b", GgufValueType::kInt8, -100);
  builder.Scalar<uint16_t>("c", GgufValueType::kUint16, 60000);
  builder.Scalar<int16_t>("d", GgufValueType::kInt16, -30000);
  builder.Scalar<uint32_t>("e", GgufValueType::kUint32, 4000000000u);
  builder.Scalar<int32_t>("f", GgufValueType::kInt32, -2000000000);
  builder.Scalar<float>("g", GgufValueType::kFloat32, 1.5f);
  builder.Bool("h", true);
  builder.Text("i", "text");
  builder.Scalar<uint64_t>("j", GgufValueType::kUint64, 1ull << 63);
  builder.Scalar<int64_t>("k", GgufValueType::kInt64, -(1ll << 62));
  builder.Scalar<double>("l", GgufValueType::kFloat64, 2.25);
  builder.Texts("m", {"x", "", "yz"});
  builder.Ints("n", {1, -2, 3});
  std::string nested;  // [[7], [8, 9]] of uint8
  Put(&nested, GgufValueType::kArray);
  Put<uint64_t>(&nested, 2);
  for (const std::string& inner : {std::string("\7"), std::string("\10\11")}) {
    Put(&nested, GgufValueType::kUint8);
    Put<uint64_t>(&nested, inner.size());
    nested += inner;
  }
  builder.Raw("o", GgufValueType::kArray, nested);
  const Parsed parsed(builder.Build());
  ASSERT_TRUE(parsed.file.ok()) << parsed.file.status();
  const GgufFile& file = **parsed.file;
  std::string all;
  for (const auto& [key, value] : file.metadata()) {
    all += std::string(key) + "=" + GgufValueText(value) + ";";
  }
  EXPECT_EQ(all,
            "a=200;b=-100;c=60000;d=-30000;e=4000000000;f=-2000000000;g=1.5;h=true;i=\"text\";"
            "j=9223372036854775808;k=-4611686018427387904;l=2.25;m=[3: \"x\", \"\", \"yz\"];"
            "n=[3: 1, -2, 3];o=[2: [1: 7], [2: 8, 9]];");
  EXPECT_EQ(*file.GetUint("a"), 200u);
  EXPECT_EQ(*file.GetFloat("l"), 2.25);
  EXPECT_TRUE(*file.GetBool("h"));
  EXPECT_EQ(*file.GetString("i"), "text");
  EXPECT_EQ(file.GetStrings("m")->size(), 3u);
  EXPECT_EQ(*file.GetInts("n"), (std::vector<int64_t>{1, -2, 3}));
  EXPECT_EQ(file.GetUint("z").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(file.GetUint("b").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(file.GetUint("h").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(file.GetString("a").status().message(), "metadata key 'a' holds 200 (uint8), expected a string");
  EXPECT_EQ(file.GetInts("m").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GgufFile, ReadsTensors) {
  for (const uint32_t version : {2u, 3u}) {
    for (const uint64_t alignment : {8u, 32u, 4096u}) {
      GgufBuilder builder = TinyLlamaFile();
      builder.version = version;
      builder.alignment = alignment;
      builder.Uint("general.alignment", static_cast<uint32_t>(alignment));
      const Parsed parsed(builder.Build());
      ASSERT_TRUE(parsed.file.ok()) << parsed.file.status();
      const GgufFile& file = **parsed.file;
      EXPECT_EQ(file.version(), version);
      EXPECT_EQ(file.alignment(), alignment);
      ASSERT_EQ(file.tensors().size(), builder.tensors.size());
      for (const GgufBuilder::Tensor& wanted : builder.tensors) {
        const GgufTensor* tensor = file.FindTensor(wanted.name);
        ASSERT_NE(tensor, nullptr) << wanted.name;
        const std::span<const uint8_t> bytes = file.TensorBytes(*tensor);
        EXPECT_EQ(std::string(bytes.begin(), bytes.end()), wanted.bytes) << wanted.name;
      }
    }
  }
}

TEST(GgufFile, RefusesOtherFiles) {
  ExpectError("", absl::StatusCode::kInvalidArgument, "not a GGUF file");
  ExpectError("PK\3\4 something", absl::StatusCode::kInvalidArgument, "not a GGUF file");
  GgufBuilder builder;
  builder.version = 1;
  ExpectError(builder.Build(), absl::StatusCode::kUnimplemented, "GGUF version 1");
  builder.version = 0x03000000;
  ExpectError(builder.Build(), absl::StatusCode::kUnimplemented, "big-endian");
  EXPECT_EQ(GgufFile::Open("/nowhere/model.gguf").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GgufFile::Open("/").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GgufFile::Open("/dev/null").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GgufFile, NamesWhatIsDamaged) {
  const GgufBuilder sound = TinyLlamaFile();
  {
    GgufBuilder builder = sound;
    builder.Append("general.name", GgufValueType::kUint8, "\1");
    ExpectDamaged(builder, "key 'general.name' is duplicated");
  }
  {
    GgufBuilder builder = sound;
    builder.Raw("general.name", static_cast<GgufValueType>(13), "");
    ExpectDamaged(builder, "the value of key 'general.name' has type 13");
  }
  {
    GgufBuilder builder = sound;
    builder.Raw("flag", GgufValueType::kBool, "\7");
    ExpectDamaged(builder, "the value of key 'flag' is a bool of 7");
  }
  {
    GgufBuilder builder = sound;
    std::string length;
    Put<uint64_t>(&length, ~0ull);
    builder.Raw("general.name", GgufValueType::kString, length);
    ExpectDamaged(builder, "the value of key 'general.name' is said to have 18446744073709551615 bytes");
  }
  {
    GgufBuilder builder = sound;
    std::string array;
    Put(&array, GgufValueType::kUint64);
    Put<uint64_t>(&array, 1ull << 61);  // times 8 is 0 in 64 bits
    builder.Raw("list", GgufValueType::kArray, array);
    ExpectDamaged(builder, "the array of key 'list' is said to have 2305843009213693952 elements");
  }
  {
    GgufBuilder builder = sound;
    std::string array;
    for (int depth = 0; depth < 6; ++depth) {
      Put(&array, GgufValueType::kArray);
      Put<uint64_t>(&array, 1);
    }
    builder.Raw("deep", GgufValueType::kArray, array);
    ExpectDamaged(builder, "nested more than 4 deep");
  }
  for (const uint32_t alignment : {0u, 4u, 48u, 1u << 30}) {
    GgufBuilder builder = sound;
    builder.Uint("general.alignment", alignment);
    ExpectDamaged(builder, "general.alignment is " + std::to_string(alignment));
  }
  {
    GgufBuilder builder = sound;
    builder.Uint("general.alignment", 4096);  // the data are aligned to 32
    ExpectDamaged(builder, "not a multiple of the alignment 4096");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors.push_back(builder.tensors[0]);
    ExpectDamaged(builder, "tensor 'token_embd.weight' is duplicated");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].dims = {1ull << 40, 1ull << 40};
    ExpectDamaged(builder, "tensor 'token_embd.weight' has more than 2^64 elements");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].type = 0;
    builder.tensors[0].dims = {1ull << 62};
    ExpectDamaged(builder, "tensor 'token_embd.weight' has more than 2^64 bytes");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].dims = {33, 16};
    ExpectDamaged(builder,
                  "rows of tensor 'token_embd.weight' have 33 elements; Q8_0 wants a multiple of 32");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].dims = {64, 0};
    ExpectDamaged(builder, "dimension 1 of tensor 'token_embd.weight' is 0");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].dims = {64, 16, 1, 1, 1};
    ExpectDamaged(builder, "tensor 'token_embd.weight' has 5 dimensions");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].dims = {64, 17};  // runs into the next tensor
    ExpectDamaged(builder, "overlap");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].name = std::string(65, 'x');
    ExpectDamaged(builder, "at most 64 are allowed");
  }
  {
    GgufBuilder builder = sound;
    builder.tensors[0].type = 77;
    ExpectError(builder.Build(), absl::StatusCode::kUnimplemented, "tensor 'token_embd.weight' at byte");
  }
  std::string cut = sound.Build();
  cut.resize(cut.size() - 1);
  ExpectError(cut, absl::StatusCode::kInvalidArgument, "the file is cut short");
}

// All that reads the bytes of a file. Must end, and end with a message where the file is refused.
void ReadEverything(const std::string& bytes) {
  const Parsed parsed(bytes);
  if (!parsed.file.ok()) {
    EXPECT_FALSE(parsed.file.status().message().empty());
    return;
  }
  for (const auto& [key, value] : (*parsed.file)->metadata()) GgufValueText(value);
  if (absl::StatusOr<artifact::v1::Tokenizer> tokenizer = ReadGgufTokenizer(**parsed.file); !tokenizer.ok()) {
    EXPECT_FALSE(tokenizer.status().message().empty());
  }
  const auto checkpoint = std::make_shared<const GgufCheckpoint>(*parsed.file, "damaged");
  const auto decoder = ReadDecoder(*checkpoint);
  if (!decoder.ok()) {
    EXPECT_FALSE(decoder.status().message().empty());
    return;
  }
  const std::shared_ptr<const WeightSource> weights = (*decoder)->MakeWeights(checkpoint, 32);
  for (const DecoderWeight& weight : (*decoder)->weights()) {
    for (size_t layer = 0; layer < std::max<size_t>(weight.tensors.size(), 1); ++layer) {
      const std::string name = WeightName(weight.spec.name, static_cast<int64_t>(layer));
      for (WeightPart part : {WeightPart::kQ, WeightPart::kD, WeightPart::kM, WeightPart::kValue}) {
        absl::StatusOr<std::vector<uint8_t>> values = weights->Read(name, part);
        if (!values.ok()) continue;
        EXPECT_EQ(static_cast<int64_t>(values->size()), weights->Shape(name, part)->bytes());
      }
    }
  }
}

TEST(GgufFile, SurvivesDamage) {
  const char* from_environment = std::getenv("STREAMTENSOR_TEST_SEED");
  const uint64_t seed = from_environment != nullptr ? std::strtoull(from_environment, nullptr, 10) : 20251;
  SCOPED_TRACE("STREAMTENSOR_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string sound = TinyLlamaFile().Build();
  const size_t head = sound.find("output_norm.weight") + 64;  // metadata and tensor table
  for (int i = 0; i < 6000; ++i) {
    std::string bytes = sound;
    const auto pick = [&](size_t count) { return static_cast<size_t>(random() % count); };
    switch (i % 5) {
      case 0:  // flip a bit of the tables
        bytes[pick(head)] ^= static_cast<char>(1 << pick(8));
        break;
      case 1:  // an extreme 64-bit number
        if (const size_t at = pick(head - 8); true) {
          const uint64_t extremes[] = {0, 1, ~0ull, 1ull << 63, 1ull << 32, 0x7fffffffffffffff, random()};
          std::memcpy(bytes.data() + at, &extremes[pick(7)], 8);
        }
        break;
      case 2:  // cut
        bytes.resize(pick(bytes.size()));
        break;
      case 3:  // splice: a part of the tables again, somewhere else
        bytes.insert(pick(head), sound.substr(pick(head), pick(64)));
        break;
      case 4:  // several random bytes anywhere
        for (int k = 0; k < 16; ++k) bytes[pick(bytes.size())] = static_cast<char>(random());
        break;
    }
    ReadEverything(bytes);
  }
}

TEST(GgufFile, EveryCutIsRefused) {
  GgufBuilder builder = TinyLlamaFile({.layers = 1});
  const std::string sound = builder.Build();
  for (size_t size = 0; size < sound.size(); size += size < 4096 ? 1 : 61) {
    const Parsed parsed(sound.substr(0, size));
    ASSERT_FALSE(parsed.file.ok()) << "cut at " << size;
  }
}

TEST(InspectCheckpoint, DescribesAModel) {
  const std::string path = ::testing::TempDir() + "/inspect.gguf";
  GgufBuilder builder = TinyLlamaFile();
  builder.Write(path);
  absl::StatusOr<std::string> text = InspectCheckpoint(path, InspectFormat::kText);
  ASSERT_TRUE(text.ok()) << text.status();
  for (const char* part : {"compilable: yes", "general.architecture = \"llama\"", "Q4_1        14 tensors",
                           "byte-level BPE, 16 tokens, 1 merges, with a chat template"}) {
    EXPECT_NE(text->find(part), std::string::npos) << part << "\n" << *text;
  }
  absl::StatusOr<std::string> json = InspectCheckpoint(path, InspectFormat::kJson);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_NE(json->find("\"compilable\": true"), std::string::npos) << *json;
  builder.Text("general.architecture", "gemma");
  builder.Write(path);
  EXPECT_NE(InspectCheckpoint(path, InspectFormat::kText)->find("compilable: no: architecture 'gemma'"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
