// SPDX-License-Identifier: Apache-2.0
#include "runtime/card_program/confinement.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "absl/strings/str_cat.h"

namespace streamtensor::runtime::card_program {
namespace {

// Memory, synchronisation, clocks, messages on descriptors already held, and ending.
constexpr int kComputing[] = {SCMP_SYS(brk),
                              SCMP_SYS(clock_gettime),
                              SCMP_SYS(clock_nanosleep),
                              SCMP_SYS(close),
                              SCMP_SYS(exit),
                              SCMP_SYS(exit_group),
                              SCMP_SYS(fcntl),
                              SCMP_SYS(fstat),
                              SCMP_SYS(futex),
                              SCMP_SYS(getpid),
                              SCMP_SYS(getrandom),
                              SCMP_SYS(gettid),
                              SCMP_SYS(lseek),
                              SCMP_SYS(madvise),
                              SCMP_SYS(membarrier),
                              SCMP_SYS(mmap),
                              SCMP_SYS(mprotect),
                              SCMP_SYS(mremap),
                              SCMP_SYS(munmap),
                              SCMP_SYS(nanosleep),
                              SCMP_SYS(newfstatat),
                              SCMP_SYS(poll),
                              SCMP_SYS(ppoll),
                              SCMP_SYS(read),
                              SCMP_SYS(recvmsg),
                              SCMP_SYS(restart_syscall),
                              SCMP_SYS(rseq),
                              SCMP_SYS(rt_sigaction),
                              SCMP_SYS(rt_sigprocmask),
                              SCMP_SYS(rt_sigreturn),
                              SCMP_SYS(sched_yield),
                              SCMP_SYS(sendmsg),
                              SCMP_SYS(set_robust_list),
                              SCMP_SYS(sigaltstack),
                              SCMP_SYS(tgkill),
                              SCMP_SYS(write),
                              SCMP_SYS(writev)};

// What checking and loading an object takes besides, and the second filter.
constexpr int kLoading[] = {SCMP_SYS(access),
                            SCMP_SYS(faccessat),
                            SCMP_SYS(faccessat2),
                            SCMP_SYS(ftruncate),
                            SCMP_SYS(getcwd),
                            SCMP_SYS(getdents64),
                            SCMP_SYS(memfd_create),
                            SCMP_SYS(prctl),
                            SCMP_SYS(pread64),
                            SCMP_SYS(prlimit64),
                            SCMP_SYS(readlink),
                            SCMP_SYS(readlinkat),
                            SCMP_SYS(sched_getaffinity),
                            SCMP_SYS(seccomp),
                            SCMP_SYS(statx),
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
                            SCMP_SYS(pipe),  // how sanitizers find out whether memory is there
                            SCMP_SYS(pipe2),
#endif
                            SCMP_SYS(uname)};

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release) {
    if (context_ == nullptr) error_ = ENOMEM;
    Note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  }
  void Allow(std::span<const int> calls) {
    for (const int call : calls) Note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, call, 0));
  }
  // Opening for reading alone.
  void AllowReading() {
    constexpr scmp_datum_t kForbidden = O_ACCMODE | O_CREAT | O_TRUNC;
    Note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, kForbidden, O_RDONLY)));
  }
  absl::Status Load() {
    Note(seccomp_load(context_.get()));
    if (error_ == 0) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("confining the card's process: ", std::strerror(error_)));
  }

 private:
  void Note(int result) {
    if (result < 0 && error_ == 0) error_ = -result;
  }
  int error_ = 0;
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
};

}  // namespace

absl::Status GiveUpNetworkAndWriting() {
  Filter filter;
  filter.Allow(kComputing);
  filter.Allow(kLoading);
  filter.AllowReading();
  return filter.Load();
}

absl::Status GiveUpFiles() {
  Filter filter;
  filter.Allow(kComputing);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  filter.Allow(kLoading);  // sanitizers read files to report what they found
  filter.AllowReading();
#endif
  return filter.Load();
}

}  // namespace streamtensor::runtime::card_program
