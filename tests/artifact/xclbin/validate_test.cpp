// SPDX-License-Identifier: Apache-2.0
#include "artifact/xclbin/validate.h"

#include <gtest/gtest.h>
#include <xclbin.h>

#include <cstring>
#include <functional>

#include "tests/artifact/xclbin/xclbin_sample.h"

namespace streamtensor::artifact::xclbin {
namespace {

using Bytes = std::vector<std::byte>;

// Where the data of a section stands in the sample.
uint64_t SectionOffset(const Bytes& file, axlf_section_kind kind) {
  const auto* const top = reinterpret_cast<const axlf*>(file.data());
  return ::xclbin::get_axlf_section(top, kind)->m_sectionOffset;
}
template <class T>
T* At(Bytes* file, uint64_t offset) {
  return reinterpret_cast<T*>(file->data() + offset);
}
axlf_section_header* Header(Bytes* file, axlf_section_kind kind) {
  auto* const top = reinterpret_cast<axlf*>(file->data());
  for (uint32_t i = 0; i < top->m_header.m_numSections; ++i) {
    if (top->m_sections[i].m_sectionKind == static_cast<uint32_t>(kind)) return &top->m_sections[i];
  }
  return nullptr;
}
// Replaces text of the XML by text of the same length.
void Replace(Bytes* file, const std::string& from, const std::string& to) {
  ASSERT_EQ(from.size(), to.size());
  const std::string text(reinterpret_cast<const char*>(file->data()), file->size());
  const std::size_t at = text.find(from, SectionOffset(*file, EMBEDDED_METADATA));
  ASSERT_NE(at, std::string::npos) << from;
  std::memcpy(file->data() + at, to.data(), to.size());
}

TEST(Validate, ReadsWhatTheWriterWrote) {
  const Bytes file = SampleXclbin();
  const absl::StatusOr<Xclbin> contents = ValidateXclbin(file);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->kind, Xclbin::Kind::kEmulation);
  EXPECT_EQ(contents->vbnv, "streamtensor_emulated_u55c_1");
  ASSERT_EQ(contents->memories.size(), 32u);
  EXPECT_EQ(contents->memories[7].tag, "HBM[7]");
  EXPECT_EQ(contents->memories[7].base_address, 7 * (512ull << 20));
  EXPECT_EQ(contents->memories[7].bytes, 512ull << 20);
  EXPECT_TRUE(contents->memories[7].used);
  EXPECT_FALSE(contents->memories[8].used);
  ASSERT_EQ(contents->kernels.size(), 1u);
  const Kernel& kernel = contents->kernels.front();
  EXPECT_EQ(kernel.name, "streamtensor_step");
  EXPECT_EQ(kernel.instances, std::vector<std::string>{"streamtensor_step_1"});
  ASSERT_EQ(kernel.arguments.size(), 4u);
  EXPECT_EQ(kernel.arguments[2].name, "weights_0");
  EXPECT_EQ(kernel.arguments[2].type, "const word512*");
  EXPECT_TRUE(kernel.arguments[2].is_buffer);
  EXPECT_EQ(kernel.arguments[2].memories, std::vector<uint32_t>{7});
  EXPECT_EQ(contents->bitstream.size(), 1000u);
  EXPECT_EQ(contents->bitstream[999], std::byte{0x5a});
  EXPECT_EQ(contents->user_metadata, R"({"formatVersion": 1})");
}

TEST(Validate, KnowsRealCardsFromEmulation) {
  WriterInput input = SampleInput();
  input.emulation = false;
  input.vbnv = "xilinx_u55c_gen3x16_xdma_base_3";
  const Bytes file = WriteXclbin(input).value();
  EXPECT_EQ(ValidateXclbin(file)->kind, Xclbin::Kind::kHardware);
  Bytes sw_emu = file;
  reinterpret_cast<axlf*>(sw_emu.data())->m_header.m_mode = XCLBIN_SW_EMU;
  EXPECT_EQ(ValidateXclbin(sw_emu)->kind, Xclbin::Kind::kForeignEmulation);
}

struct Damage {
  const char* name;
  std::function<void(Bytes*)> make;
  std::vector<std::string> says;  // section and reason
};

class Damaged : public testing::TestWithParam<Damage> {};

TEST_P(Damaged, IsRefusedWithSectionAndReason) {
  Bytes file = SampleXclbin();
  ASSERT_NO_FATAL_FAILURE(GetParam().make(&file));
  const absl::Status status = ValidateXclbin(file).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_NE(message.find("offset"), std::string::npos) << message;
  for (const std::string& words : GetParam().says)
    EXPECT_NE(message.find(words), std::string::npos) << message;
}

axlf_header* Top(Bytes* file) { return &reinterpret_cast<axlf*>(file->data())->m_header; }

const Damage kDamages[] = {
    {"Empty", [](Bytes* f) { f->clear(); }, {"header", "0 bytes"}},
    {"OnlyMagic", [](Bytes* f) { f->resize(100); }, {"header", "100 bytes"}},
    {"Magic", [](Bytes* f) { (*f)[3] ^= std::byte{1}; }, {"header", "magic"}},
    {"CutInTwo", [](Bytes* f) { f->resize(f->size() / 2); }, {"header", "the file has"}},
    {"Appended", [](Bytes* f) { f->resize(f->size() + 8); }, {"header", "the file has"}},
    {"Mode", [](Bytes* f) { Top(f)->m_mode = 99; }, {"header", "unknown mode 99"}},
    {"ModeOfOurs", [](Bytes* f) { Top(f)->m_mode = XCLBIN_PR; }, {"header", "streamtensor_emulated_u55c_1"}},
    {"NoSections", [](Bytes* f) { Top(f)->m_numSections = 0; }, {"header", "0 sections"}},
    {"TooManySections", [](Bytes* f) { Top(f)->m_numSections = 0xffffffff; }, {"header", "sections"}},
    {"PlatformWithoutEnd",
     [](Bytes* f) { std::memset(Top(f)->m_platformVBNV, 'x', 64); },
     {"header", "platform"}},
    {"SectionBehindTheEnd",
     [](Bytes* f) { Header(f, CONNECTIVITY)->m_sectionOffset = f->size() + 8; },
     {"CONNECTIVITY", "lie outside"}},
    {"SectionTooLong",
     [](Bytes* f) { Header(f, BITSTREAM)->m_sectionSize = ~0ull - 8; },
     {"BITSTREAM", "lie outside"}},
    {"SectionInTheHeader",
     [](Bytes* f) { Header(f, IP_LAYOUT)->m_sectionOffset = 8; },
     {"IP_LAYOUT", "lie outside"}},
    {"SectionUnaligned",
     [](Bytes* f) {
       Header(f, IP_LAYOUT)->m_sectionOffset += 4;
       Header(f, IP_LAYOUT)->m_sectionSize -= 4;
     },
     {"IP_LAYOUT", "multiple of 8"}},
    {"SectionsOverlap", [](Bytes* f) { Header(f, BITSTREAM)->m_sectionSize += 64; }, {"overlaps BITSTREAM"}},
    {"SectionTwice",
     [](Bytes* f) { Header(f, BUILD_METADATA)->m_sectionKind = IP_LAYOUT; },
     {"IP_LAYOUT", "duplicate"}},
    {"NoMetadata",
     [](Bytes* f) { Header(f, EMBEDDED_METADATA)->m_sectionKind = DEBUG_DATA; },
     {"EMBEDDED_METADATA"}},
    {"MemoryCount",
     [](Bytes* f) { *At<int32_t>(f, SectionOffset(*f, MEM_TOPOLOGY)) = 33; },
     {"MEM_TOPOLOGY", "count 33", "room for 32"}},
    {"NegativeCount",
     [](Bytes* f) { *At<int32_t>(f, SectionOffset(*f, IP_LAYOUT)) = -1; },
     {"IP_LAYOUT", "count -1"}},
    {"HugeCount",
     [](Bytes* f) { *At<int32_t>(f, SectionOffset(*f, CONNECTIVITY)) = 0x7fffffff; },
     {"CONNECTIVITY", "count 2147483647"}},
    {"TooShortForACount",
     [](Bytes* f) { Header(f, MEM_TOPOLOGY)->m_sectionSize = 2; },
     {"MEM_TOPOLOGY", "too few"}},
    {"MemoryType",
     [](Bytes* f) { At<mem_topology>(f, SectionOffset(*f, MEM_TOPOLOGY))->m_mem_data[0].m_type = 77; },
     {"MEM_TOPOLOGY", "unknown type 77"}},
    {"MemoryTagWithoutEnd",
     [](Bytes* f) {
       std::memset(At<mem_topology>(f, SectionOffset(*f, MEM_TOPOLOGY))->m_mem_data[0].m_tag, 'x', 16);
     },
     {"MEM_TOPOLOGY", "tag of memory 0"}},
    {"MemorySize",
     [](Bytes* f) { At<mem_topology>(f, SectionOffset(*f, MEM_TOPOLOGY))->m_mem_data[0].m_size = ~0ull; },
     {"MEM_TOPOLOGY", "KiB"}},
    {"IpNameWithoutEnd",
     [](Bytes* f) {
       std::memset(At<ip_layout>(f, SectionOffset(*f, IP_LAYOUT))->m_ip_data[0].m_name, 'x', 64);
     },
     {"IP_LAYOUT", "name of IP 0"}},
    {"IpOfNoKernel",
     [](Bytes* f) { At<ip_layout>(f, SectionOffset(*f, IP_LAYOUT))->m_ip_data[0].m_name[0] = 'x'; },
     {"IP_LAYOUT", "no kernel 'xtreamtensor_step'"}},
    {"IpWithoutInstance",
     [](Bytes* f) { At<ip_layout>(f, SectionOffset(*f, IP_LAYOUT))->m_ip_data[0].m_name[17] = 0; },
     {"IP_LAYOUT", "kernel:instance"}},
    {"IpNotThere",
     [](Bytes* f) { At<ip_layout>(f, SectionOffset(*f, IP_LAYOUT))->m_ip_data[0].m_type = IP_MB; },
     {"IP_LAYOUT has no kernel"}},
    {"ConnectionToNoIp",
     [](Bytes* f) {
       At<connectivity>(f, SectionOffset(*f, CONNECTIVITY))->m_connection[1].m_ip_layout_index = 1;
     },
     {"CONNECTIVITY", "connection 1: IP 1"}},
    {"ConnectionToNoMemory",
     [](Bytes* f) {
       At<connectivity>(f, SectionOffset(*f, CONNECTIVITY))->m_connection[1].mem_data_index = 32;
     },
     {"CONNECTIVITY", "memory 32"}},
    {"ConnectionToUnusedMemory",
     [](Bytes* f) {
       At<connectivity>(f, SectionOffset(*f, CONNECTIVITY))->m_connection[1].mem_data_index = 8;
     },
     {"CONNECTIVITY", "unused"}},
    {"ConnectionOfNoArgument",
     [](Bytes* f) { At<connectivity>(f, SectionOffset(*f, CONNECTIVITY))->m_connection[1].arg_index = -5; },
     {"CONNECTIVITY", "argument -5"}},
    {"ArgumentWithoutConnection",
     [](Bytes* f) { *At<int32_t>(f, SectionOffset(*f, CONNECTIVITY)) = 3; },
     {"CONNECTIVITY", "argument 3 ('logits')", "no memory"}},
    {"XmlNotClosed",
     [](Bytes* f) { Replace(f, "</project>", "</pr0ject>"); },
     {"EMBEDDED_METADATA", "XML offset", "</project>"}},
    {"XmlEntity",
     [](Bytes* f) { Replace(f, "const word512", "&lol; word512"); },
     {"EMBEDDED_METADATA", "reference"}},
    {"ArgumentIdTwice",
     [](Bytes* f) { Replace(f, " id=\"1\"", " id=\"0\""); },
     {"EMBEDDED_METADATA", "argument ids"}},
    {"ArgumentIdNoNumber",
     [](Bytes* f) { Replace(f, " id=\"1\"", " id=\"x\""); },
     {"EMBEDDED_METADATA", "'status'", "id"}},
    {"ArgumentOffset",
     [](Bytes* f) { Replace(f, "offset=\"0x1c\"", "offset=\"0xzc\""); },
     {"EMBEDDED_METADATA", "'status'", "offset"}},
    {"ArgumentPort",
     [](Bytes* f) { Replace(f, "port=\"M_AXI_GMEM2\"", "port=\"M_AXI_GMEM9\""); },
     {"EMBEDDED_METADATA", "'weights_0'", "port"}},
    {"KernelRenamed",
     [](Bytes* f) { Replace(f, "<kernel name=\"streamtensor_step\"", "<kernel name=\"streamtensor_stop\""); },
     {"'streamtensor_step'"}},
};

INSTANTIATE_TEST_SUITE_P(Each, Damaged, testing::ValuesIn(kDamages),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Xml, NestingIsBounded) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  WriterInput input = SampleInput();
  Bytes file = WriteXclbin(input).value();
  // Put the text where the metadata was, at the file's end.
  const uint64_t at = file.size();
  const auto* text = reinterpret_cast<const std::byte*>(deep.data());
  file.insert(file.end(), text, text + deep.size());
  file.resize((file.size() + 7) & ~std::size_t{7});
  Header(&file, EMBEDDED_METADATA)->m_sectionOffset = at;
  Header(&file, EMBEDDED_METADATA)->m_sectionSize = deep.size();
  Top(&file)->m_length = file.size();
  const absl::Status status = ValidateXclbin(file).status();
  EXPECT_NE(std::string(status.message()).find("nested"), std::string::npos) << status;
}

