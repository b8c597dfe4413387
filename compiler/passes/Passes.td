// SPDX-License-Identifier: Apache-2.0
// The passes of streamtensorc, in the order in which a module meets them. One pass a file, tests under
// tests/compiler/passes/<pass>/.
#ifndef STREAMTENSOR_COMPILER_PASSES
#define STREAMTENSOR_COMPILER_PASSES

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Numerics: imported -> ordered
//===----------------------------------------------------------------------===//

def LowerTmTensor : Pass<"lower-tm-tensor", "::mlir::ModuleOp"> {
  let summary = "Turn Torch-MLIR's own operations into linalg";
  let description = [{
    - A scan is one generic whose second result accumulates along the dimension, and whose first result keeps every
      value of it.
    - A sort counts, for each element, those that stand before it, which is its place; then each place selects its
      element. That takes N^2 comparisons for N elements, and no branch. Equal elements keep their order. A NaN counts
      as greater than every number, as PyTorch sorts.
    - A topk does the same, with as many places as it gives.
    - Attention is a product, a softmax of each row and a product. A row of which the mask leaves nothing is 0.
    - A scatter selects, for each element of the result, the updates that cover it, in their order. An update covers
      a window from its indices on: one element or more along a dimension with an index, the first ones or all along
      another. What lies beyond the result is dropped.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def SplitComplex : Pass<"split-complex", "::mlir::ModuleOp"> {
  let summary = "Compute on complex numbers by their real and imaginary parts";
  let description = [{
    Applies to a @step that is marked `dataflow.samples`. A tensor of complex numbers becomes one of real and one of
    imaginary parts, a loop over it one over both. An operation that only moves elements is done twice. An argument or a
    result gets a last dimension of 2, which `dataflow.complex` marks. A product is (ac - bd) + (ad + bc)i, without
    C's rules for infinities; what else is computed of single numbers is written by MLIR's own complex-to-standard
    patterns.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::complex::ComplexDialect"];
}

def CollectChecks : Pass<"collect-checks", "::mlir::ModuleOp"> {
  let summary = "Turn the assertions of a module into a result that a host can check";
  let description = [{
    Applies to a @step that is marked `dataflow.samples`. Clean-up proves an assertion away where its condition is
    constant. Of the others one more result holds the number, from 1, of the first that doesn't hold, or 0;
    `dataflow.checks` are their messages. A `tensor.extract` whose indices are not known to lie within the tensor, and
    a slice at a computed offset, are kept within it: what they read then belongs to a sample that a check refuses.
    An integer division by something other than a positive constant gets a check too, and a divisor of 1 where that
    fails.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def WidenHalves : Pass<"widen-halves", "::mlir::ModuleOp"> {
  let summary = "Compute on float16 and bfloat16 in float32";
  let description = [{
    Every operation on f16 or bf16 becomes the same on float32 between conversions; its result is rounded at once, as
    PyTorch rounds it on a CPU.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def NarrowFloat64 : Pass<"narrow-float64", "::mlir::ModuleOp"> {
  let summary = "Compute in float32 where a module passes through float64";
  let description = [{
    Torch-MLIR writes some float32 operations with float64 in between: a LayerNorm's variance, the bounds of a clamp.
    Where float64 is no more than such a detour, every value between `arith.extf` and `arith.truncf` becomes float32,
    and the two conversions go.

    A module marked `dataflow.samples` that has float64 for more than that stays as it is, and computes in float64:
    arguments or results of f64, a constant that float32 can't hold, an integer that is not known to lie within 2^24,
    an integer made of a float64. In any other module each such place is an error.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def OneRow : Pass<"one-row", "::mlir::ModuleOp"> {
  let summary = "Bring a dynamic leading dimension down to one row";
  let description = [{
    Applies to a @step that is marked `dataflow.samples` and has a dynamic leading dimension. Where every row of a
    result depends on the same row of the inputs alone, a step may compute one row after another: the dimension
    becomes 1, and the arguments and results get `dataflow.rows`. The proof follows the rows from operation to
    operation: a loop of a linalg operation that walks the rows must be parallel, and walk them in every operand alike.

    Whatever makes one row depend on another, or on the number of rows, is an error, each place named.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def ExpandSamples : Pass<"expand-samples", "::mlir::ModuleOp"> {
  let summary = "Write what a kernel of samples has no text for as other operations";
  let description = [{
    Applies to a @step that is marked `dataflow.samples`: `tensor.pad` and `tensor.concat` become slices, a power with an
    integer exponent one of floats, a reciprocal root a root and a division, an integer division that rounds down or up one
    that rounds to zero and a correction; constants are rounded. A `dataflow.contract` becomes the linalg that computes the
    engine's integers, bit for bit, in a process of its own. Afterwards the module determines every bit of its results but those of the functions of math.h: the
    reference of the tests runs this module.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::math::MathDialect", "::mlir::arith::ArithDialect"];
}

def FormSampleKernel : Pass<"form-sample-kernel", "::mlir::ModuleOp"> {
  let summary = "Make kernels that stream into each other of a module of static shapes";
  let description = [{
    Applies to a @step that is marked `dataflow.samples`; its tensors must be of static shape. The function becomes a
    chain of `dataflow.kernel`s, joined by itensors, that read a whole sample of each input as a row, compute
    what the module says in the order of the module's own loops, and write each result as a row. Symbol T counts the
    samples of a step. Weights are memories that the kernels read. Any other module is left alone.

    Which operation belongs to which kernel, and which tensors stream by rows, is the rule of
    `compiler/passes/sample_stages.h`; `dataflow.binding` on an operation overrules it.

    Rows hold float32 words. An element of i32 is one word as its bits, of i1, i8 and i16 one of i32, of f16 and bf16
    the float32 of that value, of i64 and f64 two words, the low one first. `dataflow.sample` keeps the type of a sample.

    The numerics passes that follow skip the kernel: its sums run in loop order, and it calls the functions of math.h.
  }];
  let dependentDialects = ["::streamtensor::compiler::dataflow::DataflowDialect",
                           "::streamtensor::compiler::itensor::ITensorDialect", "::mlir::scf::SCFDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def KeepLayers : Pass<"keep-layers", "::mlir::ModuleOp"> {
  let summary = "Keep a loop over one layer from being folded away";
  let description = [{
    Where the only loop at the top of a function runs once and carries tensors, its upper bound becomes
    `dataflow.layers 1`. Clean-up passes then leave it alone, and a model of one layer takes the path of
    every other.
  }];
  let dependentDialects = ["::streamtensor::compiler::dataflow::DataflowDialect"];
}

def FuseElementwise : Pass<"fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "Fold chains of elementwise linalg operations into one";
  let description = [{
    Brings named linalg operations (all but `linalg.fill`) to `linalg.generic`, then folds an elementwise
    producer with one user into its consumer. Two things stay apart, because later passes look for them:
    the dequantisation of a weight, and the operands of a contraction.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect"];
}

def Quantize : Pass<"quantize", "::mlir::ModuleOp"> {
  let summary = "Turn matrix products with a block-quantised weight into dataflow.contract";
  let description = [{
    A product `x [T x K] * w [N x K]^T` whose `w` is a dequantisation generic (`d*q` or `d*q + m` a group of
    32) becomes `dataflow.contract %x, %q, %d[, %m]`. The blocks of the model file are kept as they are.
    A product with any other float32 weight argument is an error that names the weight.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::streamtensor::compiler::dataflow::DataflowDialect"];
}

def ExpandMath : Pass<"expand-math", "::mlir::ModuleOp"> {
  let summary = "Write every mathematical function as + - * / sqrt, compares, selects and conversions";
  let description = [{
    The sequences are those of docs/architecture.md, section 2; nothing is left to a libm. Fast-math flags
    are taken away. A function without a sequence is an error that names it.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def OrderSums : Pass<"order-sums", "::mlir::ModuleOp"> {
  let summary = "Give every float32 sum its order: 16 interleaved partials and a fixed tree";
  let description = [{
    A reduction over the innermost index of an operand becomes a reduction into 16 lanes, a remainder (when
    the length is not a multiple of 16), and one elementwise tree. Reductions over an outer index keep their
    one accumulator, ascending. Maxima and integer sums have no order to fix and stay.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def Decompose : Pass<"decompose", "::mlir::ModuleOp"> {
  let summary = "Write the tensor operations of dataflow in linalg, scf and arith: the reference";
  let description = [{
    Only the reference runs the result. Every float operation stands in the order of
    docs/architecture.md, section 2. `dataflow.kv_append` becomes a call of the external function
    `st_kv_append`, which the program that runs the module provides.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::func::FuncDialect", "::mlir::affine::AffineDialect"];
}

//===----------------------------------------------------------------------===//
// Dataflow: ordered -> sized
//===----------------------------------------------------------------------===//

def AttachPlatform : Pass<"attach-platform", "::mlir::ModuleOp"> {
  let summary = "Name the card that a module is compiled for";
  let description = [{
    Reads the card model `name` (configs/platforms, or a folder that STREAMTENSOR_PLATFORM_DIR names) and sets the
    module's `dataflow.platform`. Without a name a platform that the module has stays; else it is u55c.
  }];
  let options = [Option<"name", "name", "std::string", "\"\"", "A card model's name">];
  let dependentDialects = ["::streamtensor::compiler::dataflow::DataflowDialect"];
}

def Tile : Pass<"tile", "::mlir::ModuleOp"> {
  let summary = "Choose the tile of every linalg operation of the step";
  let description = [{
    One row at a time. Operations that are elementwise on a matrix and fed, through such operations only, by
    contractions take `columns` columns of one row, column tiles outside: the order in which the engine gives
    its results. The choice is optimistic through the layers' loop, so a residual keeps its tiles.
    Leaves `dataflow.tile` and `dataflow.order` on each operation.
  }];
  let options = [Option<"columns", "columns", "int64_t", "contract::kTileRows", "Columns of a tile: rows of an engine tile">];
}

def LinalgToDataflow : Pass<"linalg-to-dataflow", "::mlir::ModuleOp"> {
  let summary = "Make each tiled linalg operation a dataflow.kernel on itensors";
  let description = [{
    Trip counts and steps of the tile loops give the iteration space of an operand, its indexing map the map,
    the tile the element. Weights, tables and descriptor fields stay tensors that the kernel indexes at will.
    Where an operand's order and its producer's meet, an unrealized_conversion_cast stands until `fuse`.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::streamtensor::compiler::dataflow::DataflowDialect",
                           "::streamtensor::compiler::itensor::ITensorDialect"];
}

def Fuse : Pass<"fuse", "::mlir::ModuleOp"> {
  let summary = "Fold kernels with equal loops, join the others";
  let description = [{
    A producer and a consumer whose ends have one type and whose loop nests match become one kernel, unless
    what the producer makes also reaches the consumer another way. What remains is joined by a FIFO where
    types are equal, by `itensor.converter` with the least buffer where they are not. More buffer (both
    sides of each) than the module's platform has on chip is an error that lists the converters.
  }];
  let dependentDialects = ["::streamtensor::compiler::itensor::ITensorDialect"];
}

def Bind : Pass<"bind", "::mlir::ModuleOp"> {
  let summary = "Put the contractions on one engine, in one order";
  let description = [{
    Each group of contractions with one activation operand and one weight format becomes a
    `dataflow.issue`: alternating row tiles when one kernel takes all of its results tile by tile, one weight
    after another otherwise. The order is the order of the block, which dominance makes topological.
    The residual becomes an itensor iter_arg. Itensors with several users are forked.
  }];
  let options = [Option<"slots", "slots", "int64_t", "2", "Frames that may be live at once">];
  let dependentDialects = ["::streamtensor::compiler::itensor::ITensorDialect",
                           "::streamtensor::compiler::dataflow::DataflowDialect"];
}

def Materialize : Pass<"materialize", "::mlir::ModuleOp"> {
  let summary = "Make the network of processes and streams: dataflow.design";
  let description = [{
    Projects the one sequence of issues on activation switch, engine, result switch and weight channels, each
    with an operation list for prologue, layer and epilogue; every kernel, converter and fork becomes a
    process of its section, the loop's iter_arg a carry. Only here does the cycle from results back to
    activations exist. The functions are erased.
  }];
  let options = [Option<"channels", "channels", "int64_t", "0", "Channels that weights are distributed over; 0: the platform's">,
                 Option<"unroll", "unroll", "int64_t", "0", "Rows of activations the engine works on at a time, 1..6; 0: the platform's">];
  let dependentDialects = ["::streamtensor::compiler::dataflow::DataflowDialect",
                           "::streamtensor::compiler::process::ProcessDialect"];
}

def OrderProcesses : Pass<"order-processes", "::mlir::ModuleOp"> {
  let summary = "Order the processes of a design so that channels are written before they are read";
  let description = [{
    HLS takes the order of calls in a dataflow region as the direction of the data. A channel that is read
    before it is written is feedback, which costs its consumer the start signal and works for streams only. The
    pass chooses the streams of words that go backward (the engine's results, the residual), as few as it finds,
    and orders the processes topologically by all other streams. Processes that no stream orders keep their
    order. More than `most` backward streams are an error that names them.
  }];
  let options = [Option<"most", "most", "int64_t", "2", "Streams that may go backward">];
}

def AssignChannels : Pass<"assign-channels", "::mlir::ModuleOp"> {
  let summary = "Give every memory its argument index and its bank";
  let description = [{
    Arguments stand in the order of docs/architecture.md, section 3. Of the module's platform each weight channel
    gets a memory bank; tables and small buffers share a few of the others, each where least lies; one that no bank
    holds gets several that follow each other. The two pools of pages divide the banks that are left, or lie in the
    two emptiest; a pool's two pointers share a place. `bank` is the first bank of a place. What does not fit is an
    error that names the memory, and so is a module without a platform.
  }];
}

def SizeFifos : Pass<"size-fifos", "::mlir::ModuleOp"> {
  let summary = "The least depth of every FIFO, found on the network itself";
  let description = [{
    Runs the design's process network without values (compiler/analysis/network.h) for every T, every W and any
    choice of W rows, over as many layers as make a difference. All depths start at 1; at a deadlock the shallowest full
    channel of the cycle grows; then each is made least. `minimum` is that depth: with every other at its own,
    one less deadlocks. Channels with a minimum above 1 are named "ring" (frame slots) or "reconvergent".
    `depth` is at least `words`, `blocks` or `frames`, so that processes need not wait for each other at every
    word; with `exact` it is the minimum.
  }];
  let options = [Option<"words", "words", "int64_t", "32", "Least depth of a FIFO of words">,
                 Option<"blocks", "blocks", "int64_t", "8", "Least depth of a weight channel, in blocks of 32 words">,
                 Option<"frames", "frames", "int64_t", "2", "Least number of frame slots">,
                 Option<"exact", "exact", "bool", "false", "Set every depth to its minimum">];
}

def VerifyBound : Pass<"verify-bound", "::mlir::ModuleOp"> {
  let summary = "Prove that a sized design completes every step";
  let description = [{
    Activation switch, engine and result switch must hold one and the same sequence of issues, and the process
    network must complete at its depths for every T, every W and any choice of W rows. The network is determinate, so one run
    decides for every timing. A design that deadlocks is an error that names the cycle of processes and FIFOs as
    the card would.
  }];
}

#endif  // STREAMTENSOR_COMPILER_PASSES
