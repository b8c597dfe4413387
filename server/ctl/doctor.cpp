// SPDX-License-Identifier: Apache-2.0
// Checks the host and says what to do.
#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/config/config.h"
#include "server/ctl/arguments.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"

namespace streamtensor::ctl {
namespace {

namespace fs = std::filesystem;

class Findings {
 public:
  void Good(const std::string& what) { std::printf("ok    %s\n", what.c_str()); }
  void Note(const std::string& what, const std::string& advice) {
    std::printf("note  %s\n      %s\n", what.c_str(), advice.c_str());
  }
  void Bad(const std::string& what, const std::string& advice) {
    std::printf("BAD   %s\n      %s\n", what.c_str(), advice.c_str());
    bad_ = true;
  }
  bool bad() const { return bad_; }

 private:
  bool bad_ = false;
};

void CheckCpu(Findings& findings) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    findings.Good(
        absl::StrCat("CPU: x86-64-v3", __builtin_cpu_supports("avx512vnni") ? " and AVX-512 VNNI" : ""));
  } else {
    findings.Bad("CPU: lacks AVX2, FMA or BMI2", "emulated cards need an x86-64-v3 processor");
  }
}

void CheckPrograms(Findings& findings) {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  const fs::path dir =
      fs::path(std::string(path, length > 0 ? static_cast<size_t>(length) : 0)).parent_path();
  for (const char* program : {"streamtensord", "streamtensorc", "streamtensor-card"}) {
    if (access((dir / program).c_str(), X_OK) == 0) {
      findings.Good(absl::StrCat("program: ", program));
    } else {
      findings.Bad(absl::StrCat("program: ", (dir / program).string(), " is missing"),
                   "build it: scripts/build");
    }
  }
  bool found = false;
  const char* search = std::getenv("PATH");
  std::string folders = search != nullptr ? search : "";
  for (size_t begin = 0; begin <= folders.size() && !found;) {
    const size_t end = std::min(folders.find(':', begin), folders.size());
    found = access((folders.substr(begin, end - begin) + "/g++").c_str(), X_OK) == 0;
    begin = end + 1;
  }
  if (found) {
    findings.Good("compiler: g++");
  } else {
    findings.Bad("compiler: g++ is not in PATH",
                 "apt-get install g++; target emulation compiles the HLS text with it");
  }
}

void CheckXrt(Findings& findings) {
  if (void* library = dlopen("libxrt_coreutil.so.2", RTLD_LAZY | RTLD_LOCAL)) {
    findings.Good("XRT: libxrt_coreutil.so.2");
    dlclose(library);
  } else {
    findings.Note("XRT: libxrt_coreutil.so.2 is not installed",
                  "driver xrt needs it: apt-get install libxrt1");
  }
  const char* xrt = std::getenv("XILINX_XRT");
  if (xrt == nullptr) {
    findings.Note(
        "XILINX_XRT is not set",
        "driver xrt needs it: a folder whose lib/ holds libxrt_coreutil.so (on Debian: a folder with a link "
        "lib -> /usr/lib/x86_64-linux-gnu)");
  } else if (!fs::is_directory(fs::path(xrt) / "lib")) {
    findings.Bad(absl::StrCat("XILINX_XRT is ", xrt, ", which has no folder lib"),
                 "let it name XRT's folder, or unset it");
  } else {
    findings.Good(absl::StrCat("XILINX_XRT: ", xrt));
  }
}

std::string FirstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Accelerator functions on the PCIe bus by vendor, and who drives them.
void CheckPcie(Findings& findings) {
  std::error_code error;
  int cards = 0;
  for (auto it = fs::directory_iterator("/sys/bus/pci/devices", error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    if (FirstLine(it->path() / "vendor") != "0x10ee") continue;
    ++cards;
    const std::string bdf = it->path().filename().string();
    const fs::path driver = fs::read_symlink(it->path() / "driver", error);
    if (error) {
      findings.Note(
          absl::StrCat("PCIe: card ", bdf, " (device ", FirstLine(it->path() / "device"), ") has no driver"),
          "install XRT's kernel modules (xocl, xclmgmt)");
      error.clear();
    } else {
      findings.Good(absl::StrCat("PCIe: card ", bdf, ", driver ", driver.filename().string()));
    }
  }
  if (cards == 0)
    findings.Note("PCIe: no AMD card", "use driver emulated; everything but real silicon works with it");
}

void CheckCache(Findings& findings) {
  const std::string dir = server::DefaultCacheDir();
  fs::path existing = dir;
  while (!fs::exists(existing) && existing.has_parent_path() && existing != existing.parent_path()) {
    existing = existing.parent_path();
  }
  std::error_code error;
  const fs::space_info space = fs::space(existing, error);
  const double free_gib = error ? 0 : static_cast<double>(space.available) / (1 << 30);
  if (access(existing.c_str(), W_OK) != 0) {
    findings.Bad(absl::StrCat("cache: ", dir, " can not be written"),
                 "set STREAMTENSOR_CACHE_DIR to a folder of yours");
  } else if (free_gib < 1) {
    findings.Bad(absl::StrCat("cache: ", dir, " has less than 1 GiB free"),
                 "make room, or set STREAMTENSOR_CACHE_DIR");
  } else {
    findings.Good(absl::StrCat("cache: ", dir, ", ", static_cast<int64_t>(free_gib), " GiB free"));
  }
}

void CheckServer(Findings& findings, const std::string& server) {
  const Client client(server);
  grpc::ClientContext context;
  SetShortDeadline(context);
  v1::ListCardsResponse response;
  const grpc::Status status = client.operations->ListCards(&context, v1::ListCardsRequest(), &response);
  if (!status.ok()) {
    findings.Note(absl::StrCat("server: none at ", server),
                  "start one: streamtensord --config FILE (or name it: --server HOST:PORT)");
    return;
  }
  findings.Good(absl::StrCat("server: answers at ", server));
  for (const v1::Card& card : response.cards()) {
    const std::string name = absl::StrCat("card ", card.name());
    if (card.state() == v1::CARD_STATE_READY) {
      findings.Good(name + ": READY");
    } else if (card.state() == v1::CARD_STATE_CLOSED) {
      findings.Note(name + ": not open yet",
                    "its model is still compiling or loading: streamtensorctl models");
    } else {
      findings.Bad(absl::StrCat(name, ": ", card.error()),
                   "see the daemon's log; a LOST card is reset by itself");
    }
  }
}

}  // namespace

int Doctor(const std::string& server, const Words& words) {
  bool help = false;
  Arguments arguments;
  arguments.Flag("help", &help, "this text");
  if (const absl::Status status = arguments.Read(words); !status.ok()) {
    return WrongUsage("doctor", std::string(status.message()));
  }
  if (help) {
    std::printf("Usage: streamtensorctl [--server HOST:PORT] doctor\n\nExit code 1 when something is BAD.\n");
    return 0;
  }
  Findings findings;
  CheckCpu(findings);
  CheckPrograms(findings);
  CheckXrt(findings);
  CheckPcie(findings);
  CheckCache(findings);
  CheckServer(findings, server);
  return findings.bad() ? 1 : 0;
}

}  // namespace streamtensor::ctl
