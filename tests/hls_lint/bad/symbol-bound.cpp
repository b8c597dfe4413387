// SPDX-License-Identifier: Apache-2.0
// T as the stream gives it, without a clamp.
#include "st/dataflow.h"
#include "st/header.h"

static void fan_out(hls::stream<st::header_word>& in, hls::stream<st::header_word>& load,
                    hls::stream<st::header_word>& store) {
  st::header_word word = in.read();
  const int tokens = st::header_tokens(word);
  load.write(word);
  store.write(word);
  for (int t = 0; t < tokens; ++t) {
#pragma HLS PIPELINE II = 1
    word = in.read();
    load.write(word);
    store.write(word);
  }
}

struct header_config {
  static constexpr int step_tokens = 16, step_logits = 16, max_pages = 0, vocabulary = 0;
};
static void header(const st::word512* descriptor, hls::stream<st::header_word>& out) {
  st::header<header_config>(descriptor, out);
}

static void load(hls::stream<st::header_word>& headers, const st::word512* memory,
                 hls::stream<st::word512>& out) {
  const st::header_word first = headers.read();
  const int tokens = static_cast<int>(first.field[0]);
  for (int t = 0; t < tokens; ++t) {
#pragma HLS PIPELINE II = 1
    headers.read();
    out.write(memory[t]);
  }
}

static void store(hls::stream<st::header_word>& headers, hls::stream<st::word512>& in, st::word512* memory) {
  st::step_header header;
  st::read_header(headers, header);
  for (int t = 0; t < header.tokens; ++t) {
#pragma HLS PIPELINE II = 1
    memory[t] = in.read();
  }
}

extern "C" void streamtensor_step(const st::word512* descriptor, const st::word512* input,
                                  st::word512* output) {
#pragma HLS INTERFACE mode = m_axi port = descriptor offset = slave bundle = bank0 channel = 0
#pragma HLS INTERFACE mode = m_axi port = input offset = slave bundle = bank0 channel = 1
#pragma HLS INTERFACE mode = m_axi port = output offset = slave bundle = bank1
#pragma HLS DATAFLOW
  hls::stream<st::header_word, 2> words("words");
  hls::stream<st::header_word, 2> to_load("to_load");
  hls::stream<st::header_word, 2> to_store("to_store");
  hls::stream<st::word512, 16> rows("rows");
  ST_PROCESS(header, descriptor, words);
  ST_PROCESS(fan_out, words, to_load, to_store);
  ST_PROCESS(load, to_load, input, rows);
  ST_PROCESS(store, to_store, rows, output);
  ST_DATAFLOW_END
}
