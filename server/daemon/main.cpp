// SPDX-License-Identifier: Apache-2.0
// streamtensord: serves compiled models to gRPC clients.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/program.h"
#include "server/config/config.h"
#include "server/daemon/daemon.h"
#include "server/daemon/logging.h"
#ifdef ST_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace {

using namespace streamtensor::server;

constexpr char kSignals[] =
    "Signals: SIGHUP reads the configuration again and applies it, all or nothing, without dropping "
    "streams.\n"
    "SIGTERM and SIGINT let running streams end for limits.drain_seconds, then stop; a second one stops at\n"
    "once.";

void NotifySystemd(const char* state) {
#ifdef ST_HAVE_SYSTEMD
  sd_notify(0, state);
#else
  (void)state;
#endif
}

std::string ProgramDir() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  return length > 0 ? std::filesystem::path(std::string(path, static_cast<size_t>(length))).parent_path()
                    : ".";
}

// Many clients need many descriptors.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// Half of systemd's watchdog interval; a day if there is none.
timespec WatchdogPeriod() {
  uint64_t microseconds = 0;
#ifdef ST_HAVE_SYSTEMD
  if (sd_watchdog_enabled(0, &microseconds) <= 0) microseconds = 0;
#endif
  if (microseconds == 0) return {24 * 3600, 0};
  return {static_cast<time_t>(microseconds / 2 / 1000000),
          static_cast<long>(microseconds / 2 % 1000000 * 1000)};
}

// Waits for SIGTERM or SIGINT and returns its number. Notifies the watchdog while the scheduler loops make
// progress.
int AwaitShutdown(Daemon& daemon, const std::string& file, const sigset_t& signals) {
  const timespec period = WatchdogPeriod();
  for (;;) {
    const int number = sigtimedwait(&signals, nullptr, &period);
    if (number == SIGHUP) {
      daemon.Reload(file);
    } else if (number > 0) {
      return number;
    }
    if (const std::string stuck = daemon.Stuck(); stuck.empty()) {
      NotifySystemd("WATCHDOG=1");
    } else {
      spdlog::error("stuck: the scheduler of {}; the watchdog is not notified", stuck);
    }
  }
}

int Serve(const Config& config, const std::string& file) {
  RaiseDescriptorLimit();
  // Every thread inherits this mask: only sigwait() receives signals.
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const std::function<uint64_t()> dropped_log_lines = SetUpLogging(config.log);

  spdlog::info("streamtensord {} starts", ST_VERSION);
  Daemon daemon(config, ProgramDir(), ST_VERSION, dropped_log_lines);
  if (const absl::Status status = daemon.Start(); !status.ok()) {
    spdlog::error("{}", std::string(status.message()));
    return 1;
  }
  NotifySystemd("READY=1");
  const int number = AwaitShutdown(daemon, file, signals);
  spdlog::info("{}: shutting down", strsignal(number));
  NotifySystemd("STOPPING=1");
  // Draining may take longer than the unit's TimeoutStopSec; includes a margin for the shutdown after it.
  NotifySystemd(absl::StrCat("EXTEND_TIMEOUT_USEC=", (daemon.drain_seconds() + 30) * 1000000).c_str());
  // Nothing is left to reload: SIGHUP does not end the wait.
  sigdelset(&signals, SIGHUP);
  daemon.Drain([&signals] {
    const timespec now{};
    return sigtimedwait(&signals, nullptr, &now) > 0;
  });
  return 0;
}

int Run(const std::string& file, bool check) {
  const absl::StatusOr<Config> config = ReadConfig(file);
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", std::string(config.status().message()).c_str());
    return 1;
  }
  if (check) {
    std::printf("%s: good\n", file.c_str());
    return 0;
  }
  const int code = Serve(*config, file);
  if (code == 0) spdlog::info("stopped");
  spdlog::shutdown();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::string file;
  bool check = false;
  streamtensor::base::Program program("streamtensord",
                                      "Serves compiled models over gRPC, with metrics and health over HTTP.",
                                      [] { return ST_VERSION; });
  CLI::App& app = program.app();
  app.add_option("--config", file, "The configuration; configs/streamtensord.yaml explains every key")
      ->type_name("FILE")
      ->required();
  app.add_flag("--check", check, "Only read the configuration: exit 0 if it is good, else print every error");
  app.footer(kSignals);
  program.SetRun([&] { return Run(file, check); });
  return program.Main(argc, argv);
}
