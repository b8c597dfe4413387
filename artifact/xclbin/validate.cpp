// SPDX-License-Identifier: Apache-2.0
#include "artifact/xclbin/validate.h"

#include <xclbin.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "artifact/xclbin/writer.h"
#include "artifact/xclbin/xml_reader.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::artifact::xclbin {
namespace {

constexpr uint32_t kMaxSections = 256;
constexpr uint64_t kMaxXmlBytes = 16 << 20;
// Far beyond any card; keeps the pairwise comparisons below fast.
constexpr uint64_t kMaxElements = 65536;  // of a section that is an array
constexpr std::size_t kMaxMemories = 1024;
constexpr std::size_t kMaxIps = 1024;
constexpr std::size_t kMaxKernels = 256;
constexpr std::size_t kMaxInstances = 256;  // of a kernel

// Names as xclbinutil prints them.
std::string SectionName(uint32_t kind) {
  static constexpr const char* kNames[] = {"BITSTREAM",
                                           "CLEARING_BITSTREAM",
                                           "EMBEDDED_METADATA",
                                           "FIRMWARE",
                                           "DEBUG_DATA",
                                           "SCHED_FIRMWARE",
                                           "MEM_TOPOLOGY",
                                           "CONNECTIVITY",
                                           "IP_LAYOUT",
                                           "DEBUG_IP_LAYOUT",
                                           "DESIGN_CHECK_POINT",
                                           "CLOCK_FREQ_TOPOLOGY",
                                           "MCS",
                                           "BMC",
                                           "BUILD_METADATA",
                                           "KEYVALUE_METADATA",
                                           "USER_METADATA",
                                           "DNA_CERTIFICATE",
                                           "PDI",
                                           "BITSTREAM_PARTIAL_PDI",
                                           "PARTITION_METADATA",
                                           "EMULATION_DATA",
                                           "SYSTEM_METADATA",
                                           "SOFT_KERNEL",
                                           "ASK_FLASH",
                                           "AIE_METADATA",
                                           "ASK_GROUP_TOPOLOGY",
                                           "ASK_GROUP_CONNECTIVITY",
                                           "SMARTNIC",
                                           "AIE_RESOURCES",
                                           "OVERLAY",
                                           "VENDER_METADATA"};
  return kind < std::size(kNames) ? kNames[kind] : absl::StrCat("section kind ", kind);
}

struct SectionView {
  uint32_t kind = 0;
  uint64_t offset = 0;  // in the file
  std::span<const std::byte> bytes;
};

// `offset` counts from the file's start.
// Names in the file may hold anything: unprintable bytes are escaped.
absl::Status Error(const std::string& where, uint64_t offset, const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrFormat("xclbin: %s, offset %d: %s", where, offset,
                      base::Printable(what, std::string::npos, base::Quotes::kKeep)));
}
absl::Status Error(const SectionView& section, uint64_t inside, const std::string& what) {
  return Error(SectionName(section.kind), section.offset + inside, what);
}

