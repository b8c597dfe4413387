// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_DATAFLOW_OPS
#define STREAMTENSOR_DATAFLOW_OPS

include "compiler/dialects/dataflow/TensorOps.td"
include "compiler/dialects/dataflow/KernelOps.td"
include "compiler/dialects/dataflow/DesignOps.td"

#endif
