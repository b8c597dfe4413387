// SPDX-License-Identifier: Apache-2.0
#include "toy_design.h"

namespace toy {

using st::word512;

// Every loop over tokens is bounded by the symbol's bound, whatever the stream says.
inline int read_header(hls::stream<Header>& in) {
  const Header header = in.read();
  return header.tokens < 0 ? 0 : header.tokens > kTokens ? kTokens : header.tokens;
}

void header(const word512* descriptor, word512* status, hls::stream<Header>& to_switch,
            hls::stream<Header>& to_engine, hls::stream<Header>& to_result, hls::stream<Header>& to_gate,
            hls::stream<Header>& to_residual, hls::stream<Header>& to_store) {
  const int32_t tokens = st::lane_i32(descriptor[0], 2);
  const bool valid = tokens >= 1 && tokens <= kTokens;
  const Header checked = {valid ? tokens : 0};
  to_switch.write(checked);
  to_engine.write(checked);
  to_result.write(checked);
  to_gate.write(checked);
  to_residual.write(checked);
  to_store.write(checked);
  word512 word = 0;
  st::set_lane_i32(word, 0, valid ? 1 : 3);
  st::set_lane_i32(word, 2, valid ? 0 : tokens);
  status[0] = word;
}

void load_weights(const word512* weights, hls::stream_of_blocks<WeightBlock>& blocks) {
  for (int block = 0; block < kLayers * kLayerBlocks; ++block) {
    st::load_block(blocks, weights + block * kBlockWords);
  }
}

void activation_switch(hls::stream<Header>& headers, hls::stream<word512>& from_residual,
                       hls::stream<word512>& from_gate, hls::stream_of_blocks<Frame>& frames) {
  const int tokens = read_header(headers);
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int issue = 0; issue < kLayerIssueCount; ++issue) {
      hls::write_lock<Frame> lock(frames);
      Frame& frame = lock;
      for (int word = 0; word < kWords; ++word) {
        for (int token = 0; token < tokens; ++token) {
#pragma HLS PIPELINE II = 1
          frame[token * kWords + word] =
              kLayerIssues[issue].source == kResidual ? from_residual.read() : from_gate.read();
        }
      }
    }
  }
}

struct EngineConfig {
  static constexpr int kOutputLanes = 16;
};

template <class CONFIG>
void engine(hls::stream<Header>& headers, hls::stream_of_blocks<Frame>& frames,
            hls::stream_of_blocks<WeightBlock>& blocks, hls::stream<word512>& results) {
  const int tokens = read_header(headers);
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int issue = 0; issue < kLayerIssueCount; ++issue) {
      hls::read_lock<Frame> frame_lock(frames);
      const Frame& frame = frame_lock;
      for (int tile = 0; tile < kLayerIssues[issue].tiles; ++tile) {
        float sums[kTokens][CONFIG::kOutputLanes];
        for (int block = 0; block < kWidth / kBlockWords; ++block) {
          hls::read_lock<WeightBlock> block_lock(blocks);
          const WeightBlock& rows = block_lock;
          for (int token = 0; token < tokens; ++token) {
            for (int k = 0; k < kBlockWords; ++k) {
#pragma HLS PIPELINE II = 1
              const int at = block * kBlockWords + k;
              const float x = st::lane_f32(frame[token * kWords + at / 16], at % 16);
              for (int row = 0; row < CONFIG::kOutputLanes; ++row) {
#pragma HLS UNROLL
                const float before = at == 0 ? 0.0f : sums[token][row];
                sums[token][row] = before + st::lane_f32(rows[k], row) * x;
              }
            }
          }
        }
        for (int token = 0; token < tokens; ++token) {
#pragma HLS PIPELINE II = 1
          results.write(st::pack_f32(sums[token]));
        }
      }
    }
  }
}

void result_switch(hls::stream<Header>& headers, hls::stream<word512>& results, hls::stream<word512>& gate,
                   hls::stream<word512>& up, hls::stream<word512>& down) {
  const int tokens = read_header(headers);
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int issue = 0; issue < kLayerIssueCount; ++issue) {
      for (int tile = 0; tile < kLayerIssues[issue].tiles; ++tile) {
        for (int token = 0; token < tokens; ++token) {
#pragma HLS PIPELINE II = 1
          const word512 word = results.read();
          if (kLayerIssues[issue].destination == kResidual) {
            down.write(word);
          } else if (tile % 2 == 0) {
            gate.write(word);
          } else {
            up.write(word);
          }
        }
      }
    }
  }
}

