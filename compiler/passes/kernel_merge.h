// SPDX-License-Identifier: Apache-2.0
// Rewrites of dataflow.kernel that `fuse` is made of.
#pragma once

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace streamtensor::compiler {

// The perfect nest of a kernel's loops, outermost first.
llvm::SmallVector<mlir::scf::ForOp> LoopsOf(dataflow::KernelOp kernel);
// Whether two kernels run the same loops: as often, by the same symbols and steps.
bool SameLoops(dataflow::KernelOp a, dataflow::KernelOp b);

// One kernel that runs `producer`'s body, then `consumer`'s, in one nest, and reads what both read once.
// It stands in the consumer's place; the caller has made sure that nothing else leads from one to
// the other. Both kernels are erased.
dataflow::KernelOp MergeKernels(dataflow::KernelOp producer, dataflow::KernelOp consumer);

// Lets `kernel` take operand `index` from before the reassociate that it comes from.
void AbsorbSourceShape(dataflow::KernelOp kernel, unsigned index);
// Lets `kernel` give result `index`, whose only user is a reassociate, in that shape.
void AbsorbResultShape(dataflow::KernelOp kernel, unsigned index);

}  // namespace streamtensor::compiler
