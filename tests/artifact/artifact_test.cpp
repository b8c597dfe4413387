// SPDX-License-Identifier: Apache-2.0
#include "artifact/artifact.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <functional>
#include <string>

#include "artifact/manifest_writer.h"
#include "base/sha256.h"
#include "sample_artifact.h"

namespace streamtensor::artifact {
namespace {

using v1::Argument;
using v1::Manifest;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(Artifact, OpensWhatTheWriterWrote) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  const auto artifact = Artifact::Open(folder.path());
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ((*artifact)->manifest().model_name(), "sample");
  EXPECT_TRUE((*artifact)->is_decoder());
  EXPECT_EQ((*artifact)->xclbin().size(), folder.ReadFile("design.xclbin").size());
  EXPECT_EQ((*artifact)->weights().size(), 16384u);
  const auto bytes = (*artifact)->ArgumentBytes((*artifact)->manifest().kernel().arguments(4));
  EXPECT_EQ(bytes.size(), 4000u);
  EXPECT_EQ(static_cast<unsigned>(bytes[0]), 4096u * 7 % 251);
}

TEST(Artifact, OpensAModuleWithoutTokenizer) {
  SampleFolder folder;
  folder.WriteArtifact(SampleModuleManifest(), {});
  const auto artifact = Artifact::Open(folder.path());
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_FALSE((*artifact)->is_decoder());
}

TEST(Artifact, UserMetadataIsTheManifestWithoutFiles) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  const auto artifact = Artifact::Open(folder.path());
  ASSERT_TRUE(artifact.ok());
  const auto json = ManifestToUserMetadata((*artifact)->manifest());
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json, *ManifestToJson(SampleDecoderManifest()));
}

TEST(Artifact, WrongPaths) {
  SampleFolder folder;
  EXPECT_EQ(Artifact::Open(folder.path() + "/none").status().code(), absl::StatusCode::kNotFound);
  const auto empty = Artifact::Open(folder.path()).status();
  EXPECT_EQ(empty.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(Message(empty).find("has no manifest.json"), std::string::npos);
  folder.WriteFile("file", "x");
  EXPECT_NE(Message(Artifact::Open(folder.path() + "/file").status()).find("is not a folder"),
            std::string::npos);
}

TEST(Artifact, NamesTheFileThatIsDamaged) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  for (const std::string name : {"design.xclbin", "weights.bin", "tokenizer.bin", "hls/design.cpp"}) {
    const std::string good = folder.ReadFile(name);
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    folder.WriteFile(name, bad);
    EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find(name + ": SHA-256 is"), std::string::npos);
    folder.WriteFile(name, good + "x");
    EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find(name + ": "), std::string::npos);
    EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find(" bytes, manifest.json says"),
              std::string::npos);
    std::filesystem::remove(folder.path() + "/" + name);
    EXPECT_EQ(Artifact::Open(folder.path()).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find(name), std::string::npos);
    ASSERT_EQ(mkfifo((folder.path() + "/" + name).c_str(), 0600), 0);
    EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find("not a regular file"), std::string::npos);
    std::filesystem::remove(folder.path() + "/" + name);
    folder.WriteFile(name, good);
    ASSERT_TRUE(Artifact::Open(folder.path()).ok());
  }
}

TEST(Artifact, AFileInAFoldersPlaceIsDamage) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  std::filesystem::remove_all(folder.path() + "/hls");
  folder.WriteFile("hls", "no folder");
  const absl::Status status = Artifact::Open(folder.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Message(status).find("hls/design.cpp: Not a directory"), std::string::npos) << status;
}

