// SPDX-License-Identifier: Apache-2.0
#include "runtime/card_program/confinement.h"

#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace streamtensor::runtime::card_program {
namespace {

// Memory, synchronisation, clocks, messages on descriptors already held, and ending.
constexpr int kComputing[] = {SCMP_SYS(brk),
                              SCMP_SYS(clock_gettime),
                              SCMP_SYS(clock_nanosleep),
                              SCMP_SYS(close),
                              SCMP_SYS(exit),
                              SCMP_SYS(exit_group),
                              SCMP_SYS(fstat),
                              SCMP_SYS(futex),
                              SCMP_SYS(getpid),
                              SCMP_SYS(getrandom),
                              SCMP_SYS(gettid),
                              SCMP_SYS(madvise),
                              SCMP_SYS(membarrier),
                              SCMP_SYS(mmap),
                              SCMP_SYS(mprotect),
                              SCMP_SYS(mremap),
                              SCMP_SYS(munmap),
                              SCMP_SYS(nanosleep),
                              SCMP_SYS(poll),
                              SCMP_SYS(ppoll),
                              SCMP_SYS(pread64),
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
                              SCMP_SYS(write),
                              SCMP_SYS(writev)};

// Of fcntl, nothing that names a process to be signalled: to one user's processes that is as good as kill().
// Nor is a position moved: that of the log belongs to all who write it.
constexpr int kDescriptorCommands[] = {F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GET_SEALS};

// What checking and loading an object takes besides, and the second filter.
constexpr int kLoading[] = {SCMP_SYS(access),       SCMP_SYS(newfstatat),
                            SCMP_SYS(faccessat),    SCMP_SYS(faccessat2),
                            SCMP_SYS(ftruncate),    SCMP_SYS(getcwd),
                            SCMP_SYS(getdents64),   SCMP_SYS(lseek),
                            SCMP_SYS(memfd_create), SCMP_SYS(prctl),
                            SCMP_SYS(prlimit64),    SCMP_SYS(readlink),
                            SCMP_SYS(readlinkat),   SCMP_SYS(sched_getaffinity),
                            SCMP_SYS(seccomp),      SCMP_SYS(statx),
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
    // Numbers of another architecture, or of x32, mean other calls. The default would end the thread alone,
    // and the card would hang.
    Note(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  }
  void Allow(std::span<const int> calls) {
    for (const int call : calls) Note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, call, 0));
  }
  // Computing, and what of two calls concerns this process alone.
  void AllowComputing() {
    Allow(kComputing);
    for (const int command : kDescriptorCommands) AllowDescriptorCommand(command);
    Note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                          SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()))));
  }
  void AllowDescriptorCommand(int command) {
    Note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                          SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(command))));
  }
  // Opening for reading alone.
  void AllowReading() {
    constexpr scmp_datum_t kForbidden = O_ACCMODE | O_CREAT | O_TRUNC;
    Note(seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                          SCMP_A2(SCMP_CMP_MASKED_EQ, kForbidden, O_RDONLY)));
  }
  void Trap(int call) { Note(seccomp_rule_add(context_.get(), SCMP_ACT_TRAP, call, 0)); }
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

// The one file that may still be "opened", once, and its path. Written before the artifact's code runs.
int object_file = -1;
char object_path[32] = "";

// Paths are over for this process: the kernel refuses the calls that take one and raises SIGSYS instead. The
// dynamic linker can load a file by its path alone, so the path of the object, whose descriptor is held, is
// answered here with a copy of that descriptor, and the C library's fstat (a path call with an empty path)
// with the call that knows none. Whatever the artifact's code does to this handler opens nothing.
void AnswerPathCall(int, siginfo_t* signal, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* const path = reinterpret_cast<const char*>(registers[REG_RSI]);
  long result = -EPERM;
  if (signal->si_syscall == SYS_openat && std::strcmp(path, object_path) == 0) {
    result = fcntl(object_file, F_DUPFD_CLOEXEC, 0);
    if (result < 0) result = -errno;
  } else if (signal->si_syscall == SYS_newfstatat && *path == '\0') {
    result = syscall(SYS_fstat, registers[REG_RDI], registers[REG_RDX]);
    if (result < 0) result = -errno;
  }
  registers[REG_RAX] = result;
}

absl::Status HandleTraps(int file) {
  object_file = file;
  lseek(file, 0, SEEK_SET);  // copies share the position: there is one beginning to read
  std::snprintf(object_path, sizeof object_path, "/proc/self/fd/%d", file);
  struct sigaction action = {};
  action.sa_sigaction = AnswerPathCall;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSYS, &action, nullptr) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("confining the card's process: ", std::strerror(errno)));
}

}  // namespace

absl::Status DropNetworkAndWriteAccess() {
  Filter filter;
  filter.AllowComputing();
  filter.Allow(kLoading);
  filter.AllowDescriptorCommand(F_ADD_SEALS);
  filter.AllowReading();
  return filter.Load();
}

absl::Status LimitMemory(uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their shadow takes terabytes
  const rlimit limit = {bytes, bytes};
  if (setrlimit(RLIMIT_AS, &limit) != 0) {
    return absl::InternalError(absl::StrCat("limiting the card's memory: ", std::strerror(errno)));
  }
#endif
  return absl::OkStatus();
}

absl::Status DropFileAccess(int object) {
  RETURN_IF_ERROR(HandleTraps(object));
  Filter filter;
  filter.AllowComputing();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  filter.Allow(kLoading);  // sanitizers read files to report what they found
  filter.AllowReading();
#else
  filter.Trap(SCMP_SYS(openat));
  filter.Trap(SCMP_SYS(newfstatat));
#endif
  return filter.Load();
}

}  // namespace streamtensor::runtime::card_program
