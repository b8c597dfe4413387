// SPDX-License-Identifier: Apache-2.0
#include "artifact/xclbin/writer.h"

#include <xclbin.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstring>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "artifact/xclbin/xml_reader.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/word.h"

namespace streamtensor::artifact::xclbin {
namespace {

constexpr uint64_t kControlBase = 0x800000;  // address of a kernel's registers in the shell
constexpr uint64_t kControlRange = 0x1000;
constexpr uint64_t kFirstArgumentOffset = 0x10;
constexpr uint64_t kMaxBankBytes = uint64_t{1} << 50;  // addresses of all banks fit 64 bits
constexpr uint64_t kArgumentStride = 0xc;              // a 64-bit pointer and a reserved word

using Bytes = std::vector<std::byte>;

struct Section {
  axlf_section_kind kind;
  std::string name;
  Bytes bytes;
};

// A section that is an array behind its count, padded like the structure `Array`.
template <class Array, class Element>
Bytes CountedArray(const std::vector<Element>& elements, std::size_t first_offset) {
  Bytes bytes(std::max(sizeof(Array), first_offset + elements.size() * sizeof(Element)));
  const auto count = static_cast<int32_t>(elements.size());
  std::memcpy(bytes.data(), &count, sizeof count);
  std::memcpy(bytes.data() + first_offset, elements.data(), elements.size() * sizeof(Element));
  return bytes;
}

Bytes FromText(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return Bytes(begin, begin + text.size());
}

// `bytes` may include the terminating zero, as for all names in xclbin.h.
template <std::size_t N, class Character>
bool CopyName(std::string_view name, Character (&target)[N]) {
  if (name.size() >= N) return false;
  std::memcpy(target, name.data(), name.size());
  return true;
}

bool IsIdentifier(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (const char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

absl::Status Check(const WriterInput& input) {
  if (!IsIdentifier(input.kernel) || 2 * input.kernel.size() + 4 > sizeof(ip_data::m_name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("kernel name '", input.kernel, "' must be a C name of at most 29 characters"));
  }
  const uint64_t max_arguments = (kControlRange - kFirstArgumentOffset) / kArgumentStride;
  if (input.arguments.empty() || input.arguments.size() > max_arguments) {
    return absl::InvalidArgumentError(
        absl::StrCat(input.arguments.size(), " kernel arguments; an xclbin holds 1..", max_arguments));
  }
  if (input.banks.empty() || input.banks.size() > contract::kMaxMemoryBanks) {
    return absl::InvalidArgumentError(
        absl::StrCat(input.banks.size(), " memory banks; must be 1..", contract::kMaxMemoryBanks));
  }
  for (std::size_t i = 0; i < input.banks.size(); ++i) {
    const WriterBank& bank = input.banks[i];
    if (bank.bytes == 0 || bank.bytes > kMaxBankBytes || bank.bytes % 1024 != 0) {
      return absl::InvalidArgumentError(absl::StrCat("memory bank ", i, " has ", bank.bytes,
                                                     " bytes; must be a multiple of 1024, at most ",
                                                     kMaxBankBytes));
    }
    if (bank.group < 1 || bank.group > input.banks.size() - i) {
      return absl::InvalidArgumentError(absl::StrCat("memory bank ", i, " reaches over ", bank.group,
                                                     " banks; there are ", input.banks.size() - i,
                                                     " from it on"));
    }
  }
  for (const WriterArgument& argument : input.arguments) {
    for (std::size_t i = 0; i < input.banks.size(); ++i) {
      if (argument.bank <= i || argument.bank >= i + input.banks[i].group) continue;
      return absl::InvalidArgumentError(absl::StrCat("argument ", argument.name, ": bank ", argument.bank,
                                                     " belongs to the range that begins with bank ", i));
    }
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < input.arguments.size(); ++i) {
    const WriterArgument& argument = input.arguments[i];
    if (!IsIdentifier(argument.name) || !names.insert(argument.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument ", i, ": name '", argument.name, "' must be a C name that no other has"));
    }
    if (argument.bank >= input.banks.size()) {
      return absl::InvalidArgumentError(absl::StrCat("argument ", i, " (", argument.name, "): bank ",
                                                     argument.bank, ", must be below ", input.banks.size()));
    }
  }
  if (!input.emulation && (input.vbnv.empty() || input.vbnv.starts_with(kEmulationVbnvPrefix))) {
    return absl::InvalidArgumentError("a container for a real card needs its platform's name (vbnv)");
  }
  if (input.bitstream.empty()) return absl::InvalidArgumentError("the bitstream is empty");
  return absl::OkStatus();
}

std::string Instance(const WriterInput& input) { return absl::StrCat(input.kernel, "_1"); }

std::string KernelXml(const WriterInput& input, const std::string& vbnv) {
  const auto escaped = [](const std::string& text) { return EscapeXml(text); };
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project name=\"streamtensor\">\n";
  absl::StrAppend(&xml, "  <platform vendor=\"xilinx\" boardid=\"", escaped(input.platform), "\" name=\"",
                  escaped(vbnv), "\" featureRomTime=\"0\">\n");
  absl::StrAppend(&xml, "    <version major=\"1\" minor=\"0\"/>\n    <device name=\"fpga0\" fpgaDevice=\"",
                  escaped(input.part), "\">\n");
  const int clock_mhz = static_cast<int>(input.clock_hz / 1e6);
  absl::StrAppend(&xml, "      <core name=\"OCL_REGION_0\" target=\"", input.emulation ? "csim" : "bitstream",
                  "\" type=\"clc_region\" clockFreq=\"", clock_mhz, "MHz\" numComputeUnits=\"1\">\n");
  absl::StrAppend(&xml, "        <kernel name=\"", escaped(input.kernel),
                  "\" language=\"ip_c\" vlnv=\"streamtensor:hls:", escaped(input.kernel),
                  ":1.0\" attributes=\"\" preferredWorkGroupSizeMultiple=\"0\" workGroupSize=\"1\" "
                  "interrupt=\"true\" hwControlProtocol=\"ap_ctrl_chain\">\n");
  for (std::size_t i = 0; i < input.arguments.size(); ++i) {
    absl::StrAppendFormat(
        &xml,
        "          <port name=\"M_AXI_GMEM%d\" mode=\"master\" range=\"0xFFFFFFFFFFFFFFFF\" "
        "dataWidth=\"%d\" portType=\"addressable\" base=\"0x0\"/>\n",
        i, contract::kWordBits);
  }
  absl::StrAppendFormat(&xml,
                        "          <port name=\"S_AXI_CONTROL\" mode=\"slave\" range=\"0x%x\" "
                        "dataWidth=\"32\" portType=\"addressable\" base=\"0x0\"/>\n",
                        kControlRange);
  for (std::size_t i = 0; i < input.arguments.size(); ++i) {
    const WriterArgument& argument = input.arguments[i];
    absl::StrAppendFormat(&xml,
                          "          <arg name=\"%s\" addressQualifier=\"1\" id=\"%d\" port=\"M_AXI_GMEM%d\" "
                          "size=\"0x8\" offset=\"0x%x\" hostOffset=\"0x0\" hostSize=\"0x8\" type=\"%s\"/>\n",
                          escaped(argument.name), i, i, kFirstArgumentOffset + kArgumentStride * i,
                          escaped(argument.type));
  }
  absl::StrAppendFormat(&xml,
                        "          <instance name=\"%s\">\n            <addrRemap base=\"0x%x\" "
                        "range=\"0x%x\" port=\"S_AXI_CONTROL\"/>\n          </instance>\n",
                        escaped(Instance(input)), kControlBase, kControlRange);
  absl::StrAppend(&xml, "        </kernel>\n      </core>\n    </device>\n  </platform>\n</project>\n");
  return xml;
}

absl::StatusOr<Bytes> MemoryTopology(const WriterInput& input) {
  std::vector<mem_data> banks(input.banks.size());
  uint64_t address = 0;
  for (std::size_t i = 0; i < input.banks.size(); ++i) {
    mem_data& bank = banks[i];
    std::memset(&bank, 0, sizeof bank);
    bank.m_type = input.banks[i].kind == WriterBank::Kind::kHbm ? MEM_HBM : MEM_DDR4;
    for (const WriterArgument& argument : input.arguments) bank.m_used |= argument.bank == i;
    for (std::size_t k = i; k < i + input.banks[i].group; ++k) bank.m_size += input.banks[k].bytes / 1024;
    bank.m_base_address = address;
    address += input.banks[i].bytes;
    if (!CopyName(input.banks[i].tag, bank.m_tag)) {
      return absl::InvalidArgumentError(absl::StrCat("memory tag '", input.banks[i].tag, "' is too long"));
    }
  }
  return CountedArray<mem_topology>(banks, offsetof(mem_topology, m_mem_data));
}

Bytes Connectivity(const WriterInput& input) {
  std::vector<connection> connections;
  for (std::size_t i = 0; i < input.arguments.size(); ++i) {
    connections.push_back({static_cast<int32_t>(i), 0, static_cast<int32_t>(input.arguments[i].bank)});
  }
  return CountedArray<connectivity>(connections, offsetof(connectivity, m_connection));
}

Bytes IpLayout(const WriterInput& input) {
  ip_data kernel;
  std::memset(&kernel, 0, sizeof kernel);
  kernel.m_type = IP_KERNEL;
  kernel.properties = IP_INT_ENABLE_MASK | (AP_CTRL_CHAIN << IP_CONTROL_SHIFT);
  kernel.m_base_address = kControlBase;
  CopyName(absl::StrCat(input.kernel, ":", Instance(input)), kernel.m_name);  // Check() ensures that it fits
  return CountedArray<ip_layout>(std::vector<ip_data>{kernel}, offsetof(ip_layout, m_ip_data));
}

std::string BuildMetadata(const WriterInput& input, const std::string& vbnv) {
  const auto text = [](const std::string& value) {
    std::string quoted = "\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') quoted.push_back('\\');
      if (static_cast<unsigned char>(c) >= 0x20) quoted.push_back(c);
    }
    return quoted + "\"";
  };
  return absl::StrCat("{\"schema_version\": {\"major\": \"1\", \"minor\": \"0\", \"patch\": \"0\"}, ",
                      "\"build_metadata\": {\"dsa\": {\"vbnv\": ", text(vbnv),
                      "}, \"xclbin\": {\"generated_by\": {\"name\": \"streamtensorc\", \"version\": ",
                      text(input.compiler_version),
                      "}, \"target\": ", input.emulation ? "\"emulation\"" : "\"hw\"", "}}}\n");
}

constexpr std::size_t kSectionAlignment = 64;  // xclbin.h requires 8; objects need cache-line alignment

// Header, section headers, sections; UUID and unique id are a hash of the rest.
absl::StatusOr<Bytes> Assemble(const WriterInput& input, const std::string& vbnv,
                               const std::vector<Section>& sections) {
  axlf top;
  std::memset(&top, 0, sizeof top);
  std::memcpy(top.m_magic, "xclbin2", 8);
  top.m_signature_length = -1;
  std::memset(top.reserved, 0xff, sizeof top.reserved);
  std::memset(top.m_keyBlock, 0xff, sizeof top.m_keyBlock);
  top.m_header.m_versionMajor = 2;
  top.m_header.m_versionMinor = 13;
  top.m_header.m_mode = input.emulation ? XCLBIN_SW_EMU : XCLBIN_PR;
  top.m_header.m_numSections = static_cast<uint32_t>(sections.size());
  if (!CopyName(vbnv, top.m_header.m_platformVBNV)) {
    return absl::InvalidArgumentError(absl::StrCat("platform name '", vbnv, "' has more than 63 characters"));
  }

  std::vector<axlf_section_header> headers;
  const std::size_t end = offsetof(axlf, m_sections) + sections.size() * sizeof(axlf_section_header);
  Bytes contents;
  const auto align = [&](std::size_t value) {
    return (value + kSectionAlignment - 1) & ~(kSectionAlignment - 1);
  };
  const std::size_t first = align(end);
  for (const Section& section : sections) {
    axlf_section_header header;
    std::memset(&header, 0, sizeof header);
    header.m_sectionKind = section.kind;
    CopyName(section.name, header.m_sectionName);
    contents.resize(align(contents.size()));
    header.m_sectionOffset = first + contents.size();
    header.m_sectionSize = section.bytes.size();
    contents.insert(contents.end(), section.bytes.begin(), section.bytes.end());
    headers.push_back(header);
  }
  contents.resize((contents.size() + 7) & ~std::size_t{7});
  top.m_header.m_length = first + contents.size();

  Bytes file(first);
  std::memcpy(file.data(), &top, offsetof(axlf, m_sections));
  std::memcpy(file.data() + offsetof(axlf, m_sections), headers.data(),
              headers.size() * sizeof(axlf_section_header));
  file.insert(file.end(), contents.begin(), contents.end());

  base::Sha256Digest hash = base::Sha256Of(file);
  hash[6] = (hash[6] & 0x0f) | 0x80;  // UUID version 8: custom
  hash[8] = (hash[8] & 0x3f) | 0x80;
  std::memcpy(file.data() + offsetof(axlf, m_header.uuid), hash.data(), 16);
  std::memcpy(file.data() + offsetof(axlf, m_uniqueId), hash.data() + 16, 8);
  return file;
}

}  // namespace

std::string EmulationVbnv(const std::string& platform) {
  return absl::StrCat(kEmulationVbnvPrefix, platform, "_1");
}

absl::StatusOr<std::vector<std::byte>> WriteXclbin(const WriterInput& input) {
  RETURN_IF_ERROR(Check(input));
  const std::string vbnv = input.vbnv.empty() ? EmulationVbnv(input.platform) : input.vbnv;
  ASSIGN_OR_RETURN(Bytes memory, MemoryTopology(input));
  std::vector<Section> sections;
  sections.push_back({BITSTREAM, "bitstream", Bytes(input.bitstream.begin(), input.bitstream.end())});
  sections.push_back({MEM_TOPOLOGY, "mem_topology", std::move(memory)});
  sections.push_back({IP_LAYOUT, "ip_layout", IpLayout(input)});
  sections.push_back({CONNECTIVITY, "connectivity", Connectivity(input)});
  sections.push_back({EMBEDDED_METADATA, "embedded", FromText(KernelXml(input, vbnv))});
  sections.push_back({BUILD_METADATA, "build_metadata", FromText(BuildMetadata(input, vbnv))});
  if (!input.user_metadata.empty()) {
    sections.push_back({USER_METADATA, "user_metadata", FromText(input.user_metadata)});
  }
  return Assemble(input, vbnv, sections);
}

}  // namespace streamtensor::artifact::xclbin