TEST(Writer, EqualInputGivesEqualBytesAndOtherInputAnotherUuid) {
  EXPECT_EQ(SampleXclbin(), SampleXclbin());
  WriterInput input = SampleInput();
  input.user_metadata += " ";
  const Bytes other = WriteXclbin(input).value();
  EXPECT_NE(ValidateXclbin(other)->uuid, ValidateXclbin(SampleXclbin())->uuid);
}

TEST(Writer, RefusesWhatDoesNotFit) {
  const auto refusal = [](auto change) {
    WriterInput input = SampleInput();
    change(input);
    const absl::Status status = WriteXclbin(input).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_NE(refusal([](WriterInput& in) { in.kernel = std::string(40, 'k'); }).find("29 characters"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.kernel = "a b"; }).find("'a b'"), std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.arguments.clear(); }).find("0 kernel arguments"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.arguments[1].bank = 32; }).find("bank 32"), std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.arguments[1].name = "descriptor"; }).find("argument 1"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.bitstream = {}; }).find("bitstream"), std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.vbnv = std::string(64, 'v'); }).find("63 characters"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.emulation = false; }).find("vbnv"), std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.banks[9].tag = std::string(16, 't'); }).find("tag"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.banks[9].bytes = 1000; }).find("bank 9 has 1000 bytes"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.banks.clear(); }).find("0 memory banks"), std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.banks.resize(257, in.banks[0]); }).find("257 memory banks"),
            std::string::npos);
  EXPECT_NE(refusal([](WriterInput& in) { in.arguments.resize(400, {"x", "float*", 0}); }).find("400"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::artifact::xclbin
