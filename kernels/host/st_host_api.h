/* SPDX-License-Identifier: Apache-2.0
 *
 * The C interface between an emulated design (a shared object built from emitted HLS C++) and the
 * program that runs it (streamtensor-card, or a test). No C++ type crosses it, nothing throws.
 *
 * One launch: the host calls st_launch(); the design declares its channels and processes and calls
 * run(), which returns when every process has ended or none can go on. All of it happens on the
 * calling thread, but for what a process hands to share(); processes are fibers that switch only
 * inside block(). A design may be launched again and again, one launch at a time.
 */
#ifndef ST_HOST_API_H
#define ST_HOST_API_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ST_HOST_API_VERSION 2u

/* What st_launch() returns, having called nothing, when the host's version is below the one it was built
 * with. Later hosts run it: the structure only grows. */
#define ST_LAUNCH_NEEDS_LATER_HOST (-2)

/* Why a process waits on a channel. */
enum st_wait { ST_WAIT_NOT_EMPTY = 1, ST_WAIT_NOT_FULL = 2 };

typedef struct st_host_api {
  uint32_t version; /* the host's ST_HOST_API_VERSION */
  uint32_t threads; /* that share() uses, 1 or more */
  void* context;    /* passed back in every call; owned by the host */

  /* Declares a channel of `depth` elements. `name` must outlive the launch. Returns its id. */
  uint32_t (*channel)(void* context, const char* name, uint32_t depth);

  /* Declares a process: a fiber with `stack_bytes` of stack that calls entry(argument). Returns its id. */
  uint32_t (*process)(void* context, const char* name, void (*entry)(void* argument), void* argument,
                      uint32_t stack_bytes);

  /* Says that a process holds an end of a channel, before either is used. */
  void (*attach)(void* context, uint32_t process, uint32_t channel);

  /* Runs all declared processes. 0: all ended. Otherwise not all could (deadlock, cancelled): the
   * fibers' stacks are abandoned without unwinding, and the design returns at once. */
  int32_t (*run)(void* context);

  /* Called by a process that finds `channel` empty (or full): switches to others until wake() for it. */
  void (*block)(void* context, uint32_t channel, uint32_t wait);

  /* Called after a push (or pop) when a process waits on the channel: makes it runnable. */
  void (*wake)(void* context, uint32_t channel, uint32_t wait);

  /* Called when a channel goes away, after run(), with the number of elements still in it. */
  void (*close)(void* context, uint32_t channel, uint32_t elements_left);

  /* Calls part(argument, i) once for each i < count, on any of the threads and in any order, and
   * returns when all calls have. A part only computes: it uses no channel and none of these functions. */
  void (*share)(void* context, void (*part)(void* argument, uint32_t index), void* argument, uint32_t count);
} st_host_api;

/* Exported by the design. `args` are the kernel's pointer arguments by index. Returns run()'s code, or
 * ST_LAUNCH_NEEDS_LATER_HOST. */
typedef int32_t (*st_launch_function)(const st_host_api* api, void* const* args);
#define ST_LAUNCH_SYMBOL "st_launch"

#ifdef __cplusplus
}
#endif
#endif
