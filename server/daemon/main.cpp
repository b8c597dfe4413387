// SPDX-License-Identifier: Apache-2.0
// streamtensord: serves compiled models to gRPC clients.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/network_address.h"
#include "base/program.h"
#include "base/program_folder.h"
#include "base/status_macros.h"
#include "server/config/config.h"
#include "server/config/model_config.h"
#include "server/config/model_files.h"
#include "server/daemon/daemon.h"
#include "server/daemon/logging.h"
#include "server/daemon/shutdown_watchdog.h"
#ifdef ST_HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

// jemalloc's settings. Freed pages return to the system within seconds, by a thread that needs no request to
// wake it; few arenas scatter live blocks over fewer pages, and a thread that rests keeps small blocks alone.
// What a storm of requests had needed is given back.
extern "C" const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:4,tcache_max:1024,background_thread:true,max_background_threads:1,dirty_decay_ms:2000,muzzy_"
    "decay_ms:0";

namespace {

using namespace streamtensor::server;

constexpr char kFooter[] =
    "Without a configuration: streamtensord MODEL serves one model on an emulated U55C, on this host alone.\n"
    "\n"
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

// Many clients need many descriptors.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

// What the shutdown after draining may take, with a second left to write the log: all in all, the process has
// ended 5 s after limits.drain_seconds.
constexpr absl::Duration kShutdownLimit = absl::Seconds(4);

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

// Where the configuration comes from, at the start and at each SIGHUP.
struct ConfigSource {
  std::string name;  // for messages
  std::function<absl::StatusOr<Config>()> read;
};

// Waits for SIGTERM or SIGINT and returns its number. Notifies the watchdog while the scheduler loops make
// progress.
int AwaitShutdown(Daemon& daemon, const ConfigSource& source, const sigset_t& signals) {
  std::string told_stuck;
  const timespec period = WatchdogPeriod();
  for (;;) {
    const int number = sigtimedwait(&signals, nullptr, &period);
    if (number == SIGHUP) {
      daemon.Reload(source.name, source.read());
    } else if (number > 0) {
      return number;
    }
    std::string stuck = daemon.Stuck();
    if (stuck.empty()) {
      NotifySystemd("WATCHDOG=1");
    } else if (stuck != told_stuck) {
      spdlog::error("stuck: the scheduler of {}; the watchdog is not notified", stuck);
    }
    told_stuck = std::move(stuck);
  }
}

int Serve(const Config& config, const ConfigSource& source) {
  RaiseDescriptorLimit();
  // Every thread inherits this mask: only sigwait() receives signals.
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A broken pipe, or a file at the limit of its size, is an error of the write alone.
  for (int number : {SIGPIPE, SIGXFSZ}) signal(number, SIG_IGN);
  const std::function<uint64_t()> dropped_log_lines = SetUpLogging(config.log);

  spdlog::info("streamtensord {} starts", ST_VERSION);
  std::optional<ShutdownWatchdog> watchdog;  // outlives the daemon
  Daemon daemon(config, streamtensor::base::ProgramFolder(), ST_VERSION, dropped_log_lines);
  if (const absl::Status status = daemon.Start(); !status.ok()) {
    spdlog::error("{}", std::string(status.message()));
    return 1;
  }
  NotifySystemd("READY=1");
  const int number = AwaitShutdown(daemon, source, signals);
  spdlog::info("{}: shutting down", strsignal(number));
  watchdog.emplace(absl::Seconds(daemon.drain_seconds()) + kShutdownLimit);
  watchdog->SetStage("running requests");
  NotifySystemd("STOPPING=1");
  // Draining may take longer than the unit's TimeoutStopSec; includes a margin for the shutdown after it.
  NotifySystemd(absl::StrCat("EXTEND_TIMEOUT_USEC=", (daemon.drain_seconds() + 30) * 1000000).c_str());
  // Nothing is left to reload: SIGHUP does not end the wait.
  sigdelset(&signals, SIGHUP);
  daemon.Drain([&signals] {
    const timespec now{};
    return sigtimedwait(&signals, nullptr, &now) > 0;
  });
  watchdog->Hurry(kShutdownLimit);
  daemon.Stop([&watchdog](const char* stage) { watchdog->SetStage(stage); });
  return 0;
}

// A missing model keeps the daemon from serving that model only, so it is no error.
int ReportCheck(const Config& config, const std::string& name) {
  if (const absl::Status status = CheckAccessFiles(config); !status.ok()) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), std::string(status.message()).c_str());
    return 1;
  }
  bool all_there = true;
  for (const ModelFile& file : ModelFiles(config)) {
    if (file.error.empty()) continue;
    all_there = false;
    std::printf("%s: model %s cannot be served: %s: %s\n", name.c_str(), file.model.c_str(),
                file.path.c_str(), file.error.c_str());
  }
  if (all_there) std::printf("%s: good\n", name.c_str());
  return 0;
}

