// SPDX-License-Identifier: Apache-2.0
#include "rules_design.h"

#include "st/dataflow.h"

using st::word512;

namespace {

typedef word512 Block[32];

void send(const word512* in, const uint32_t* counts, hls::stream<word512>& out) {
  for (uint32_t i = 0; i < counts[0]; ++i) out.write(in[i % 64]);
}
void receive(hls::stream<word512>& in, const uint32_t* counts, word512* out) {
  for (uint32_t i = 0; i < counts[0]; ++i) out[i % 64] = in.read();
}
void receive_more(hls::stream<word512>& in, const uint32_t* counts, word512* out) {
  for (uint32_t i = 0; i < counts[0] + 1; ++i) out[i % 64] = in.read();
}
void receive_less(hls::stream<word512>& in, const uint32_t* counts, word512* out) {
  for (uint32_t i = 0; i + 1 < counts[0]; ++i) out[i % 64] = in.read();
}
void pass(hls::stream<word512>& in, const uint32_t* counts, hls::stream<word512>& out) {
  for (uint32_t i = 0; i < counts[0]; ++i) out.write(in.read());
}
void echo(const uint32_t* counts, hls::stream<word512>& loop) {
  const word512 word = loop.read();
  loop.write(word);
}
void send_blocks(const word512* in, const uint32_t* counts, hls::stream_of_blocks<Block>& out) {
  for (uint32_t i = 0; i < counts[0]; ++i) st::load_block(out, in + i % 2 * 32);
}
void receive_blocks(hls::stream_of_blocks<Block>& in, const uint32_t* counts, word512* out) {
  for (uint32_t i = 0; i < counts[0]; ++i) {
    hls::read_lock<Block> lock(in);
    const Block& block = lock;
    out[i % 64] = block[i % 32];
  }
}
void ping(hls::stream<word512>& out, hls::stream<word512>& in) {
  for (;;) {
    out.write(word512(0));
    in.read();
  }
}
void pong(hls::stream<word512>& in, hls::stream<word512>& out) {
  for (;;) out.write(in.read());
}
void multiply(const word512* in, word512* out) {
  word512 word = 0;
  st::set_lane_f32(word, 0, st::lane_f32(in[0], 0) * st::lane_f32(in[0], 2));  // 0 under DAZ
  st::set_lane_f32(word, 1, st::lane_f32(in[0], 1) * 0.5f);                    // 0 under FTZ
  out[0] = word;
}
void fill_stack(const word512* in, word512* out) {
  volatile unsigned char bytes[700 << 10];
  for (unsigned i = 0; i < sizeof(bytes); i += 64) bytes[i] = static_cast<unsigned char>(i / 64);
  unsigned sum = 0;
  for (unsigned i = 0; i < sizeof(bytes); i += 64) sum += bytes[i];
  st::set_lane_u32(out[0], 0, sum);
}

void copy(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 8> words("words");
  ST_PROCESS(send, in, counts, words);
  ST_PROCESS(receive, words, counts, out);
  ST_DATAFLOW_END
}
void block_copy(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream_of_blocks<Block, 4> blocks("blocks");
  ST_PROCESS(send_blocks, in, counts, blocks);
  ST_PROCESS(receive_blocks, blocks, counts, out);
  ST_DATAFLOW_END
}
void left_over(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 2> words("words");
  ST_PROCESS(send, in, counts, words);
  ST_PROCESS(receive_less, words, counts, out);
  ST_DATAFLOW_END
}
void three_ends(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 2> words("words");
  ST_PROCESS(send, in, counts, words);
  ST_PROCESS(receive, words, counts, out);
  ST_PROCESS(receive_less, words, counts, out);
  ST_DATAFLOW_END
}
void ended_writer(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 2> words("words");
  ST_PROCESS(send, in, counts, words);
  ST_PROCESS(receive_more, words, counts, out);
  ST_DATAFLOW_END
}
void no_reader(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 2> words;
  ST_PROCESS(send, in, counts, words);
  ST_DATAFLOW_END
}
void self_loop(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 2> loop("loop");
  ST_PROCESS(echo, counts, loop);
  ST_DATAFLOW_END
}
void endless(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 1> there("there"), back("back");
  ST_PROCESS(ping, there, back);
  ST_PROCESS(pong, there, back);
  ST_DATAFLOW_END
}
void numbered(const word512* in, word512* out, const uint32_t* counts) {
  hls::stream<word512, 2> words[4];
  ST_PROCESS(send, in, counts, words[0]);
  ST_PROCESS(pass, words[0], counts, words[1]);
  ST_PROCESS(pass, words[1], counts, words[2]);
  ST_PROCESS(pass, words[2], counts, words[3]);
  ST_PROCESS(receive, words[3], counts, out);
  ST_DATAFLOW_END
}
void denormal(const word512* in, word512* out) {
  ST_PROCESS(multiply, in, out);
  ST_DATAFLOW_END
}
void deep_stack(const word512* in, word512* out) {
  ST_PROCESS(fill_stack, in, out);
  ST_DATAFLOW_END
}

}  // namespace

#define RULE(name)                                                   \
  int32_t launch_##name(const st_host_api* api, void* const* args) { \
    return st::host::launch_top(&name, api, args);                   \
  }
RULE(copy)
RULE(block_copy)
RULE(left_over)
RULE(three_ends)
RULE(ended_writer)
RULE(no_reader)
RULE(self_loop)
RULE(endless)
RULE(numbered)
RULE(denormal)
RULE(deep_stack)
int32_t launch_wrong_code(const st_host_api* api, void* const* args) {
  launch_copy(api, args);
  return 77;
}
