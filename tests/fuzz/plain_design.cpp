// SPDX-License-Identifier: Apache-2.0
#include <st/dataflow.h>

namespace plain {

constexpr unsigned kTokens = 4;

void read(const uint32_t* descriptor, hls::stream<uint32_t>& ids) {
  for (unsigned t = 0; t < kTokens; ++t) ids.write(t < descriptor[2] ? descriptor[16 + 8 * t] : 0);
}

void write(const float* pool, float* output, uint32_t* status, hls::stream<uint32_t>& ids) {
  for (unsigned t = 0; t < kTokens; ++t) output[t] = static_cast<float>(ids.read()) + pool[t];
  status[0] = 1;
}

void top(const uint32_t* descriptor, uint32_t* status, float* output, const float* pool) {
#pragma HLS DATAFLOW
  hls::stream<uint32_t, 2> ids("ids");
  ST_PROCESS(read, descriptor, ids);
  ST_PROCESS(write, pool, output, status, ids);
  ST_DATAFLOW_END;
}

}  // namespace plain

ST_EXPORT_LAUNCH(plain::top)