int Run(const ConfigSource& source, bool check) {
  const absl::StatusOr<Config> config = source.read();
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", std::string(config.status().message()).c_str());
    return 1;
  }
  if (check) return ReportCheck(*config, source.name);
  const int code = Serve(*config, source);
  if (code == 0) spdlog::info("stopped");
  spdlog::shutdown();
  return code;
}

struct Options {
  std::string model;
  std::string file;
  // As in the configuration's section server; kOff: not served.
  std::string listen, http_listen, metrics_listen;
  bool check = false;
};

constexpr char kOff[] = "off";

CLI::Validator ListenAddress(bool unix_socket) {
  return CLI::Validator(
      [unix_socket](const std::string& text) -> std::string {
        const bool good = unix_socket ? !streamtensor::base::UnixSocketPath(text).empty() : text == kOff;
        if (good || streamtensor::base::IsHostAndPort(text)) return "";
        return absl::StrCat("must be HOST:PORT or ", unix_socket ? "unix:/PATH" : kOff, ", got '", text, "'");
      },
      "");
}

void AddOptions(CLI::App& app, Options& options) {
  constexpr char kGroup[] = "With MODEL";
  CLI::Option* model =
      app.add_option("MODEL", options.model,
                     "A model to serve: a .gguf file, a Hugging Face folder, or a compiled artifact");
  app.add_option("--config", options.file, "The configuration; configs/streamtensord.yaml explains every key")
      ->type_name("FILE")
      ->excludes(model);
  app.add_flag("--check", options.check,
               "Only read the configuration; print every error and the models that are missing");
  app.add_option("--listen", options.listen, "gRPC (default 127.0.0.1:50051)")
      ->type_name("ADDRESS")
      ->check(ListenAddress(/*unix_socket=*/true))
      ->needs(model)
      ->group(kGroup);
  app.add_option("--http-listen", options.http_listen,
                 "The OpenAI-compatible API, or off (default 127.0.0.1:8000)")
      ->type_name("ADDRESS")
      ->check(ListenAddress(/*unix_socket=*/false))
      ->needs(model)
      ->group(kGroup);
  app.add_option("--metrics-listen", options.metrics_listen,
                 "Metrics and probes, or off (default 127.0.0.1:9464)")
      ->type_name("ADDRESS")
      ->check(ListenAddress(/*unix_socket=*/false))
      ->needs(model)
      ->group(kGroup);
  app.footer(kFooter);
  streamtensor::base::AddExamples(app,
                                  {"streamtensord model.gguf", "streamtensord --config my.yaml --check"});
}

absl::StatusOr<Config> ReadModelConfig(const Options& options) {
  ASSIGN_OR_RETURN(Config config, ConfigForModel(options.model));
  const auto replace = [](const std::string& given, std::string& address) {
    if (!given.empty()) address = given == kOff ? "" : given;
  };
  replace(options.listen, config.server.listen);
  replace(options.http_listen, config.server.http_listen);
  replace(options.metrics_listen, config.server.metrics_listen);
  return config;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  streamtensor::base::Program program("streamtensord",
                                      "Serves compiled models over gRPC, with metrics and health over HTTP.",
                                      [] { return ST_VERSION; });
  AddOptions(program.app(), options);
  program.SetRun([&] {
    if (options.model.empty() && options.file.empty()) {
      return program.WrongUsage("MODEL or --config FILE is required");
    }
    if (!options.file.empty()) {
      return Run({options.file, [&options] { return ReadConfig(options.file); }}, options.check);
    }
    return Run({options.model, [&options] { return ReadModelConfig(options); }}, options.check);
  });
  return program.Main(argc, argv);
}
