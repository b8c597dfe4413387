// SPDX-License-Identifier: Apache-2.0
// Checks the host and reports how to fix problems.
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/program_folder.h"
#include "server/access/client_tokens.h"
#include "server/access/tls_pair.h"
#include "server/config/config.h"
#include "server/config/model_files.h"
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
  const fs::path dir = base::ProgramFolder();
  for (const char* program : {"streamtensord", "streamtensorc", "streamtensor-card"}) {
    if (access((dir / program).c_str(), X_OK) == 0) {
      findings.Good(absl::StrCat("program: ", program));
    } else {
      findings.Bad(absl::StrCat("program: ", (dir / program).string(), " is missing"),
                   "build it: scripts/build");
    }
  }
  for (const char* library : {"card_emulated.so", "card_xrt.so"}) {
    const fs::path file = dir.parent_path() / "lib/streamtensor" / library;
    if (access(file.c_str(), R_OK) == 0) {
      findings.Good(absl::StrCat("driver library: ", library));
    } else {
      findings.Bad(absl::StrCat("driver library: ", file.string(), " is missing"), "build it: scripts/build");
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

std::string FirstLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

void CheckXrt(Findings& findings) {
  if (void* library = dlopen("libxrt_coreutil.so.2", RTLD_LAZY | RTLD_LOCAL)) {
    const link_map* loaded = nullptr;
    std::error_code error;
    std::string file;
    if (dlinfo(library, RTLD_DI_LINKMAP, &loaded) == 0) file = fs::canonical(loaded->l_name, error).string();
    findings.Good(absl::StrCat("XRT: ", file.empty() ? "libxrt_coreutil.so.2" : file));
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
        "lib -> /usr/lib/x86_64-linux-gnu; lib/streamtensor/xrt of an installation is one)");
  } else if (!fs::is_directory(fs::path(xrt) / "lib")) {
    findings.Bad(absl::StrCat("XILINX_XRT is ", xrt, ", which has no folder lib"),
                 "let it name XRT's folder, or unset it");
  } else {
    findings.Good(absl::StrCat("XILINX_XRT: ", xrt));
  }
  for (const char* module : {"xocl", "xclmgmt"}) {
    const fs::path folder = fs::path("/sys/module") / module;
    if (fs::exists(folder)) {
      findings.Good(absl::StrCat("kernel driver: ", module, " ", FirstLine(folder / "version")));
    }
  }
}

// The platform in a card's flash ("xilinx_u55c_gen3x16_xdma_base_3"); empty: unknown.
std::string ShellOf(const fs::path& device) {
  std::error_code error;
  for (auto it = fs::directory_iterator(device, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (it->path().filename().string().rfind("rom.", 0) == 0) return FirstLine(it->path() / "VBNV");
  }
  return "";
}

// Accelerator functions on the PCIe bus by vendor, with their drivers.
void CheckPcie(Findings& findings) {
  std::error_code error;
  int cards = 0;
  for (auto it = fs::directory_iterator("/sys/bus/pci/devices", error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    if (FirstLine(it->path() / "vendor") != "0x10ee") continue;
    ++cards;
    const std::string bdf = it->path().filename().string();
    std::error_code no_driver;
    const fs::path driver = fs::read_symlink(it->path() / "driver", no_driver);
    if (no_driver) {
      findings.Note(
          absl::StrCat("PCIe: card ", bdf, " (device ", FirstLine(it->path() / "device"), ") has no driver"),
          "install XRT's kernel modules (xocl, xclmgmt)");
      continue;
    }
    const std::string shell = ShellOf(it->path());
    findings.Good(absl::StrCat("PCIe: card ", bdf, ", driver ", driver.filename().string(),
                               shell.empty() ? "" : ", shell ", shell));
  }
  if (cards == 0)
    findings.Note("PCIe: no AMD card", "use driver emulated; everything but real silicon works with it");
}

void CheckCache(Findings& findings, const std::string& dir) {
  fs::path existing = dir;
  while (!fs::exists(existing) && existing.has_parent_path() && existing != existing.parent_path()) {
    existing = existing.parent_path();
  }
  std::error_code error;
  const fs::space_info space = fs::space(existing, error);
  const double free_gib = error ? 0 : static_cast<double>(space.available) / (1 << 30);
  if (!fs::is_directory(existing)) {
    findings.Bad(absl::StrCat("cache: ", dir, " cannot be made: ", existing.string(), " is not a folder"),
                 "set cache.dir, or STREAMTENSOR_CACHE_DIR, to a folder");
  } else if (access(existing.c_str(), W_OK) != 0) {
    findings.Bad(absl::StrCat("cache: ", dir, " cannot be written"),
                 "set cache.dir, or STREAMTENSOR_CACHE_DIR, to a folder of yours");
  } else if (free_gib < 1) {
    findings.Bad(absl::StrCat("cache: ", dir, " has less than 1 GiB free"),
                 "make room, or set cache.dir or STREAMTENSOR_CACHE_DIR");
  } else {
    findings.Good(absl::StrCat("cache: ", dir, ", ", static_cast<int64_t>(free_gib), " GiB free"));
  }
}

void CheckTls(Findings& findings, const server::ServerConfig& config) {
  if (config.tls_certificate.empty()) return;
  const absl::StatusOr<server::TlsPair> pair = server::ReadTlsPair(config.tls_certificate, config.tls_key);
  if (!pair.ok()) {
    findings.Bad(std::string(pair.status().message()), "correct server.tls_certificate and server.tls_key");
    return;
  }
  const server::TlsValidity validity = server::CheckValidity(*pair, absl::Now());
  const std::string what = absl::StrCat("TLS: ", config.tls_certificate);
  const std::string advice = "replace it and restart the daemon";
  if (!validity.is_valid) {
    findings.Bad(absl::StrCat(what, " ", validity.warning), advice);
  } else if (!validity.warning.empty()) {
    findings.Note(absl::StrCat(what, " ", validity.warning), advice);
  } else {
    findings.Good(what);
  }
}

void CheckTokens(Findings& findings, const std::string& file) {
  if (file.empty()) return;
  const absl::StatusOr<server::ClientTokens> tokens = server::ClientTokens::Read(file);
  if (tokens.ok()) {
    findings.Good(absl::StrCat("tokens: ", file, ", of ", tokens->size(), " clients"));
  } else {
    findings.Bad(std::string(tokens.status().message()), "correct access.tokens_file");
  }
}

// The daemon's configuration: its errors, its cache, and whether its files exist.
void CheckConfiguration(Findings& findings, const std::string& file) {
  const absl::StatusOr<server::Config> config = server::ReadConfig(file);
  if (!config.ok()) {
    for (const auto line : absl::StrSplit(config.status().message(), '\n')) {
      findings.Bad(absl::StrCat("configuration: ", line), "configs/streamtensord.yaml explains every key");
    }
    return;
  }
  findings.Good(absl::StrCat("configuration: ", file));
  CheckTls(findings, config->server);
  CheckTokens(findings, config->access.tokens_file);
  CheckCache(findings, config->cache.dir);
  for (const server::ModelFile& file : server::ModelFiles(*config)) {
    const std::string what = absl::StrCat("model ", file.model, ": ", file.path);
    if (file.error.empty()) {
      findings.Good(what);
    } else {
      findings.Bad(absl::StrCat(what, ": ", file.error),
                   "correct models[].source or artifact, or make it readable");
    }
  }
}

void CheckServer(Findings& findings, const Target& target) {
  const Client client(target);
  grpc::ClientContext context;
  client.PrepareShort(context);
  v1::ListCardsResponse response;
  const grpc::Status status = client.operations->ListCards(&context, v1::ListCardsRequest(), &response);
  if (!status.ok() && status.error_code() != grpc::StatusCode::UNAVAILABLE) {
    findings.Bad(absl::StrCat("server: ", target.server, " answers ", StatusName(status.error_code()), ": ",
                              status.error_message()),
                 status.error_code() == grpc::StatusCode::UNAUTHENTICATED
                     ? "name the file of your token: --token-file FILE"
                     : "see the daemon's log");
    return;
  }
  if (!status.ok()) {
    findings.Note(absl::StrCat("server: none at ", target.server),
                  "start one: streamtensord --config FILE (or name it: --server HOST:PORT)");
    return;
  }
  findings.Good(absl::StrCat("server: answers at ", target.server));
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

int Doctor(const Target& target, const std::string& config) {
  Findings findings;
  CheckCpu(findings);
  CheckPrograms(findings);
  CheckXrt(findings);
  CheckPcie(findings);
  if (config.empty()) {
    CheckCache(findings, server::DefaultCacheDir());
  } else {
    CheckConfiguration(findings, config);
  }
  CheckServer(findings, target);
  return findings.bad() ? 1 : 0;
}

}  // namespace

void AddDoctorCommand(base::Program& program, const Target& target) {
  auto config = std::make_shared<std::string>();
  CLI::App& app = program.AddCommand("doctor", "Check this host and say what to do",
                                     [&target, config] { return Doctor(target, *config); });
  app.add_option("--config", *config, "Also check this configuration of the daemon")->type_name("FILE");
  app.footer("Exit status 1 when something is BAD.");
  base::AddExamples(app, {"streamtensorctl doctor --config my.yaml"});
}

}  // namespace streamtensor::ctl
