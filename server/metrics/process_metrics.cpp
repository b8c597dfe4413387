// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace streamtensor::server {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Single(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.counter.value = value;
  return {name, help, type, {metric}};
}

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Unix time at which the machine booted. (Not from /proc/stat, which a hardened service cannot read.)
double BootTime() {
  timespec now{};
  timespec since_boot{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return static_cast<double>(now.tv_sec - since_boot.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec - since_boot.tv_nsec);
}

}  // namespace

std::vector<MetricFamily> CollectProcess() {
  std::vector<MetricFamily> families;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::string stat = ReadAll("/proc/self/stat");
  // The program name, in parentheses, may contain anything; the fields after it are numbers, starting with
  // the third.
  if (const size_t bracket = stat.rfind(')'); bracket != std::string::npos) {
    std::istringstream fields(stat.substr(bracket + 1));
    std::string state;
    fields >> state;
    double field[25] = {};
    for (int i = 4; i <= 24 && fields; ++i) fields >> field[i];
    if (fields) {
      families.push_back(Single("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter,
                                (field[14] + field[15]) / ticks));
      families.push_back(Single("process_threads", "Threads.", MetricType::Gauge, field[20]));
      // Computed once: alerts watch it for changes, and the two clocks drift.
      static const double start = BootTime() + field[22] / ticks;
      families.push_back(
          Single("process_start_time_seconds", "Unix time of the start.", MetricType::Gauge, start));
      families.push_back(
          Single("process_virtual_memory_bytes", "Virtual memory.", MetricType::Gauge, field[23]));
      families.push_back(Single("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
                                field[24] * static_cast<double>(sysconf(_SC_PAGESIZE))));
    }
  }
  std::error_code error;
  double open = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++open;
  }
  if (open > 0)
    families.push_back(Single("process_open_fds", "Open file descriptors.", MetricType::Gauge, open - 1));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(Single("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
                              static_cast<double>(limit.rlim_cur)));
  }
  return families;
}

}  // namespace streamtensor::server
