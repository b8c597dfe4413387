// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/object_loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file_descriptor.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::runtime::card {
namespace {

// Structures are copied out: nothing in the bytes is trusted, alignment neither.
template <class T>
bool ReadAt(std::span<const std::byte> bytes, uint64_t offset, T* value) {
  if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) return false;
  std::memcpy(value, bytes.data() + offset, sizeof(T));
  return true;
}

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the design's object is damaged: ", what));
}

// Marks that linkers put around sections; they name no code.
bool IsLinkerMark(absl::string_view name) {
  return name == "_init" || name == "_fini" || name == "_edata" || name == "_end" || name == "__bss_start";
}

absl::Status CheckSymbols(std::span<const std::byte> object, const Elf64_Shdr& symbols,
                          const Elf64_Shdr& strings) {
  if (symbols.sh_entsize != sizeof(Elf64_Sym) || symbols.sh_offset > object.size() ||
      symbols.sh_size > object.size() - symbols.sh_offset || strings.sh_offset > object.size() ||
      strings.sh_size > object.size() - strings.sh_offset) {
    return Damaged("its dynamic symbols lie outside of it");
  }
  const char* const names = reinterpret_cast<const char*>(object.data() + strings.sh_offset);
  bool found = false;
  for (uint64_t i = 0; i < symbols.sh_size / sizeof(Elf64_Sym); ++i) {
    Elf64_Sym symbol;
    if (!ReadAt(object, symbols.sh_offset + i * sizeof(Elf64_Sym), &symbol)) return Damaged("symbol table");
    const unsigned char binding = ELF64_ST_BIND(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
    if (symbol.st_name >= strings.sh_size) return Damaged("a symbol's name lies outside of it");
    const absl::string_view name(names + symbol.st_name,
                                 strnlen(names + symbol.st_name, strings.sh_size - symbol.st_name));
    if (name == ST_LAUNCH_SYMBOL && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC) {
      found = true;
    } else if (!IsLinkerMark(name)) {
      return absl::InvalidArgumentError(absl::StrCat("the design's object exports '",
                                                     base::Printable({name.data(), name.size()}),
                                                     "'; it may export ", ST_LAUNCH_SYMBOL, " alone"));
    }
  }
  if (!found) {
    return absl::InvalidArgumentError(
        absl::StrCat("the design's object does not export the function ", ST_LAUNCH_SYMBOL));
  }
  return absl::OkStatus();
}

absl::Status SystemError(absl::string_view what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::Status CheckObject(std::span<const std::byte> object) {
  Elf64_Ehdr header;
  if (!ReadAt(object, 0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 || header.e_type != ET_DYN) {
    return absl::InvalidArgumentError("the design's object is not an x86-64 ELF shared object");
  }
  if (header.e_shentsize != sizeof(Elf64_Shdr)) return Damaged("size of its section headers");
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section, strings;
    if (!ReadAt(object, header.e_shoff + i * sizeof(Elf64_Shdr), &section)) {
      return Damaged("its section headers lie outside of it");
    }
    if (section.sh_type != SHT_DYNSYM) continue;
    if (section.sh_link >= header.e_shnum ||
        !ReadAt(object, header.e_shoff + section.sh_link * sizeof(Elf64_Shdr), &strings)) {
      return Damaged("its symbols have no names");
    }
    return CheckSymbols(object, section, strings);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the design's object exports nothing, expected ", ST_LAUNCH_SYMBOL));
}

absl::StatusOr<LoadedObject> LoadedObject::Load(std::span<const std::byte> object,
                                                const BeforeCode& before_code) {
  RETURN_IF_ERROR(CheckObject(object));
  const base::FileDescriptor file(memfd_create("streamtensor-design", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return SystemError("memory file for the design");
  for (std::size_t written = 0; written < object.size();) {
    const ssize_t n = write(file.get(), object.data() + written, object.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return SystemError("writing the design to memory");
    written += static_cast<std::size_t>(n);
  }
  // The code cannot change between the check and its use.
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return SystemError("sealing the design");
  }
  // The dynamic linker believes what the object says of itself, and runs its constructors.
  if (before_code != nullptr) RETURN_IF_ERROR(before_code(file.get()));
  const std::string path = absl::StrCat("/proc/self/fd/", file.get());
  // The dynamic linker knows objects by device and inode, so each load of each object is its own.
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the design's object can't be loaded: ", base::PrintableMessage(dlerror())));
  }
  void* const symbol = dlsym(handle, ST_LAUNCH_SYMBOL);
  if (symbol == nullptr) {
    dlclose(handle);
    return absl::InvalidArgumentError(absl::StrCat("the design's object has no ", ST_LAUNCH_SYMBOL));
  }
  return LoadedObject(handle, reinterpret_cast<st_launch_function>(symbol));
}

LoadedObject::LoadedObject(LoadedObject&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), launch_(std::exchange(other.launch_, nullptr)) {}

LoadedObject& LoadedObject::operator=(LoadedObject&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(launch_, other.launch_);
  return *this;
}

LoadedObject::~LoadedObject() {
  if (handle_ != nullptr) dlclose(handle_);
}

}  // namespace streamtensor::runtime::card