// Structures are copied out, since the file's offsets need not be aligned.
template <class T>
T CopyAt(std::span<const std::byte> bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// A name that is terminated inside its field.
template <class Character, std::size_t N>
std::optional<std::string> FieldName(const Character (&field)[N]) {
  const char* text = reinterpret_cast<const char*>(field);
  const std::size_t length = strnlen(text, N);
  if (length == N) return std::nullopt;
  return std::string(text, length);
}

class Validator {
 public:
  explicit Validator(std::span<const std::byte> file) : file_(file) {}

  absl::StatusOr<Xclbin> Run() {
    for (auto step : {&Validator::Header, &Validator::Sections, &Validator::Memories, &Validator::Ips,
                      &Validator::OtherArrays, &Validator::SoftKernels, &Validator::Metadata,
                      &Validator::Connections, &Validator::Instances}) {
      RETURN_IF_ERROR((this->*step)());
    }
    if (const SectionView* bits = Find(BITSTREAM)) result_.bitstream = bits->bytes;
    if (const SectionView* user = Find(USER_METADATA)) {
      result_.user_metadata = {reinterpret_cast<const char*>(user->bytes.data()), user->bytes.size()};
    }
    return std::move(result_);
  }

 private:
  const SectionView* Find(axlf_section_kind kind) const {
    for (const SectionView& section : sections_) {
      if (section.kind == static_cast<uint32_t>(kind)) return &section;
    }
    return nullptr;
  }

  absl::Status Header() {
    if (file_.size() < sizeof(axlf)) {
      return Error(
          "header", file_.size(),
          absl::StrCat("the file has ", file_.size(), " bytes, its header alone needs ", sizeof(axlf)));
    }
    const axlf top = CopyAt<axlf>(file_, 0);
    if (std::memcmp(top.m_magic, "xclbin2", 8) != 0)
      return Error("header", 0, "not an xclbin (no magic 'xclbin2')");
    const axlf_header& header = top.m_header;
    if (top.m_signature_length < -1) {
      return Error("header", offsetof(axlf, m_signature_length),
                   absl::StrCat("signature length ", top.m_signature_length));
    }
    const uint64_t signature = top.m_signature_length > 0 ? static_cast<uint64_t>(top.m_signature_length) : 0;
    if (header.m_length > file_.size() || file_.size() - header.m_length > signature) {
      return Error("header", offsetof(axlf, m_header.m_length),
                   absl::StrCat("says ", header.m_length, " bytes, the file has ", file_.size()));
    }
    if (header.m_mode >= XCLBIN_MODE_MAX) {
      return Error("header", offsetof(axlf, m_header.m_mode), absl::StrCat("unknown mode ", header.m_mode));
    }
    if (header.m_numSections == 0 || header.m_numSections > kMaxSections) {
      return Error("header", offsetof(axlf, m_header.m_numSections),
                   absl::StrCat(header.m_numSections, " sections, must be 1..", kMaxSections));
    }
    const std::optional<std::string> vbnv = FieldName(header.m_platformVBNV);
    if (!vbnv.has_value())
      return Error("header", offsetof(axlf, m_header.m_platformVBNV), "platform name is not terminated");
    if (!FieldName(header.m_debug_bin).has_value())
      return Error("header", offsetof(axlf, m_header.m_debug_bin),
                   "name of the debug file is not terminated");
    result_.vbnv = *vbnv;
    std::memcpy(result_.uuid.data(), header.uuid, result_.uuid.size());
    return SetKind(header.m_mode);
  }

  absl::Status SetKind(uint16_t mode) {
    const bool emulation_mode = mode == XCLBIN_SW_EMU || mode == XCLBIN_HW_EMU || mode == XCLBIN_HW_EMU_PR;
    const bool ours = result_.vbnv.starts_with(kEmulationVbnvPrefix);
    if (ours && mode != XCLBIN_SW_EMU) {
      return Error("header", offsetof(axlf, m_header.m_mode),
                   absl::StrCat("platform ", result_.vbnv, " with mode ", mode, ", must be ",
                                static_cast<int>(XCLBIN_SW_EMU)));
    }
    result_.kind = ours             ? Xclbin::Kind::kEmulation
                   : emulation_mode ? Xclbin::Kind::kForeignEmulation
                                    : Xclbin::Kind::kHardware;
    return absl::OkStatus();
  }

  absl::Status Sections() {
    const axlf top = CopyAt<axlf>(file_, 0);
    const uint64_t length = top.m_header.m_length;
    const uint64_t count = top.m_header.m_numSections;
    const uint64_t headers_end = offsetof(axlf, m_sections) + count * sizeof(axlf_section_header);
    if (headers_end > length) {
      return Error("header", offsetof(axlf, m_header.m_numSections),
                   absl::StrCat(count, " section headers don't fit in ", length, " bytes"));
    }
    std::set<uint32_t> kinds;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t at = offsetof(axlf, m_sections) + i * sizeof(axlf_section_header);
      const auto header = CopyAt<axlf_section_header>(file_, at);
      const std::string where =
          absl::StrCat("header of section ", i, " (", SectionName(header.m_sectionKind), ")");
      if (header.m_sectionOffset < headers_end || header.m_sectionOffset > length ||
          header.m_sectionSize > length - header.m_sectionOffset) {
        return Error(where, at,
                     absl::StrCat("bytes ", header.m_sectionOffset, "+", header.m_sectionSize,
                                  " lie outside of ", headers_end, "..", length));
      }
      if (header.m_sectionOffset % 8 != 0) {
        return Error(where, at, absl::StrCat("offset ", header.m_sectionOffset, " is not a multiple of 8"));
      }
      if (!FieldName(header.m_sectionName).has_value()) return Error(where, at, "its name is not terminated");
      const bool many = header.m_sectionKind == SOFT_KERNEL || header.m_sectionKind == ASK_FLASH ||
                        header.m_sectionKind == VENDER_METADATA || header.m_sectionKind == DEBUG_DATA;
      if (!many && !kinds.insert(header.m_sectionKind).second) return Error(where, at, "is a duplicate");
      sections_.push_back({header.m_sectionKind, header.m_sectionOffset,
                           file_.subspan(header.m_sectionOffset, header.m_sectionSize)});
    }
    return CheckOverlaps();
  }

  absl::Status CheckOverlaps() {
    std::vector<const SectionView*> sorted;
    for (const SectionView& section : sections_) sorted.push_back(&section);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* a, const auto* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      if (sorted[i - 1]->offset + sorted[i - 1]->bytes.size() > sorted[i]->offset) {
        return Error(*sorted[i], 0, absl::StrCat("overlaps ", SectionName(sorted[i - 1]->kind)));
      }
    }
    return absl::OkStatus();
  }

  // The elements of a section that is an array behind an integer count.
  template <class Element, class Count>
  absl::Status ReadArray(const SectionView& section, std::size_t first, std::vector<Element>* elements) {
    if (section.bytes.size() < first) {
      return Error(section, 0, absl::StrCat(section.bytes.size(), " bytes are too few for its count"));
    }
    const auto count = CopyAt<Count>(section.bytes, 0);
    const uint64_t room = (section.bytes.size() - first) / sizeof(Element);
    if (count < 0 || static_cast<uint64_t>(count) > room) {
      return Error(section, 0,
                   absl::StrCat("count ", static_cast<int64_t>(count), ", the section has room for ", room));
    }
    if (static_cast<uint64_t>(count) > kMaxElements) {
      return Error(section, 0, absl::StrCat("count ", count, ", at most ", kMaxElements, " are read"));
    }
    for (uint64_t i = 0; i < static_cast<uint64_t>(count); ++i) {
      elements->push_back(CopyAt<Element>(section.bytes, first + i * sizeof(Element)));
    }
    return absl::OkStatus();
  }

  absl::Status ReadMemories(axlf_section_kind kind, std::vector<Memory>* memories) {
    const SectionView* section = Find(kind);
    if (section == nullptr) return absl::OkStatus();
    std::vector<mem_data> banks;
    constexpr std::size_t kFirst = offsetof(mem_topology, m_mem_data);
    RETURN_IF_ERROR(ReadArray<mem_data, int32_t>(*section, kFirst, &banks));
    if (banks.size() > kMaxMemories) {
      return Error(*section, 0, absl::StrCat(banks.size(), " memories, at most ", kMaxMemories));
    }
    for (std::size_t i = 0; i < banks.size(); ++i) {
      const uint64_t at = kFirst + i * sizeof(mem_data);
      const std::optional<std::string> tag = FieldName(banks[i].m_tag);
      if (!tag.has_value())
        return Error(*section, at, absl::StrCat("tag of memory ", i, " is not terminated"));
      if (banks[i].m_type > MEM_PS_KERNEL) {
        return Error(*section, at, absl::StrCat("memory ", i, " has unknown type ", banks[i].m_type));
      }
      constexpr uint64_t kMostKib = 1ull << 40;
      const bool streaming = banks[i].m_type == MEM_STREAMING || banks[i].m_type == MEM_STREAMING_CONNECTION;
      if (!streaming && banks[i].m_size > kMostKib) {
        return Error(*section, at, absl::StrCat("memory ", i, " has ", banks[i].m_size, " KiB"));
      }
      memories->push_back(
          {*tag, banks[i].m_used != 0, banks[i].m_base_address, streaming ? 0 : banks[i].m_size * 1024});
    }
    return absl::OkStatus();
  }

  absl::Status Memories() {
    RETURN_IF_ERROR(ReadMemories(MEM_TOPOLOGY, &result_.memories));
    return ReadMemories(ASK_GROUP_TOPOLOGY, &groups_);
  }

  absl::Status Ips() {
    const SectionView* section = Find(IP_LAYOUT);
    if (section == nullptr) return absl::OkStatus();
    std::vector<ip_data> ips;
    constexpr std::size_t kFirst = offsetof(ip_layout, m_ip_data);
    RETURN_IF_ERROR(ReadArray<ip_data, int32_t>(*section, kFirst, &ips));
    if (ips.size() > kMaxIps) return Error(*section, 0, absl::StrCat(ips.size(), " IPs, at most ", kMaxIps));
    for (std::size_t i = 0; i < ips.size(); ++i) {
      const uint64_t at = kFirst + i * sizeof(ip_data);
      const std::optional<std::string> name = FieldName(ips[i].m_name);
      if (!name.has_value()) return Error(*section, at, absl::StrCat("name of IP ", i, " is not terminated"));
      if (ips[i].m_type > IP_PS_KERNEL) {
        return Error(*section, at, absl::StrCat("IP ", i, " has unknown type ", ips[i].m_type));
      }
      if (ips[i].m_type == IP_KERNEL && name->find(':') == std::string::npos) {
        return Error(*section, at,
                     absl::StrCat("IP ", i, " is called '", *name, "', must be kernel:instance"));
      }
      ips_.push_back({ips[i].m_type, *name, at});
    }
    return absl::OkStatus();
  }

  // Sections that XRT iterates by count, though we do not use them.
  absl::Status OtherArrays() {
    if (const SectionView* section = Find(CLOCK_FREQ_TOPOLOGY)) {
      std::vector<clock_freq> clocks;
      constexpr std::size_t kFirst = offsetof(clock_freq_topology, m_clock_freq);
      RETURN_IF_ERROR(ReadArray<clock_freq, int16_t>(*section, kFirst, &clocks));
      for (std::size_t i = 0; i < clocks.size(); ++i) {
        if (!FieldName(clocks[i].m_name).has_value()) {
          return Error(*section, kFirst + i * sizeof(clock_freq),
                       absl::StrCat("name of clock ", i, " is not terminated"));
        }
      }
    }
    if (const SectionView* section = Find(DEBUG_IP_LAYOUT)) {
      std::vector<debug_ip_data> ips;
      constexpr std::size_t kFirst = offsetof(debug_ip_layout, m_debug_ip_data);
      RETURN_IF_ERROR(ReadArray<debug_ip_data, uint16_t>(*section, kFirst, &ips));
      for (std::size_t i = 0; i < ips.size(); ++i) {
        if (!FieldName(ips[i].m_name).has_value()) {
          return Error(*section, kFirst + i * sizeof(debug_ip_data),
                       absl::StrCat("name of IP ", i, " is not terminated"));
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status SoftKernels() {
    for (const SectionView& section : sections_) {
      if (section.kind != SOFT_KERNEL) continue;
      if (section.bytes.size() < sizeof(soft_kernel)) return Error(section, 0, "too short for its header");
      const auto kernel = CopyAt<soft_kernel>(section.bytes, 0);
      for (const uint32_t offset :
           {kernel.mpo_name, kernel.mpo_version, kernel.mpo_md5_value, kernel.mpo_symbol_name}) {
        if (offset >= section.bytes.size() ||
            std::memchr(section.bytes.data() + offset, 0, section.bytes.size() - offset) == nullptr) {
          return Error(section, offset, "a name lies outside of the section");
        }
      }
      if (kernel.m_image_offset > section.bytes.size() ||
          kernel.m_image_size > section.bytes.size() - kernel.m_image_offset) {
        return Error(section, 0, "its image lies outside of the section");
      }
    }
    return absl::OkStatus();
  }

  // A number in XRT's formats: decimal or 0x...
  static std::optional<uint64_t> Number(const std::string* text) {
    if (text == nullptr || text->empty()) return std::nullopt;
    const bool hex = text->starts_with("0x") || text->starts_with("0X");
    const char* begin = text->data() + (hex ? 2 : 0);
    const char* end = text->data() + text->size();
    uint64_t value = 0;
    const auto [last, error] = std::from_chars(begin, end, value, hex ? 16 : 10);
    if (error != std::errc() || last != end) return std::nullopt;
    return value;
  }

  static const XmlElement* Child(const XmlElement& parent, std::string_view name) {
    for (const XmlElement& child : parent.children) {
      if (child.name == name) return &child;
    }
    return nullptr;
  }

  absl::Status Metadata() {
    const SectionView* section = Find(EMBEDDED_METADATA);
    if (section == nullptr) return Error("header", 0, "there is no section EMBEDDED_METADATA");
    if (section->bytes.size() > kMaxXmlBytes) {
      return Error(*section, 0, absl::StrCat(section->bytes.size(), " bytes, at most ", kMaxXmlBytes));
    }
    const absl::StatusOr<XmlElement> root =
        ReadXml({reinterpret_cast<const char*>(section->bytes.data()), section->bytes.size()});
    if (!root.ok()) return Error(*section, 0, std::string(root.status().message()));
    const XmlElement* element = &*root;
    if (element->name != "project") return Error(*section, element->offset, "the root is not <project>");
    for (const char* name : {"platform", "device", "core"}) {
      const XmlElement* child = Child(*element, name);
      if (child == nullptr) {
        return Error(*section, element->offset, absl::StrCat("<", element->name, "> has no <", name, ">"));
      }
      element = child;
    }
    for (const XmlElement& child : element->children) {
      if (child.name != "kernel") continue;
      RETURN_IF_ERROR(ReadKernel(*section, child));
    }
    if (result_.kernels.empty()) return Error(*section, element->offset, "there is no <kernel>");
    return absl::OkStatus();
  }

  absl::Status ReadKernel(const SectionView& section, const XmlElement& element) {
    Kernel kernel;
    const std::string* name = element.Attribute("name");
    if (name == nullptr || name->empty()) return Error(section, element.offset, "<kernel> has no name");
    if (result_.FindKernel(*name) != nullptr) {
      return Error(section, element.offset, absl::StrCat("kernel '", *name, "' is a duplicate"));
    }
    kernel.name = *name;
    std::set<std::string> ports;
    for (const XmlElement& child : element.children) {
      const std::string* value = child.Attribute("name");
      if (child.name == "port") {
        if (value == nullptr) return Error(section, child.offset, "<port> has no name");
        if (!Number(child.Attribute("range")) || !Number(child.Attribute("dataWidth"))) {
          return Error(section, child.offset,
                       absl::StrCat("port '", *value, "' needs numbers range and dataWidth"));
        }
        ports.insert(*value);
      } else if (child.name == "instance") {
        if (value == nullptr || value->empty()) return Error(section, child.offset, "<instance> has no name");
        if (kernel.instances.size() == kMaxInstances) {
          return Error(section, child.offset, absl::StrCat("more than ", kMaxInstances, " instances"));
        }
        kernel.instances.push_back(*value);
      }
    }
    for (const XmlElement& child : element.children) {
      if (child.name != "arg") continue;
      RETURN_IF_ERROR(ReadArgument(section, child, ports, &kernel));
    }
    std::sort(kernel.arguments.begin(), kernel.arguments.end(),
              [](const Argument& a, const Argument& b) { return a.index < b.index; });
    for (std::size_t i = 0; i < kernel.arguments.size(); ++i) {
      if (kernel.arguments[i].index != i) {
        return Error(section, element.offset,
                     absl::StrCat("kernel '", kernel.name, "': argument ids must be 0..",
                                  kernel.arguments.size() - 1, ", each once"));
      }
    }
    if (result_.kernels.size() == kMaxKernels) {
      return Error(section, element.offset, absl::StrCat("more than ", kMaxKernels, " kernels"));
    }
    result_.kernels.push_back(std::move(kernel));
    return absl::OkStatus();
  }

  absl::Status ReadArgument(const SectionView& section, const XmlElement& element,
                            const std::set<std::string>& ports, Kernel* kernel) {
    const std::string* name = element.Attribute("name");
    if (name == nullptr || name->empty()) return Error(section, element.offset, "<arg> has no name");
    const auto bad = [&](const std::string& what) {
      return Error(section, element.offset,
                   absl::StrCat("argument '", *name, "' of kernel '", kernel->name, "': ", what));
    };
    const std::string* id = element.Attribute("id");
    if (id != nullptr && id->empty()) return absl::OkStatus();  // added by the tools, without an index
    const std::optional<uint64_t> index = Number(id);
    if (!index.has_value() || *index > 4095) return bad("id must be a number of at most 4095");
    const std::optional<uint64_t> qualifier = Number(element.Attribute("addressQualifier"));
    if (!qualifier.has_value() || *qualifier > 4) return bad("addressQualifier must be 0..4");
    for (const char* attribute : {"size", "offset", "hostSize", "hostOffset"}) {
      if (!Number(element.Attribute(attribute))) return bad(absl::StrCat(attribute, " must be a number"));
    }
    const std::string* port = element.Attribute("port");
    if (port == nullptr || !ports.contains(*port)) return bad("its port does not exist");
    const std::string* type = element.Attribute("type");
    if (type == nullptr) return bad("it has no type");
    constexpr uint64_t kGlobal = 1;
    kernel->arguments.push_back({static_cast<uint32_t>(*index),
                                 *name,
                                 *type,
                                 *qualifier == kGlobal,
                                 *Number(element.Attribute("offset")),
                                 *Number(element.Attribute("size")),
                                 {}});
    return absl::OkStatus();
  }

  absl::Status Connections() {
    RETURN_IF_ERROR(ReadConnections(ASK_GROUP_CONNECTIVITY, groups_, nullptr));
    std::map<std::pair<int32_t, int32_t>, std::vector<uint32_t>> connected;  // (IP, argument) -> memories
    RETURN_IF_ERROR(ReadConnections(CONNECTIVITY, result_.memories, &connected));
    for (std::size_t i = 0; i < ips_.size(); ++i) {
      if (ips_[i].type != IP_KERNEL) continue;
      const std::string name = ips_[i].name.substr(0, ips_[i].name.find(':'));
      Kernel* kernel = nullptr;
      for (Kernel& candidate : result_.kernels) {
        if (candidate.name == name) kernel = &candidate;
      }
      if (kernel == nullptr) {
        return Error(*Find(IP_LAYOUT), ips_[i].offset,
                     absl::StrCat("IP '", ips_[i].name, "': EMBEDDED_METADATA has no kernel '", name, "'"));
      }
      for (Argument& argument : kernel->arguments) {
        if (!argument.is_buffer) continue;
        const auto found = connected.find({static_cast<int32_t>(i), static_cast<int32_t>(argument.index)});
        if (found == connected.end()) {
          const SectionView* section = Find(CONNECTIVITY);
          return Error("CONNECTIVITY", section == nullptr ? 0 : section->offset,
                       absl::StrCat("buffer argument ", argument.index, " ('", argument.name, "') of '",
                                    ips_[i].name, "' is connected to no memory"));
        }
        for (const uint32_t memory : found->second) {
          if (std::find(argument.memories.begin(), argument.memories.end(), memory) ==
              argument.memories.end()) {
            argument.memories.push_back(memory);
          }
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadConnections(axlf_section_kind kind, const std::vector<Memory>& memories,
                               std::map<std::pair<int32_t, int32_t>, std::vector<uint32_t>>* connected) {
    const SectionView* section = Find(kind);
    if (section == nullptr) return absl::OkStatus();
    std::vector<connection> connections;
    constexpr std::size_t kFirst = offsetof(connectivity, m_connection);
    RETURN_IF_ERROR(ReadArray<connection, int32_t>(*section, kFirst, &connections));
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const connection& one = connections[i];
      const uint64_t at = kFirst + i * sizeof(connection);
      if (one.m_ip_layout_index < 0 || static_cast<std::size_t>(one.m_ip_layout_index) >= ips_.size()) {
        return Error(
            *section, at,
            absl::StrCat("connection ", i, ": IP ", one.m_ip_layout_index, ", there are ", ips_.size()));
      }
      if (one.mem_data_index < 0 || static_cast<std::size_t>(one.mem_data_index) >= memories.size()) {
        return Error(
            *section, at,
            absl::StrCat("connection ", i, ": memory ", one.mem_data_index, ", there are ", memories.size()));
      }
      if (one.arg_index < 0 || one.arg_index > 4095) {
        return Error(*section, at, absl::StrCat("connection ", i, ": argument ", one.arg_index));
      }
      const auto memory = static_cast<uint32_t>(one.mem_data_index);
      if (!memories[memory].used) {
        return Error(*section, at, absl::StrCat("connection ", i, ": memory ", memory, " is marked unused"));
      }
      if (connected != nullptr) (*connected)[{one.m_ip_layout_index, one.arg_index}].push_back(memory);
    }
    return absl::OkStatus();
  }

  // Each kernel must be on the card: one IP per instance.
  absl::Status Instances() {
    const SectionView* section = Find(EMBEDDED_METADATA);
    for (const Kernel& kernel : result_.kernels) {
      if (kernel.instances.empty())
        return Error(*section, 0, absl::StrCat("kernel '", kernel.name, "' has no <instance>"));
      for (const std::string& instance : kernel.instances) {
        const std::string name = absl::StrCat(kernel.name, ":", instance);
        if (std::none_of(ips_.begin(), ips_.end(),
                         [&](const Ip& ip) { return ip.type == IP_KERNEL && ip.name == name; })) {
          return Error(*section, 0, absl::StrCat("IP_LAYOUT has no kernel '", name, "'"));
        }
      }
    }
    return absl::OkStatus();
  }

  struct Ip {
    uint32_t type = 0;
    std::string name;
    uint64_t offset = 0;
  };

  std::span<const std::byte> file_;
  std::vector<SectionView> sections_;
  std::vector<Memory> groups_;
  std::vector<Ip> ips_;
  Xclbin result_;
};

}  // namespace

const Kernel* Xclbin::FindKernel(std::string_view name) const {
  for (const Kernel& kernel : kernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

absl::StatusOr<Xclbin> ValidateXclbin(std::span<const std::byte> file) { return Validator(file).Run(); }

}  // namespace streamtensor::artifact::xclbin
