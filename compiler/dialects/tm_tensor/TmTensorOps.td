// SPDX-License-Identifier: Apache-2.0
// What Torch-MLIR writes beside linalg, so that its text can be read.
#ifndef STREAMTENSOR_TM_TENSOR
#define STREAMTENSOR_TM_TENSOR

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TmTensor_Dialect : Dialect {
  let name = "tm_tensor";
  let cppNamespace = "::streamtensor::compiler::tm_tensor";
  let summary = "Operations of Torch-MLIR that linalg has no form for";
  let description = [{
    Only what the front end reads: `lower-tm-tensor` turns every operation into linalg. The syntax and the meaning are
    Torch-MLIR's.
  }];
}

class TmTensor_Op<string mnemonic, list<Trait> traits = []>
    : Op<TmTensor_Dialect, mnemonic, !listconcat(traits, [AttrSizedOperandSegments, SingleBlock, Pure])> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$region);
  let hasVerifier = 1;
}

def TmTensor_ScanOp : TmTensor_Op<"scan"> {
  let summary = "Running combination along a dimension";
  let description = [{
    `outputs` are the running values and the accumulator, whose shape lacks the dimension. The region combines an
    element with what is accumulated.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs,
                       I64Attr:$dimension, BoolAttr:$inclusive);
  let assemblyFormat = [{
    `dimension` `(` $dimension `)` `inclusive` `(` $inclusive `)` attr-dict
    `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $outputs `:` type($outputs) `)` $region (`->` type($results)^)?
  }];
}

def TmTensor_SortOp : TmTensor_Op<"sort"> {
  let summary = "Stable sort along a dimension, of several tensors at once";
  let description = [{
    The region gets two elements of each tensor and says whether the first may stand before the second.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs, I64Attr:$dimension);
  let assemblyFormat = [{
    `dimension` `(` $dimension `)` attr-dict
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? `outs` `(` $outputs `:` type($outputs) `)` $region
    (`->` type($results)^)?
  }];
}

def TmTensor_ScatterOp : TmTensor_Op<"scatter"> {
  let summary = "Updates elements or slices of a tensor at computed indices";
  let description = [{
    `inputs` are the updates [n, slice...] and the indices [n, depth]; index `d` is of dimension `dimension_map[d]` of
    the output. The slice has the dimensions without an index, in order, or the last ones with and without; it may be
    smaller than the output there. The region gets an update and the element that stands there.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs,
                       DenseI64ArrayAttr:$dimension_map, DefaultValuedAttr<BoolAttr, "true">:$unique_indices);
  let assemblyFormat = [{
    attr-dict `unique_indices` `(` $unique_indices `)`
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? `outs` `(` $outputs `:` type($outputs) `)` $region
    (`->` type($results)^)?
  }];
}

def TmTensor_TopkOp : TmTensor_Op<"topk"> {
  let summary = "The first elements along a dimension, in order";
  let description = [{
    `inputs` are the values and, if given, a number for each; otherwise that is its place along the dimension. `outputs`
    are the first values along the dimension, as many as its size there, and their numbers; what they hold before is
    not read. The region says whether one value comes strictly before another; of those that come neither way the one
    that stands first in the input does.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs, I64Attr:$dimension);
  let assemblyFormat = [{
    `dimension` `(` $dimension `)` attr-dict
    `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $outputs `:` type($outputs) `)` $region (`->` type($results)^)?
  }];
}

def TmTensor_AttentionOp : Op<TmTensor_Dialect, "attention", [AttrSizedOperandSegments, Pure]> {
  let summary = "Attention: softmax of scaled products of queries and keys, times values";
  let description = [{
    `inputs` are queries [batch..., n, d], keys [batch..., m, d], values [batch..., m, v] and, if given, a mask
    [batch..., n, m]: numbers that are added to the scores, or booleans that say which count. Scores are divided by the
    square root of d. A row of which nothing counts is 0.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    attr-dict `ins` `(` $inputs `:` type($inputs) `)` `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def TmTensor_YieldOp : Op<TmTensor_Dialect, "yield", [Pure, ReturnLike, Terminator]> {
  let summary = "Ends the region of an operation of tm_tensor";
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

#endif
