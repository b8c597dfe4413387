// SPDX-License-Identifier: Apache-2.0
// The headers of kernels/st that emitted text includes. A new template is a line here.
#pragma once

namespace streamtensor::compiler::hls {

inline constexpr const char* kKernelHeaders[] = {
    "attention", "convert", "dataflow",     "engine", "fork", "frames", "header", "issue",
    "kv_append", "load",    "load_weights", "route",  "rows", "scalar", "store",  "take_rows"};

}  // namespace streamtensor::compiler::hls
