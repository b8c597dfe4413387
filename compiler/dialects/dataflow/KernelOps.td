// SPDX-License-Identifier: Apache-2.0
// Kernels on itensors, and issues on the shared engine.
#ifndef STREAMTENSOR_DATAFLOW_KERNEL_OPS
#define STREAMTENSOR_DATAFLOW_KERNEL_OPS

include "compiler/dialects/dataflow/DataflowDialect.td"
include "compiler/dialects/itensor/ITensorTypes.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

def Dataflow_ExtentOp : Dataflow_Op<"extent", [Pure]> {
  let summary = "The value that a named symbol has in this step";
  let description = [{
    Read from the step header once materialised. 0..bound.

    Example:
    ```mlir
    %tokens = dataflow.extent "T" : index
    ```
  }];
  let arguments = (ins StrAttr:$symbol);
  let results = (outs Index:$result);
  let assemblyFormat = "$symbol attr-dict `:` type($result)";
}

def Dataflow_LayersOp : Dataflow_Op<"layers", [Pure]> {
  let summary = "The bound of the loop over layers where there is one layer";
  let description = [{
    Not a constant, so that the loop of one trip is not folded away: it says what is stacked by layer and what
    the residual is. `materialize` takes it for the number it holds, `decompose` makes it that constant.

    Example:
    ```mlir
    %layers = dataflow.layers 1 : index
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$count);
  let results = (outs Index:$result);
  let assemblyFormat = "$count attr-dict `:` type($result)";
}

def Dataflow_KernelOp : Dataflow_Op<"kernel", [IsolatedFromAbove, SingleBlock,
    RecursiveMemoryEffects]> {
  let summary = "A loop nest that reads itensors and memories and writes itensors";
  let description = [{
    Isolated: what it uses it is given. Operands are itensors (each read exactly in the order of
    its type), tensors (memories that it may index at will: weights, tables, descriptor fields) and
    indices (the layer). It becomes one process.

    Example:
    ```mlir
    %y = dataflow.kernel "double" (%in = %x : !itensor.itensor<1x16xf32, [T max 16]*[1], (d0) -> (d0, 0)>)
           -> !itensor.itensor<1x16xf32, [T max 16]*[1], (d0) -> (d0, 0)> {
      ...
      dataflow.yield %out : !itensor.itensor<1x16xf32, [T max 16]*[1], (d0) -> (d0, 0)>
    }
    ```
  }];
  let arguments = (ins StrAttr:$label, Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$label, "::mlir::ValueRange":$inputs,
                                 "::mlir::TypeRange":$outputs)>];
}

def Dataflow_YieldOp : Dataflow_Op<"yield", [Pure, ReturnLike, Terminator]> {
  let summary = "Ends the body of a kernel, or of the process made of it, with what it wrote";
  let description = [{
    Example:
    ```mlir
    dataflow.yield %out : !itensor.itensor<1x16xf32, [4]*[1], (d0) -> (d0, 0)>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` qualified(type($values)))? attr-dict";
  let builders = [OpBuilder<(ins), [{}]>];
  let hasVerifier = 1;
}

def Dataflow_EngineOp : Dataflow_Op<"engine", [Symbol]> {
  let summary = "The shared contraction engine";
  let description = [{
    `slots`: frames that may be live at once (one being filled, one being used).

    Example:
    ```mlir
    dataflow.engine @engine {slots = 2 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DefaultValuedAttr<I64Attr, "2">:$slots);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Dataflow_IssueOp : Dataflow_Op<"issue", [Pure, AttrSizedOperandSegments]> {
  let summary = "One use of an engine: a frame of activations times one or more weights";
  let description = [{
    The position among the issues of its block is the order on the engine. `activations`, `[T x K]`, come as
    rows of one token or in the engine's own order (below); result i, for weight i of N rows, leaves as row tiles of 16,
    tokens inner: `<1x16xf32, [ceil(N/16), T]*[16, 1], (d0, d1) -> (d1, d0)>`. Results of several
    weights leave one after another, or with `alternate` (equal N) row tile by row tile in turn.

    Example:
    ```mlir
    %r:2 = dataflow.issue @engine %x q(%gq, %uq) d(%gd, %ud) m(%gm, %um) alternate
      : !itensor.itensor<1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)>,
        (tensor<1536x18x32xi4>, tensor<1536x18x32xi4>), (tensor<1536x18xf16>, tensor<1536x18xf16>),
        (tensor<1536x18xf16>, tensor<1536x18xf16>)
      -> !itensor.itensor<1x16xf32, [96, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
         !itensor.itensor<1x16xf32, [96, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$engine, ITensor_ITensorType:$activations,
                       Variadic<3DTensorOf<[I<4>, I8]>>:$q, Variadic<2DTensorOf<[F16]>>:$d,
                       Variadic<2DTensorOf<[F16]>>:$m, UnitAttr:$alternate);
  let results = (outs Variadic<ITensor_ITensorType>:$outputs);
  let assemblyFormat = [{
    $engine $activations `q` `(` $q `)` `d` `(` $d `)` (`m` `(` $m^ `)`)? (`alternate` $alternate^)?
    attr-dict `:` qualified(type($activations)) `,` `(` type($q) `)` `,` `(` type($d) `)`
    (`,` `(` type($m)^ `)`)? `->` qualified(type($outputs))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getInner();        // K
    int64_t getScaleGroups();  // groups of activations that share a weight's scale
    // Row tiles of 16 of weight `index`.
    int64_t getTiles(unsigned index);
    // The type of result `index`.
    itensor::ITensorType getExpectedType(unsigned index);
  }];
}

#endif