TEST(Artifact, RefusesForeignJson) {
  SampleFolder folder;
  for (const std::string text : {"", "{", "[]", "{\"format_version\": \"x\"}", "{\"no_such_field\": 1}"}) {
    folder.WriteFile("manifest.json", text);
    const auto status = Artifact::Open(folder.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(Message(status).find("manifest.json"), std::string::npos);
  }
}

// JSON that takes hundreds of times its size in memory, if it is read at all.
TEST(Artifact, RefusesDeepAndLongJson) {
  EXPECT_NE(Message(ManifestFromJson("{\"files\":" + std::string(1 << 19, '[')).status())
                .find("nested 524289 deep"),
            std::string::npos);
  EXPECT_NE(Message(ManifestFromJson("{\"files\":[" + std::string(1 << 20, ' ') + "]}").status())
                .find("1048588 bytes of JSON"),
            std::string::npos);
  // Brackets in texts are none.
  EXPECT_TRUE(ManifestFromJson("{\"model_name\": \"\\\"[[[[[[[[[[[[[[[[[[[[\"}").ok());
}

TEST(Artifact, RefusesFilesOutsideOfTheFolder) {
  for (const char* name : {"", ".", "..", "../x", "/etc/passwd", "hls/../x", "a/b", "hls/", "hls/a/b",
                           ".hidden", "reports/.x", "hls/\x1b[2J", "a\n"}) {
    EXPECT_FALSE(IsArtifactFileName(name)) << name;
  }
  for (const char* name : {"design.xclbin", "hls/design.cpp", "reports/cycles.json"}) {
    EXPECT_TRUE(IsArtifactFileName(name)) << name;
  }
  SampleFolder folder;
  Manifest manifest = SampleDecoderManifest();
  manifest.add_files()->set_name("../../etc/passwd");
  folder.WriteManifestAsIs(manifest);
  EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find("'../../etc/passwd' is not a file name"),
            std::string::npos);
}

TEST(Artifact, NeedsItsFiles) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  const Manifest full = (*Artifact::Open(folder.path()))->manifest();
  for (int i = 0; i < 3; ++i) {
    Manifest manifest = full;
    manifest.mutable_files()->DeleteSubrange(i, 1);
    folder.WriteManifestAsIs(manifest);
    const auto status = Artifact::Open(folder.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  Manifest twice = full;
  *twice.add_files() = full.files(0);
  folder.WriteManifestAsIs(twice);
  EXPECT_NE(Message(Artifact::Open(folder.path()).status()).find("is listed twice"), std::string::npos);
}

// A change that CheckManifest takes, and what the refusal must say of it.
struct OtherManifest {
  const char* name;
  std::function<void(Manifest&)> change;
  const char* message;
};

class OtherManifests : public testing::TestWithParam<OtherManifest> {};

TEST_P(OtherManifests, AreNotTheXclbins) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  Manifest manifest = (*Artifact::Open(folder.path()))->manifest();
  GetParam().change(manifest);
  folder.WriteManifestAsIs(manifest);
  ASSERT_TRUE(Artifact::ReadManifest(folder.path()).ok()) << Artifact::ReadManifest(folder.path()).status();
  const absl::Status status = Artifact::Open(folder.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(status),
            folder.path() + "/design.xclbin: it is not the design of manifest.json: " + GetParam().message);
}

TEST(Artifact, NeedsAnXclbinThatCarriesAManifest) {
  SampleFolder folder;
  folder.WriteArtifact(SampleDecoderManifest(), SampleTokenizer());
  const auto refusal = [&](const std::string& xclbin) {
    folder.ReplaceXclbin(xclbin);
    return Message(Artifact::Open(folder.path()).status());
  };
  const std::string path = folder.path() + "/design.xclbin: ";
  EXPECT_EQ(refusal("not an xclbin").find(path + "xclbin: header"), 0u);
  std::string xclbin = SampleXclbinOf(SampleDecoderManifest(), std::vector<std::byte>(64));
  const std::size_t at = xclbin.find("format_version");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(refusal(std::string(xclbin).replace(at, 1, "F")).find(path + "USER_METADATA: not a manifest"),
            0u);
  EXPECT_EQ(refusal(xclbin), "");
}

// A change of the decoder's manifest, and what the error must say.
struct BadManifest {
  const char* name;
  std::function<void(Manifest&)> change;
  const char* message;
};

class BadManifests : public testing::TestWithParam<BadManifest> {};

TEST_P(BadManifests, IsNamed) {
  Manifest manifest = SampleDecoderManifest();
  ASSERT_TRUE(CheckManifest(manifest, 16384).ok()) << CheckManifest(manifest, 16384);
  GetParam().change(manifest);
  const absl::Status status = CheckManifest(manifest, 16384);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(Message(status).find(GetParam().message), std::string::npos) << status;
}

Argument& Arg(Manifest& manifest, int i) { return *manifest.mutable_kernel()->mutable_arguments(i); }

