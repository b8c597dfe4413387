// SPDX-License-Identifier: Apache-2.0
#include "runtime/driver_library/driver_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace streamtensor::runtime {
namespace {

absl::StatusOr<const st_driver_table*> Load(const std::string& folder, const std::string& name) {
  const std::string path = absl::StrCat(folder, "/card_", name, ".so");
  if (access(path.c_str(), R_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("driver library ", path, ": ", std::strerror(errno)));
  }
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return absl::FailedPreconditionError(absl::StrCat("driver library: ", dlerror()));
  const auto get = reinterpret_cast<st_driver_function>(dlsym(handle, ST_DRIVER_SYMBOL));
  const st_driver_table* const table = get == nullptr ? nullptr : get();
  if (table == nullptr || table->abi_version != ST_DRIVER_ABI_VERSION ||
      table->struct_bytes != sizeof(st_driver_table) || name != table->name) {
    dlclose(handle);
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a library of driver '", name,
                                                      "' of version ", ST_DRIVER_ABI_VERSION,
                                                      ": build all parts together"));
  }
  return table;
}

class LoadedLibraries {
 public:
  absl::StatusOr<const st_driver_table*> Get(const std::string& folder, const std::string& name)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const MutexLock lock(mutex_);
    const auto key = std::make_pair(folder, name);
    if (const auto found = tables_.find(key); found != tables_.end()) return found->second;
    ASSIGN_OR_RETURN(const st_driver_table* const table, Load(folder, name));
    tables_[key] = table;
    return table;
  }

 private:
  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, const st_driver_table*> tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::string ProgramDir() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return ".";
  const std::string program(path, static_cast<std::size_t>(length));
  return program.substr(0, program.rfind('/'));
}

absl::StatusOr<const st_driver_table*> LoadDriverLibrary(const std::string& folder, const std::string& name) {
  static LoadedLibraries& libraries = *new LoadedLibraries;  // never destroyed: threads may outlive main()
  return libraries.Get(folder, name);
}

}  // namespace streamtensor::runtime
