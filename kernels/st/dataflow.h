// SPDX-License-Identifier: Apache-2.0
// The forks between host and synthesis, all of them:
//
//   ST_PROCESS(f, args...)  a call for Vitis; on the host a fiber that will call f(args...)
//   ST_DATAFLOW_END         nothing for Vitis; on the host runs the fibers and waits for them
//   load_block()            copies a block beat by beat on the card; on the host hands on its address
//   load_pages()            st/attention.h: words on the card; on the host page table and addresses
//   load_weights()          st/load_weights.h: words on the card; on the host addresses of blocks of them
//   frame_fifo              st/issue.h: words on the card; on the host whole frames
//   dot() and its kin       st/dot.h, and float16 conversion in st/word.h: intrinsics on the host, with
//                           the same bits as the text that the card is built from
//   run_issue()             st/engine.h: by tiles as they come on the card; on the host by whole row tiles,
//                           and attention (st/attention_fast.h) by heads and tokens: parts that several
//                           threads may share
//   fork_words() and kin    st/fork.h, st/rows.h, st/convert.h, st/route.h: a word a cycle on the card, as
//                           many as there are on the host
//   store_tiles()           st/store.h: bursts of many tiles on the card
//   fill_frames()           st/frames.h: all rows in one loop on the card, on the host a row at a time, into
//                           a frame in place
//
// A top function looks like this, and has no ifs or loops:
//
//   extern "C" void streamtensor_step(const st::word512* descriptor, st::word512* status, ...) {
//   #pragma HLS DATAFLOW
//     hls::stream<st::word512, 16> q("q");
//     weight_stream weights_0("weights_0");
//     ST_PROCESS(header, descriptor, status, header_norm);
//     ST_PROCESS(st::engine<EngineConfig>, frames, weights_0, results);
//     ST_DATAFLOW_END
//   }
//
// f is a function, or a template's instance with ONE argument (a macro argument can't hold commas).
// Each process has at least one argument; a pointer argument belongs to exactly one process.
// The host's launch symbol comes from one line after the top function's declaration, in a file that
// Vitis never sees:
//
//   ST_EXPORT_LAUNCH(streamtensor_step)
//
// Builds: __SYNTHESIS__ is Vitis' own. -DST_PLAIN builds for the host what the card is built from
// (the synthesis side of load_block, dot and float16) and runs it on fibers; ST_FAST is set in the
// other host build. Both give the same bits.
#ifndef ST_DATAFLOW_H
#define ST_DATAFLOW_H

#include <hls_stream.h>
#include <hls_streamofblocks.h>

#include "word.h"

#ifdef __SYNTHESIS__

// The parentheses keep out a function of namespace st with the same name.
#define ST_PROCESS(f, ...) (f)(__VA_ARGS__)
#define ST_DATAFLOW_END

#else

#include "launch.h"
#include "process.h"

#ifndef ST_STACK_BYTES
// Of each fiber. Reserved, not used: a page costs memory when a process first touches it.
#define ST_STACK_BYTES (1u << 20)
#endif
#define ST_PROCESS(f, ...) ::st::host::add_process(#f, ST_STACK_BYTES, [&] { (f)(__VA_ARGS__); }, __VA_ARGS__)
#define ST_DATAFLOW_END ::st::host::run_processes();
#define ST_EXPORT_LAUNCH(top)                                                                 \
  extern "C" __attribute__((visibility("default"))) int32_t st_launch(const st_host_api* api, \
                                                                      void* const* args) {    \
    return ::st::host::launch_top(&top, api, args);                                           \
  }

#endif

namespace st {

// Hands the first `words` words at `source` on as one block of N; what stands in the block's other words
// is unspecified. They must stay as they are until the launch ends: weights and constants do.
template <int N>
inline void load_block(hls::stream_of_blocks<word512[N]>& out, const word512* source, int words = N) {
#ifdef ST_FAST
  out.push_view(*reinterpret_cast<const word512(*)[N]>(source));
#else
  hls::write_lock<word512[N]> lock(out);
  word512(&block)[N] = lock;
  for (int i = 0; i < words; ++i) {
#pragma HLS PIPELINE II = 1
    block[i] = source[i];
  }
#endif
}

}  // namespace st

#endif
