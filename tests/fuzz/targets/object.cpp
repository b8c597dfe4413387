// SPDX-License-Identifier: Apache-2.0
// The BITSTREAM of an emulation xclbin: an index of shared objects, checked up to where one would be loaded.
#include <elf.h>

#include <cstring>

#include "artifact/object_index.h"
#include "runtime/card/object_loader.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

namespace card = runtime::card;

namespace {

template <class T>
void Append(std::string* object, const T& value) {
  object->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// An object as far as it is looked at: the header, the names, the symbols, and the section headers.
std::string SmallObject() {
  const std::string names("\0st_launch\0_end\0", 16);
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_X86_64;
  header.e_type = ET_DYN;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shoff = sizeof(Elf64_Ehdr) + names.size() + 3 * sizeof(Elf64_Sym);
  std::string object;
  Append(&object, header);
  object += names;
  for (int i = 0; i < 3; ++i) {
    Elf64_Sym symbol = {};
    symbol.st_name = i == 0 ? 0 : i == 1 ? 1 : 11;
    symbol.st_shndx = i == 0 ? SHN_UNDEF : 1;
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, i == 1 ? STT_FUNC : STT_NOTYPE);
    Append(&object, symbol);
  }
  Elf64_Shdr none = {}, strings = {}, symbols = {};
  strings.sh_type = SHT_STRTAB;
  strings.sh_offset = sizeof(Elf64_Ehdr);
  strings.sh_size = names.size();
  symbols.sh_type = SHT_DYNSYM;
  symbols.sh_offset = sizeof(Elf64_Ehdr) + names.size();
  symbols.sh_size = 3 * sizeof(Elf64_Sym);
  symbols.sh_entsize = sizeof(Elf64_Sym);
  symbols.sh_link = 1;
  for (const Elf64_Shdr& section : {none, strings, symbols}) Append(&object, section);
  return object;
}

}  // namespace

std::vector<std::string> Seeds() {
  const std::string object = SmallObject();
  std::vector<artifact::ObjectEntry> entries = {{std::string(artifact::kIsaV3), AsBytes(object)}};
  std::vector<std::string> seeds;
  for (const std::string_view more : {artifact::kIsaV4Vnni, artifact::kIsaV3}) {
    const std::vector<std::byte> section = artifact::WriteObjectIndex(entries).value();
    seeds.emplace_back(reinterpret_cast<const char*>(section.data()), section.size());
    if (more != artifact::kIsaV3) entries.push_back({std::string(more), AsBytes(object)});
  }
  return seeds;
}

bool Accepts(std::string_view input) {
  const auto entries = artifact::ReadObjectIndex(AsBytes(input));
  if (!entries.ok()) return Refused(entries.status(), {"BITSTREAM"});
  const auto entry = artifact::SelectObject(*entries, "");
  if (!entry.ok()) return Refused(entry.status());
  const absl::Status status = card::CheckObject(entry->object);
  return status.ok() || Refused(status, {"object"});
}

}  // namespace streamtensor::fuzz