void gated_product(hls::stream<Header>& headers, hls::stream<word512>& gate, hls::stream<word512>& up,
                   hls::stream<word512>& out) {
  const int tokens = read_header(headers);
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int word = 0; word < kWords; ++word) {
      for (int token = 0; token < tokens; ++token) {
#pragma HLS PIPELINE II = 1
        float u[16], g[16], h[16];
        st::unpack_f32(up.read(), u);
        st::unpack_f32(gate.read(), g);
        for (int lane = 0; lane < 16; ++lane) {
#pragma HLS UNROLL
          h[lane] = g[lane] / (1.0f + (g[lane] < 0.0f ? -g[lane] : g[lane])) * u[lane];
        }
        out.write(st::pack_f32(h));
      }
    }
  }
}

void residual(hls::stream<Header>& headers, const word512* input, hls::stream<word512>& down,
              hls::stream<word512>& to_switch, hls::stream<word512>& to_store) {
  const int tokens = read_header(headers);
  word512 x[kTokens * kWords];
  for (int i = 0; i < tokens * kWords; ++i) {
#pragma HLS PIPELINE II = 1
    x[i] = input[i];
  }
  for (int layer = 0; layer < kLayers; ++layer) {
    for (int word = 0; word < kWords; ++word) {
      for (int token = 0; token < tokens; ++token) {
#pragma HLS PIPELINE II = 1
        to_switch.write(x[token * kWords + word]);
      }
    }
    for (int word = 0; word < kWords; ++word) {
      for (int token = 0; token < tokens; ++token) {
#pragma HLS PIPELINE II = 1
        float a[16], b[16];
        st::unpack_f32(x[token * kWords + word], a);
        st::unpack_f32(down.read(), b);
        for (int lane = 0; lane < 16; ++lane) {
#pragma HLS UNROLL
          a[lane] = a[lane] + b[lane];
        }
        x[token * kWords + word] = st::pack_f32(a);
      }
    }
  }
  for (int i = 0; i < tokens * kWords; ++i) {
#pragma HLS PIPELINE II = 1
    to_store.write(x[i]);
  }
}

void store(hls::stream<Header>& headers, hls::stream<word512>& rows, word512* output) {
  const int tokens = read_header(headers);
  for (int i = 0; i < tokens * kWords; ++i) {
#pragma HLS PIPELINE II = 1
    output[i] = rows.read();
  }
}

}  // namespace toy

extern "C" void toy_step(const st::word512* descriptor, st::word512* status, const st::word512* input,
                         st::word512* output, const st::word512* weights) {
#pragma HLS DATAFLOW
  hls::stream<toy::Header, 2> header_switch("header_switch");
  hls::stream<toy::Header, 2> header_engine("header_engine");
  hls::stream<toy::Header, 2> header_result("header_result");
  hls::stream<toy::Header, 2> header_gate("header_gate");
  hls::stream<toy::Header, 2> header_residual("header_residual");
  hls::stream<toy::Header, 2> header_store("header_store");
  hls::stream_of_blocks<toy::WeightBlock, 4> weight_blocks("weight_blocks");
  hls::stream_of_blocks<toy::Frame, TOY_FRAME_SLOTS> frames("frames");
  hls::stream<st::word512, 2> results("results");
  hls::stream<st::word512, TOY_GATE_DEPTH> gate("gate");
  hls::stream<st::word512, 2> up("up");
  hls::stream<st::word512, 2> down("down");
  hls::stream<st::word512, 2> product("product");
  hls::stream<st::word512, 2> residual_rows("residual_rows");
  hls::stream<st::word512, 2> final_rows("final_rows");

  ST_PROCESS(toy::header, descriptor, status, header_switch, header_engine, header_result, header_gate,
             header_residual, header_store);
  ST_PROCESS(toy::load_weights, weights, weight_blocks);
  ST_PROCESS(toy::activation_switch, header_switch, residual_rows, product, frames);
  ST_PROCESS(toy::engine<toy::EngineConfig>, header_engine, frames, weight_blocks, results);
  ST_PROCESS(toy::result_switch, header_result, results, gate, up, down);
  ST_PROCESS(toy::gated_product, header_gate, gate, up, product);
  ST_PROCESS(toy::residual, header_residual, input, down, residual_rows, final_rows);
  ST_PROCESS(toy::store, header_store, final_rows, output);
  ST_DATAFLOW_END
}
