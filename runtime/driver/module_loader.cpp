// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver/module_loader.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "absl/strings/str_cat.h"

namespace streamtensor::runtime::driver {
namespace {

// XRT's libraries stand in $XILINX_XRT/lib. Debian has no such folder, so a link beside the modules
// makes one; an installation in /opt has its own.
void SetXrtFolder(const std::string& folder) {
  if (getenv("XILINX_XRT") != nullptr) return;
  for (const std::string& candidate : {absl::StrCat(folder, "/xrt"), std::string("/opt/xilinx/xrt")}) {
    if (access(absl::StrCat(candidate, "/lib").c_str(), F_OK) != 0) continue;
    setenv("XILINX_XRT", candidate.c_str(), /*overwrite=*/0);
    return;
  }
}

absl::StatusOr<const st_card_module_table*> Load(const std::string& folder, const std::string& name) {
  const std::string path = absl::StrCat(folder, "/card_", name, ".so");
  if (access(path.c_str(), R_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("card module ", path, ": ", std::strerror(errno)));
  }
  if (name == "xrt") SetXrtFolder(folder);
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return absl::FailedPreconditionError(absl::StrCat("card module: ", dlerror()));
  const auto get = reinterpret_cast<st_card_module_function>(dlsym(handle, ST_CARD_MODULE_SYMBOL));
  const st_card_module_table* const table = get == nullptr ? nullptr : get();
  if (table == nullptr || table->abi_version != ST_CARD_MODULE_ABI_VERSION ||
      table->struct_bytes != sizeof(st_card_module_table) || name != table->name) {
    dlclose(handle);
    return absl::FailedPreconditionError(absl::StrCat(path, " is no card module '", name, "' of version ",
                                                      ST_CARD_MODULE_ABI_VERSION,
                                                      ": build all parts together"));
  }
  return table;
}

}  // namespace

std::string ProgramFolder() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return ".";
  const std::string program(path, static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/'));
}

absl::StatusOr<const st_card_module_table*> LoadModule(const std::string& folder, const std::string& name) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, std::string>, const st_card_module_table*> loaded;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto key = std::make_pair(folder, name);
  if (const auto found = loaded.find(key); found != loaded.end()) return found->second;
  absl::StatusOr<const st_card_module_table*> table = Load(folder, name);
  if (table.ok()) loaded[key] = *table;
  return table;
}

}  // namespace streamtensor::runtime::driver
