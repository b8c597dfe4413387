// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/message_outline.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "streamtensor/v1/inference.pb.h"

namespace streamtensor::server {
namespace {

grpc::ByteBuffer BytesOf(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

absl::StatusOr<MessageOutline> Outline(const std::string& text) {
  return OutlineMessage(*v1::GenerateRequest::descriptor(), BytesOf(text));
}

std::string Delimited(int field, const std::string& contents) {
  std::string bytes(1, static_cast<char>(field << 3 | 2));
  size_t size = contents.size();
  for (; size >= 128; size >>= 7) bytes += static_cast<char>(size | 0x80);
  return bytes + static_cast<char>(size) + contents;
}

std::string Repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(MessageOutlineTest, TellsModelFieldsAndMemory) {
  v1::GenerateRequest request;
  request.set_model("m");
  request.set_prompt(std::string(1000, 'x'));
  request.mutable_sampling()->set_seed(1);
  for (int i = 0; i < 3; ++i) request.mutable_stopping()->add_stop_strings("abc");
  const auto outline = Outline(request.SerializeAsString());
  ASSERT_TRUE(outline.ok()) << outline.status();
  EXPECT_EQ(outline->model, "m");
  EXPECT_EQ(outline->fields, 8);  // model, prompt, sampling, seed, stopping, three strings
  EXPECT_GE(outline->memory_bytes, 1000 + 8 * 64);
  EXPECT_LE(outline->memory_bytes, 1100 + 8 * 64);
}

TEST(MessageOutlineTest, PackedNumbersAreNoFields) {
  v1::GenerateRequest request;
  for (int i = 0; i < 100'000; ++i) request.mutable_tokens()->add_ids(7);
  const auto outline = Outline(request.SerializeAsString());
  ASSERT_TRUE(outline.ok()) << outline.status();
  EXPECT_EQ(outline->fields, 2);
  EXPECT_GE(outline->memory_bytes, 400'000) << "four bytes each";
}

TEST(MessageOutlineTest, MemoryIsWhatTheParsedMessageTakes) {
  v1::GenerateRequest request;
  for (int i = 0; i < 10'000; ++i) request.mutable_chat()->add_messages()->set_content("hello");
  const auto outline = Outline(request.SerializeAsString());
  ASSERT_TRUE(outline.ok()) << outline.status();
  EXPECT_GE(outline->memory_bytes, request.SpaceUsedLong() / 2);
}

TEST(MessageOutlineTest, EveryWayToManyFieldsHasOneLimit) {
  const size_t most = kMaxMessageFields;
  const std::string group = "\xa3\x06\xa0\x06\x01\xa4\x06";  // of field 100: unknown, with a number in it
  const std::string cases[] = {
      Delimited(3, Repeated(Delimited(1, ""), most)),  // empty messages of a chat
      Repeated(Delimited(3, ""), most + 1),            // one chat in many pieces
      Delimited(6, Repeated(Delimited(3, ""), most)),  // stop strings
      Delimited(4, Repeated("\x08\x05", most)),        // token ids, not packed
      Delimited(5, Repeated(Delimited(8, ""), most)),  // biases
      Repeated("\x78\x01", most + 1),                  // an unknown number
      Repeated(Delimited(15, ""), most + 1),           // unknown bytes
      Delimited(5, Repeated("\x78\x01", most)),        // unknown, one level down
      Repeated(group, most / 2),
  };
  for (const std::string& text : cases) {
    const absl::Status status = Outline(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(status.message(), "more than 65536 fields")) << status;
  }
  EXPECT_TRUE(Outline(Delimited(3, Repeated(Delimited(1, ""), most - 1))).ok());
}

TEST(MessageOutlineTest, BytesThatAreNoMessage) {
  const std::string cases[] = {"\xff\xff\xff",
                               Delimited(1, "m") +
                                   "\x12\x05"
                                   "ab",
                               "\x0a\x05"
                               "ab",
                               "\x2a\x7f\x09",
                               "\x0c",
                               "\x0b",
                               "\x0f",
                               "\x31\x01\x02",
                               std::string("\x0a\xff\xff\xff\xff\x0f", 6)};
  for (const std::string& text : cases) {
    EXPECT_EQ(Outline(text).status().code(), absl::StatusCode::kInvalidArgument)
        << testing::PrintToString(text);
  }
}

TEST(MessageOutlineTest, ModelIsAlwaysText) {
  EXPECT_EQ(Outline(Delimited(1, "a") + Delimited(1, "b"))->model, "b") << "as protobuf: the last one counts";
  EXPECT_EQ(Outline(Delimited(1, "\xff\xfe"))->model, "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(Outline(Delimited(1, Repeated("\xc3\xa9", 100'000)))->model.size(), 4096);
}

// Whatever is accepted and can be parsed is what protobuf reads itself.
TEST(MessageOutlineTest, ParsesWhatItOutlined) {
  v1::GenerateRequest request;
  request.set_model("m");
  request.mutable_chat()->add_messages()->set_role("user");
  v1::GenerateRequest parsed;
  ASSERT_TRUE(ParseMessage(SerializeMessage(request), parsed).ok());
  EXPECT_EQ(parsed.SerializeAsString(), request.SerializeAsString());
  EXPECT_EQ(ParseMessage(BytesOf("\x0a\x02\xff\xfe"), parsed).message(), "the message is no GenerateRequest");
  EXPECT_TRUE(ParseMessage(BytesOf(""), parsed).ok());
  EXPECT_EQ(Outline("")->fields, 0);
}

}  // namespace
}  // namespace streamtensor::server