TEST(ModuleManifest, SamplesFillTheirRows) {
  Manifest manifest = SampleModuleManifest();
  Argument& x = Arg(manifest, 2);
  auto refusal = [&] { return Message(CheckManifest(manifest, 16384)); };
  EXPECT_EQ(refusal(), "");
  x.set_element(Argument::INT64);
  for (const uint32_t size : {0, 2, 2}) x.add_shape(size);
  EXPECT_EQ(refusal(), "");
  x.set_element(Argument::INT32);
  EXPECT_NE(refusal().find("kernel.arguments[2].width is 8, must be 4"), std::string::npos) << refusal();
  x.set_element(Argument::INT64);
  x.set_shape(1, 0);
  EXPECT_NE(refusal().find("shape[1] is 0"), std::string::npos) << refusal();
  x.set_shape(1, 2);
  x.clear_element();
  EXPECT_NE(refusal().find("shape: without an element"), std::string::npos) << refusal();
  x.set_element(static_cast<Argument::Element>(77));
  EXPECT_NE(refusal().find("element is 77, which is unknown"), std::string::npos) << refusal();
  x.set_element(Argument::INT64);
  x.add_checks("never");
  EXPECT_NE(refusal().find("checks: only of an OUTPUT of one INT32"), std::string::npos) << refusal();
  x.clear_checks();
  manifest.mutable_quantisation()->set_format("w8a8");
  manifest.mutable_quantisation()->add_products()->set_weight("w");
  EXPECT_EQ(refusal(), "");
  manifest.mutable_quantisation()->mutable_products(0)->set_relative_error(NAN);
  EXPECT_NE(refusal().find("relative_error is nan"), std::string::npos) << refusal();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadManifests,
    testing::Values(
        BadManifest{"version", [](Manifest& m) { m.set_format_version(2); }, "format_version is 2"},
        BadManifest{"target", [](Manifest& m) { m.clear_target(); }, "target is 0"},
        BadManifest{"platform", [](Manifest& m) { m.clear_platform(); }, "platform is missing"},
        BadManifest{"kernel", [](Manifest& m) { m.mutable_kernel()->clear_name(); }, "kernel.name"},
        BadManifest{"escapes", [](Manifest& m) { m.set_model_name("\x1b[2J"); },
                    "model_name is '\\x1b[2J', must be printable"},
        BadManifest{"long_name", [](Manifest& m) { m.set_platform(std::string(5000, 'x')); },
                    "platform has 5000 bytes, at most 4096"},
        BadManifest{"argument_name", [](Manifest& m) { Arg(m, 0).set_name("a\nb"); }, "arguments[0].name is"},
        BadManifest{"descriptor", [](Manifest& m) { m.mutable_launch()->set_descriptor_version(7); },
                    "launch.descriptor_version is 7, must be 1"},
        BadManifest{"tokens", [](Manifest& m) { m.mutable_launch()->set_step_tokens(0); },
                    "launch.step_tokens is 0, must be 1..16"},
        BadManifest{"logits", [](Manifest& m) { m.mutable_launch()->set_step_logits(5); },
                    "launch.step_logits is 5, must be 0..4"},
        BadManifest{"pages", [](Manifest& m) { m.mutable_launch()->set_max_pages(0xffffffff); },
                    "launch.max_pages is 4294967295"},
        BadManifest{"index", [](Manifest& m) { Arg(m, 3).set_index(4); },
                    "kernel.arguments[3].index is 4, must be 3"},
        BadManifest{"bank", [](Manifest& m) { Arg(m, 2).set_bank(256); },
                    "kernel.arguments[2].bank is 256, must be 0..255"},
        BadManifest{"bytes", [](Manifest& m) { Arg(m, 0).set_bytes(319); },
                    "kernel.arguments[0].bytes is 319, must be at least 320"},
        BadManifest{"status", [](Manifest& m) { Arg(m, 1).set_bytes(128); },
                    "kernel.arguments[1].bytes is 128, must be 64"},
        BadManifest{"huge", [](Manifest& m) { Arg(m, 3).set_bytes(~0ull); }, "kernel.arguments[3].bytes"},
        BadManifest{"logits_width", [](Manifest& m) { Arg(m, 2).set_width(51); },
                    "kernel.arguments[2].width is 51, must be 50"},
        BadManifest{"logits_bytes", [](Manifest& m) { Arg(m, 2).set_bytes(799); }, "must be at least 800"},
        BadManifest{"alignment", [](Manifest& m) { Arg(m, 4).set_file_offset(4097); },
                    "kernel.arguments[4].file_offset is 4097, must be a multiple of 4096"},
        BadManifest{"beyond", [](Manifest& m) { Arg(m, 4).set_file_offset(16384); },
                    "kernel.arguments[4] claims bytes 16384+4000 of weights.bin, which has 16384"},
        BadManifest{"overflow", [](Manifest& m) { Arg(m, 4).set_file_offset(~0ull - 4095); },
                    "kernel.arguments[4] claims bytes 18446744073709547520"},
        BadManifest{"offset", [](Manifest& m) { Arg(m, 5).set_file_offset(4096); },
                    "kernel.arguments[5].file_offset is 4096, must be 0"},
        BadManifest{"role", [](Manifest& m) { Arg(m, 9).clear_role(); }, "kernel.arguments[9].role is 0"},
        BadManifest{
            "two_descriptors",
            [](Manifest& m) { Arg(m, 3).set_role(Argument::ROLE_DESCRIPTOR), Arg(m, 3).clear_file_offset(); },
            "2 of ROLE_DESCRIPTOR"},
        BadManifest{"no_pool", [](Manifest& m) { Arg(m, 7).set_role(Argument::ROLE_V_WRITE); },
                    "0 of ROLE_K_WRITE"},
        BadManifest{"pool_bank", [](Manifest& m) { Arg(m, 7).set_bank(9); },
                    "kernel.arguments[7].bank is 9, must be 4: it names the buffer of arguments[5]"},
        BadManifest{"page", [](Manifest& m) { m.mutable_decoder()->mutable_kv()->set_page_tokens(16); },
                    "decoder.kv.page_tokens is 16, must be 32"},
        BadManifest{"page_bytes",
                    [](Manifest& m) { m.mutable_decoder()->mutable_kv()->set_page_bytes(2047); },
                    "decoder.kv.page_bytes is 2047"},
        BadManifest{"page_overflow",
                    [](Manifest& m) {
                      m.mutable_decoder()->set_layers(1u << 24);
                      m.mutable_decoder()->set_kv_heads(1u << 24);
                      m.mutable_decoder()->set_head_dim(1u << 24);
                    },
                    "decoder.kv.page_bytes"},
        BadManifest{"context", [](Manifest& m) { m.mutable_decoder()->set_max_context(257); },
                    "decoder.max_context is 257, must be 1..256"},
        BadManifest{"vocabulary", [](Manifest& m) { m.mutable_decoder()->set_vocabulary(0); },
                    "decoder.vocabulary is 0"},
        BadManifest{"timing", [](Manifest& m) { m.mutable_timing()->add_step_cycles(1); },
                    "timing.step_cycles has 5 entries, must have 4"},
        BadManifest{"clock", [](Manifest& m) { m.mutable_timing()->set_clock_hz(-1); },
                    "timing.clock_hz is -1"},
        BadManifest{"page_cycles", [](Manifest& m) { m.mutable_timing()->set_context_page_cycles(NAN); },
                    "timing.context_page_cycles is nan"},
        BadManifest{"cycles", [](Manifest& m) { m.mutable_timing()->set_launch_cycles(~0ull); },
                    "timing.launch_cycles is 18446744073709551615"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    All, OtherManifests,
    testing::Values(
        OtherManifest{"model", [](Manifest& m) { m.set_model_name("other"); },
                      "model_name is \"other\" in manifest.json, \"sample\" in USER_METADATA"},
        OtherManifest{"compiler", [](Manifest& m) { m.clear_compiler_version(); },
                      "compiler_version is \"\" in manifest.json, \"test\" in USER_METADATA"},
        OtherManifest{"target", [](Manifest& m) { m.set_target(Manifest::TARGET_HW); },
                      "target is TARGET_HW in manifest.json, TARGET_EMULATION in USER_METADATA"},
        OtherManifest{"platform", [](Manifest& m) { m.set_platform("u280"); },
                      "platform is \"u280\" in manifest.json, \"u55c\" in USER_METADATA"},
        OtherManifest{"kernel", [](Manifest& m) { m.mutable_kernel()->set_name("step"); },
                      "kernel.name is \"step\" in manifest.json, \"streamtensor_step\" in USER_METADATA"},
        OtherManifest{"offset", [](Manifest& m) { Arg(m, 4).set_file_offset(0); },
                      "kernel.arguments[4].file_offset is 0 in manifest.json, 4096 in USER_METADATA"},
        OtherManifest{"swapped_offsets",
                      [](Manifest& m) {
                        Arg(m, 9).set_file_offset(12288);
                        Arg(m, 10).set_file_offset(8192);
                      },
                      "kernel.arguments[9].file_offset is 12288 in manifest.json, 8192 in USER_METADATA"},
        OtherManifest{
            "argument", [](Manifest& m) { Arg(m, 3).set_name("weights_1"); },
            "kernel.arguments[3].name is \"weights_1\" in manifest.json, \"weights_0\" in USER_METADATA"},
        OtherManifest{
            "role", [](Manifest& m) { Arg(m, 3).set_role(Argument::ROLE_CONSTANTS); },
            "kernel.arguments[3].role is ROLE_CONSTANTS in manifest.json, ROLE_WEIGHTS in USER_METADATA"},
        OtherManifest{"bank", [](Manifest& m) { Arg(m, 2).set_bank(9); },
                      "kernel.arguments[2].bank is 9 in manifest.json, 1 in USER_METADATA"},
        OtherManifest{"bytes", [](Manifest& m) { Arg(m, 4).set_bytes(2000); },
                      "kernel.arguments[4].bytes is 2000 in manifest.json, 4000 in USER_METADATA"},
        OtherManifest{"width", [](Manifest& m) { Arg(m, 4).set_width(8); },
                      "kernel.arguments[4].width is 8 in manifest.json, 0 in USER_METADATA"},
        OtherManifest{"logits", [](Manifest& m) { m.mutable_launch()->set_step_logits(1); },
                      "launch.step_logits is 1 in manifest.json, 4 in USER_METADATA"},
        OtherManifest{"architecture", [](Manifest& m) { m.mutable_decoder()->set_architecture("other"); },
                      "decoder.architecture is \"other\" in manifest.json, \"llama\" in USER_METADATA"},
        OtherManifest{"hidden", [](Manifest& m) { m.mutable_decoder()->set_hidden(64); },
                      "decoder.hidden is 64 in manifest.json, 32 in USER_METADATA"},
        OtherManifest{"query_heads", [](Manifest& m) { m.mutable_decoder()->set_query_heads(4); },
                      "decoder.query_heads is 4 in manifest.json, 2 in USER_METADATA"},
        OtherManifest{"context", [](Manifest& m) { m.mutable_decoder()->set_max_context(100); },
                      "decoder.max_context is 100 in manifest.json, 250 in USER_METADATA"},
        OtherManifest{"clock", [](Manifest& m) { m.mutable_timing()->set_clock_hz(3e8); },
                      "timing.clock_hz is 300000000 in manifest.json, 250000000 in USER_METADATA"},
        OtherManifest{"step_cycles", [](Manifest& m) { m.mutable_timing()->set_step_cycles(2, 1); },
                      "timing.step_cycles[2] is 1 in manifest.json, 3000 in USER_METADATA"},
        OtherManifest{"no_cycles", [](Manifest& m) { m.mutable_timing()->clear_step_cycles(); },
                      "timing.step_cycles[0] is 1000 in USER_METADATA alone"},
        OtherManifest{"watts", [](Manifest& m) { m.mutable_timing()->set_static_watts(20.5); },
                      "timing.static_watts is 20.5 in manifest.json, 20 in USER_METADATA"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Artifact, ModuleRules) {
  Manifest manifest = SampleModuleManifest();
  ASSERT_TRUE(CheckManifest(manifest, 16384).ok());
  Arg(manifest, 3).set_role(Argument::ROLE_INPUT);
  EXPECT_NE(Message(CheckManifest(manifest, 16384)).find("at least one OUTPUT"), std::string::npos);
  Arg(manifest, 3).set_role(Argument::ROLE_K_READ);
  EXPECT_NE(Message(CheckManifest(manifest, 16384)).find("there is no decoder"), std::string::npos);
}

}  // namespace
}  // namespace streamtensor::artifact
