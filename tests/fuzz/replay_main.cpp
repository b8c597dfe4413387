// SPDX-License-Identifier: Apache-2.0
// Replays a fuzz target without libFuzzer: its seeds, every file of the corpus folders, and damaged seeds.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/program.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

namespace fs = std::filesystem;

constexpr char kSummary[] = "Runs a fuzz target on its seeds, on files, and on damaged copies of each seed";
constexpr char kFooter[] =
    "An input that crashes the target, breaks a promise, takes more than 60 s or too much memory is kept in "
    "./fuzz-failure. STREAMTENSOR_FUZZ_VERBOSE=1 prints refusals.";

constexpr unsigned kSecondsAnInput = 60;
constexpr rlim_t kMostMemoryBytes = rlim_t{8} << 30;
constexpr char kFailurePath[] = "fuzz-failure";

// What is under way, for the handler of a fault.
const char* current_bytes = nullptr;
std::size_t current_size = 0;
char current_name[256] = "nothing yet";

void KeepCurrent() {
  const int file = open(kFailurePath, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file >= 0) {
    (void)!write(file, current_bytes, current_size);
    close(file);
  }
  for (const char* text :
       {"\nfailed with ", static_cast<const char*>(current_name), "; kept in ./", kFailurePath, "\n"}) {
    (void)!write(STDERR_FILENO, text, std::strlen(text));
  }
}

[[maybe_unused]] void OnFault(int signal) {
  KeepCurrent();
  ::signal(signal, SIG_DFL);
  raise(signal);
}

void Guard() {
  static char stack[64 << 10];
  const stack_t alternate = {stack, 0, sizeof stack};
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_handler = OnFault;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  sigaction(SIGALRM, &action, nullptr);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
  const rlimit memory = {kMostMemoryBytes, kMostMemoryBytes};  // sanitizers reserve more
  setrlimit(RLIMIT_AS, &memory);
#endif
}

bool Run(const std::string& name, const std::string& input) {
  // On the heap, with nothing behind it: a sanitizer sees a read too far.
  const std::unique_ptr<char[]> exact(new char[input.size()]);
  std::copy(input.begin(), input.end(), exact.get());
  std::snprintf(current_name, sizeof current_name, "%s", name.c_str());
  current_bytes = exact.get();
  current_size = input.size();
  alarm(kSecondsAnInput);
  const bool accepted = streamtensor::fuzz::Accepts({exact.get(), input.size()});
  alarm(0);
  return accepted;
}

std::vector<fs::path> FilesIn(const std::vector<std::string>& places) {
  std::vector<fs::path> files;
  for (const fs::path place : places) {
    if (fs::is_directory(place)) {
      for (const auto& entry : fs::directory_iterator(place)) files.push_back(entry.path());
    } else {
      files.push_back(place);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __asan_on_error() { KeepCurrent(); }
#endif

namespace {

struct Options {
  uint64_t copies = 0;
  uint64_t seed = 1;
  std::vector<std::string> places;
};

int Replay(const Options& options) {
  Guard();
  const std::vector<std::string> seeds = streamtensor::fuzz::Seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    const std::string name = "seed " + std::to_string(i);
    if (!Run(name, seeds[i])) {
      std::fprintf(stderr, "%s is refused: the target tests nothing\n", name.c_str());
      return 1;
    }
  }
  const std::vector<fs::path> files = FilesIn(options.places);
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    Run(path.string(), std::string(std::istreambuf_iterator<char>(file), {}));
  }
  uint64_t refused = 0;
  for (std::size_t which = 0; which < seeds.size(); ++which) {
    for (uint64_t index = 0; index < options.copies; ++index) {
      const std::string name = "damaged copy " + std::to_string(index) + " of seed " + std::to_string(which) +
                               ", --damage " + std::to_string(options.copies) + " --seed " +
                               std::to_string(options.seed);
      refused += !Run(name, streamtensor::fuzz::Damaged(seeds, which, index, options.copies, options.seed));
    }
  }
  const uint64_t damaged = options.copies * seeds.size();
  std::printf("%zu seeds, %zu files, %llu damaged inputs (seed %llu): %llu refused, %llu taken\n",
              seeds.size(), files.size(), static_cast<unsigned long long>(damaged),
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(damaged - refused));
  if (damaged > 0 && refused < damaged / 10) {
    std::fputs("hardly any damage was noticed\n", stderr);
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  streamtensor::base::Program program("fuzz_TARGET", kSummary, [] { return ST_VERSION; });
  Options options;
  CLI::App& app = program.app();
  app.footer(kFooter);
  app.add_option("--damage", options.copies, "Damaged copies of each seed (default 0)")->option_text("N");
  app.add_option("--seed", options.seed, "Where the damage begins (default 1)")->option_text("S");
  app.add_option("PLACE", options.places, "Files, and folders of files")
      ->check(CLI::ExistingPath)
      ->take_all();
  program.SetRun([&] { return Replay(options); });
  return program.Main(argc, argv);
}
