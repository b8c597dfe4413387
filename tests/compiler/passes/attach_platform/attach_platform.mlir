// RUN: streamtensor-opt %s --attach-platform | FileCheck %s --check-prefix=DEFAULT
// RUN: streamtensor-opt %s --attach-platform=name=u250 --attach-platform | FileCheck %s --check-prefix=KEPT
// RUN: streamtensor-opt %s --attach-platform=name=u250 --attach-platform=name=v80 | FileCheck %s --check-prefix=REPLACED
// RUN: not streamtensor-opt %s --attach-platform=name=u999 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// DEFAULT: dataflow.platform = #dataflow.platform<name = "u55c", banks = 32, bank_bytes = 536870912, on_chip_bytes = 30985420, weight_channels = 4, unroll = 6>
// KEPT: name = "u250", banks = 4, bank_bytes = 17179869184
// REPLACED: name = "v80", banks = 64
// UNKNOWN: error: unknown platform 'u999'; known: {{.*}}u250, u280, u55c, v80
module {}
