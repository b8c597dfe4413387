// SPDX-License-Identifier: Apache-2.0
// Times a compiled decoder on an emulated card for compare_with_llama_cpp.py. Reads commands from stdin, one
// per line, and answers each with one line of JSON:
//
//   decode STREAMS CONTEXT STEPS   STREAMS sequences, each after CONTEXT tokens; then STEPS steps of
//                                  one token each, all with logits
//   prefill TOKENS                 one fresh sequence, logits of its last token
//   read BYTES                     only reads this many bytes, as the engine does
//
// {"seconds": [...], "cpu_seconds": [...], "processes": [[name, nanoseconds], ...]}, all measured: wall time
// around Decoder::Run(), CPU time of this process and the card's, each for a step of decode, a whole prefill,
// a read; time on the fibers, summed over all.
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/program.h"
#include "streamtensor/runtime/decoder.h"

namespace {

using streamtensor::runtime::Decoder;
using streamtensor::runtime::Step;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double ClockSeconds(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// CPU time of this process and of the card's, its only child.
double CpuSeconds() {
  static const std::vector<clockid_t> clocks = [] {
    std::vector<clockid_t> found = {CLOCK_PROCESS_CPUTIME_ID};
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream children(thread.path() / "children");
      for (pid_t child; children >> child;) {
        clockid_t clock;
        if (clock_getcpuclockid(child, &clock) == 0) found.push_back(clock);
      }
    }
    return found;
  }();
  double seconds = 0;
  for (const clockid_t clock : clocks) seconds += ClockSeconds(clock);
  return seconds;
}

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "card_bench: %s\n", message.c_str());
  std::exit(1);
}

// The time does not depend on the ids. Both sides of the comparison use the same ones.
int32_t TokenAt(int64_t position, int32_t vocabulary) {
  return static_cast<int32_t>(position * 7919 % vocabulary);
}

void PrintTimes(const std::vector<double>& seconds, const std::vector<double>& cpu_seconds,
                const std::string& processes) {
  const auto list = [](const std::vector<double>& values) {
    return absl::StrJoin(values, ", ",
                         [](std::string* out, double v) { absl::StrAppendFormat(out, "%.9f", v); });
  };
  std::printf("{\"seconds\": [%s], \"cpu_seconds\": [%s], \"processes\": [%s]}\n", list(seconds).c_str(),
              list(cpu_seconds).c_str(), processes.c_str());
  std::fflush(stdout);
}

class Timing {
 public:
  explicit Timing(Decoder& decoder) : decoder_(decoder) {}

  void Run(const Step& step, bool counts) {
    const double cpu_begin = CpuSeconds();
    const double begin = Seconds();
    const auto result = decoder_.Run(step, absl::Seconds(120));
    const double seconds = Seconds() - begin;
    const double cpu_seconds = CpuSeconds() - cpu_begin;
    if (!result.ok()) Die(std::string(result.status().message()));
    if (!counts) return;
    seconds_.push_back(seconds);
    cpu_seconds_.push_back(cpu_seconds);
    for (const auto& process : decoder_.process_times()) {
      if (!nanoseconds_.contains(process.name)) order_.push_back(process.name);
      nanoseconds_[process.name] += process.nanoseconds;
    }
  }

  // One figure for all steps so far.
  void Join() {
    seconds_ = {std::accumulate(seconds_.begin(), seconds_.end(), 0.0)};
    cpu_seconds_ = {std::accumulate(cpu_seconds_.begin(), cpu_seconds_.end(), 0.0)};
  }

  void Print() const {
    std::string processes;
    for (const std::string& name : order_) {
      absl::StrAppendFormat(&processes, "%s[\"%s\", %d]", processes.empty() ? "" : ", ", name,
                            nanoseconds_.at(name));
    }
    PrintTimes(seconds_, cpu_seconds_, processes);
  }

 private:
  Decoder& decoder_;
  std::vector<double> seconds_;
  std::vector<double> cpu_seconds_;
  std::vector<std::string> order_;
  std::map<std::string, uint64_t> nanoseconds_;
};

// Page tables of `slots` sequences, of `pages` pages each, none shared.
std::vector<std::vector<int32_t>> PageTables(const Decoder& decoder, int slots, int64_t tokens) {
  const int64_t pages = (tokens + decoder.info().page_tokens - 1) / decoder.info().page_tokens;
  if (slots > decoder.info().step_tokens || pages > decoder.info().max_pages ||
      pages * slots > decoder.info().pages) {
    Die("the decoder has no room for " + std::to_string(slots) + " sequences of " + std::to_string(tokens) +
        " tokens");
  }
  std::vector<std::vector<int32_t>> tables(static_cast<size_t>(slots));
  int32_t next = 0;
  for (auto& table : tables) {
    for (int64_t page = 0; page < pages; ++page) table.push_back(next++);
  }
  return tables;
}

