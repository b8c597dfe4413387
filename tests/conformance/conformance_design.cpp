// SPDX-License-Identifier: Apache-2.0
#include "conformance_design.h"

#include <fcntl.h>
#include <signal.h>
#include <st/dataflow.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace conformance {

// What code of an artifact must not do, whenever it runs: how many of these succeed.
static float ReachOut() {
  float reached = 0;
  reached += open("/etc/passwd", O_RDONLY) >= 0;
  reached += open("/tmp/streamtensor-conformance", O_RDWR | O_CREAT, 0600) >= 0;
  reached += socket(AF_INET, SOCK_STREAM, 0) >= 0;
  struct stat info;
  reached += stat("/etc/passwd", &info) == 0;
  // Another process of the same user, such as the one that started this one: could it be signalled?
  bool signalled = false;
  for (pid_t other = getpid() - 1, n = 0; other > 0 && n < 100000; --other, ++n) {
    signalled |= syscall(SYS_tgkill, other, other, 0) == 0;
  }
  reached += signalled;
  reached += fcntl(STDERR_FILENO, F_SETOWN, getpid()) == 0;
  reached += fcntl(STDERR_FILENO, F_SETFL, O_ASYNC) == 0;
  // The place where all who have this descriptor write next (a pipe has none, which is another error).
  reached += lseek(STDERR_FILENO, 0, SEEK_CUR) != -1 || errno != EPERM;
  const long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  reached += child > 0;
  return reached;
}

// A constructor: the dynamic linker runs it, long before a launch.
static const float reached_while_loading = ReachOut();

// On every thread that computes, all at the same time.
template <class F>
void on_each_thread(F f) {
  const uint32_t threads = st::host::threads();
  std::atomic<uint32_t> there{0};
  st::host::share(threads, [&](uint32_t part) {
    ++there;
    while (there != threads) {
    }
    f(part);
  });
}

void load(const uint32_t* descriptor, const float* input, const float* weights, hls::stream<float>& products,
          hls::stream<float>& acknowledgements) {
  const uint32_t behaviour = descriptor[kBehaviourWord];
  if (behaviour == kDeadlock) acknowledgements.read();  // comes only after the products
  if (behaviour == kSpin) {
    on_each_thread([](uint32_t) {
      for (volatile bool go_on = true; go_on;) {
      }
    });
  }
  if (behaviour == kCrash) on_each_thread([](uint32_t) { *static_cast<volatile int*>(nullptr) = 1; });
  if (behaviour == kForeignCall) {
    [[maybe_unused]] long number = 20;  // getpid there, writev here
    asm volatile("int $0x80" : "+a"(number) : : "memory");
  }
  float reached = 0;
  if (behaviour == kReachOut) {
    float by_thread[2] = {0, 0};
    on_each_thread([&](uint32_t part) { by_thread[part] = ReachOut(); });
    reached = by_thread[0] + by_thread[1] + reached_while_loading;
  }
  const int tokens = static_cast<int>(descriptor[2]);
  float product[kStepTokens][kWidth];
  on_each_thread([&](uint32_t part) {
    for (int t = static_cast<int>(part); t < kStepTokens; t += static_cast<int>(st::host::threads())) {
      for (int i = 0; i < kWidth; ++i) product[t][i] = input[t * kWidth + i] * weights[i];
    }
  });
  for (int t = 0; t < tokens && t < kStepTokens; ++t) {
    for (int i = 0; i < kWidth; ++i) products.write(behaviour == kReachOut ? reached : product[t][i]);
  }
  if (behaviour != kDeadlock) acknowledgements.read();
}

void store(const uint32_t* descriptor, uint32_t* status, const float* pool_read, float* pool_write,
           float* output, hls::stream<float>& products, hls::stream<float>& acknowledgements) {
  const int tokens = static_cast<int>(descriptor[2]);
  const float scale = descriptor[kBehaviourWord] == kReachOut ? 0.0f : 1.0f;
  for (int t = 0; t < tokens && t < kStepTokens; ++t) {
    for (int i = 0; i < kWidth; ++i) output[t * kWidth + i] = products.read() + scale * pool_read[i];
  }
  for (int i = 0; i < kWidth; ++i) pool_write[i] = pool_read[i] + 1.0f;
  status[0] = 1;
  acknowledgements.write(1.0f);
}

void top(const uint32_t* descriptor, uint32_t* status, const float* input, float* output,
         const float* weights, const float* pool_read, float* pool_write) {
#pragma HLS DATAFLOW
  hls::stream<float, 2> products("products");
  hls::stream<float, 1> acknowledgements("acknowledgements");
  ST_PROCESS(load, descriptor, input, weights, products, acknowledgements);
  ST_PROCESS(store, descriptor, status, pool_read, pool_write, output, products, acknowledgements);
  ST_DATAFLOW_END;
}

}  // namespace conformance

ST_EXPORT_LAUNCH(conformance::top)
