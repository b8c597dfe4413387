// SPDX-License-Identifier: Apache-2.0
// Small designs, each good or breaking one rule, built into the test program. C++14.
#ifndef RULES_DESIGN_H
#define RULES_DESIGN_H

#include "kernels/host/st_host_api.h"

// args[0]: input words, args[1]: output words, args[2]: uint32_t[2] {tokens to pass, flags}.
int32_t launch_copy(const st_host_api* api, void* const* args);          // one FIFO of depth 8
int32_t launch_block_copy(const st_host_api* api, void* const* args);    // views, depth 4
int32_t launch_left_over(const st_host_api* api, void* const* args);     // one word is never read
int32_t launch_three_ends(const st_host_api* api, void* const* args);    // two readers
int32_t launch_ended_writer(const st_host_api* api, void* const* args);  // reader wants one more
int32_t launch_no_reader(const st_host_api* api, void* const* args);     // nobody reads
int32_t launch_self_loop(const st_host_api* api, void* const* args);     // reads before it writes
int32_t launch_endless(const st_host_api* api, void* const* args);       // two processes for ever
int32_t launch_numbered(const st_host_api* api, void* const* args);      // one function, three processes
int32_t launch_denormal(const st_host_api* api, void* const* args);      // output[0] = denormal * 1
int32_t launch_wrong_code(const st_host_api* api, void* const* args);    // returns 77
int32_t launch_deep_stack(const st_host_api* api, void* const* args);    // 700 KB of locals

#endif