// Feeds positions 0..tokens-1 of one sequence in steps of maximum size.
void Feed(Decoder& decoder, const std::vector<int32_t>& table, int64_t tokens, bool counts, Timing& timing) {
  for (int64_t begin = 0; begin < tokens; begin += decoder.info().step_tokens) {
    const int64_t end = std::min<int64_t>(begin + decoder.info().step_tokens, tokens);
    Step step;
    step.page_tables = {table};
    for (int64_t p = begin; p < end; ++p) {
      step.tokens.push_back({TokenAt(p, decoder.info().vocabulary), 0, static_cast<int32_t>(p),
                             static_cast<int32_t>(begin), p + 1 == tokens});
    }
    timing.Run(step, counts);
  }
}

void Decode(Decoder& decoder, int streams, int64_t context, int64_t steps) {
  Timing timing(decoder);
  const auto tables = PageTables(decoder, streams, context + steps);
  for (const auto& table : tables) Feed(decoder, table, context, /*counts=*/false, timing);
  for (int64_t p = context; p < context + steps; ++p) {
    Step step;
    step.page_tables = tables;
    for (int slot = 0; slot < streams; ++slot) {
      step.tokens.push_back({TokenAt(p, decoder.info().vocabulary), slot, static_cast<int32_t>(p),
                             static_cast<int32_t>(p), true});
    }
    timing.Run(step, /*counts=*/true);
  }
  timing.Print();
}

void Prefill(Decoder& decoder, int64_t tokens) {
  Timing timing(decoder);
  Feed(decoder, PageTables(decoder, 1, tokens)[0], tokens, /*counts=*/true, timing);
  timing.Join();
  timing.Print();
}

// The limit of one thread: four parallel streams in blocks of 2 KB, as four weight channels are read.
__attribute__((target("avx2"))) void Read(size_t bytes) {
  constexpr size_t kStreams = 4;
  constexpr size_t kBlock = 2048;
  const size_t stream_bytes = bytes / kStreams / kBlock * kBlock;
  static std::unique_ptr<char, decltype(&std::free)> memory{nullptr, &std::free};
  static size_t reserved = 0;
  if (reserved < bytes) {
    memory.reset(static_cast<char*>(std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096)));
    if (memory == nullptr) Die("no memory");
    std::memset(memory.get(), 1, bytes);
    reserved = bytes;
  }
  const double cpu_begin = ClockSeconds(CLOCK_THREAD_CPUTIME_ID);
  const double begin = Seconds();
  __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (size_t block = 0; block < stream_bytes; block += kBlock) {
    for (size_t stream = 0; stream < kStreams; ++stream) {
      const char* const from = memory.get() + stream * stream_bytes + block;
      for (size_t i = 0; i < kBlock; i += 64) {
        _mm_prefetch(from + i + kBlock, _MM_HINT_T0);
        for (size_t half = 0; half < 2; ++half) {
          const __m256i value = _mm256_load_si256(reinterpret_cast<const __m256i*>(from + i + 32 * half));
          sum[half] = _mm256_xor_si256(sum[half], value);
        }
      }
    }
  }
  volatile int keep = _mm256_extract_epi32(_mm256_xor_si256(sum[0], sum[1]), 0);
  (void)keep;
  const double seconds = Seconds() - begin;
  PrintTimes({seconds}, {ClockSeconds(CLOCK_THREAD_CPUTIME_ID) - cpu_begin}, "");
}

int ObeyCommands(const streamtensor::runtime::DecoderOptions& options) {
  auto decoder = streamtensor::runtime::OpenDecoder(options);
  if (!decoder.ok()) Die(std::string(decoder.status().message()));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    int64_t a = 0;
    int64_t b = 0;
    int64_t c = 0;
    words >> command >> a;
    if (command == "decode" && words >> b >> c && a > 0 && b >= 0 && c > 0) {
      Decode(**decoder, static_cast<int>(a), b, c);
    } else if (command == "prefill" && a > 0) {
      Prefill(**decoder, a);
    } else if (command == "read" && a > 0) {
      Read(static_cast<size_t>(a));
    } else {
      Die("not a command: " + line);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  streamtensor::base::Program program("card_bench",
                                      "Times a compiled decoder on an emulated card; commands on stdin",
                                      [] { return ST_VERSION; });
  streamtensor::runtime::DecoderOptions options;
  options.card.threads = 1;
  program.app().add_option("ARTIFACT", options.artifact, "The compiled model's folder")->required();
  program.app().add_flag_callback(
      "--two-threads", [&] { options.card.threads = 2; }, "Give the card two threads");
  program.SetRun([&] { return ObeyCommands(options); });
  return program.Main(argc, argv);
}
