// SPDX-License-Identifier: Apache-2.0
// The kinds there are. A new kind is a pair of files in this folder and a line here
// (docs/how-to/add-a-process-kind.md).
#ifndef STREAMTENSOR_PROCESSES
#define STREAMTENSOR_PROCESSES

include "compiler/processes/activation_switch.td"
include "compiler/processes/attention.td"
include "compiler/processes/carry.td"
include "compiler/processes/chunk.td"
include "compiler/processes/concat.td"
include "compiler/processes/convert.td"
include "compiler/processes/engine.td"
include "compiler/processes/fan_out.td"
include "compiler/processes/fork.td"
include "compiler/processes/header.td"
include "compiler/processes/join.td"
include "compiler/processes/kernel.td"
include "compiler/processes/kv_append.td"
include "compiler/processes/load.td"
include "compiler/processes/load_pages.td"
include "compiler/processes/load_weights.td"
include "compiler/processes/result_switch.td"
include "compiler/processes/store.td"
include "compiler/processes/take_rows.td"
include "compiler/processes/write_status.td"

#endif
