// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_ITENSOR_OPS
#define STREAMTENSOR_ITENSOR_OPS

include "compiler/dialects/itensor/ITensorTypes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class ITensor_Op<string mnemonic, list<Trait> traits = []> : Op<ITensor_Dialect, mnemonic, traits>;

def ITensor_EmptyOp : ITensor_Op<"empty", [Pure]> {
  let summary = "An itensor that holds nothing yet";
  let description = [{
    The destination a kernel's writes start from. It is not a buffer: what is written to it goes
    out at once, in the order of the type.

    Example:
    ```mlir
    %0 = itensor.empty : !itensor.itensor<1x16xf32, [4, 2]*[1, 16], (d0, d1) -> (d0, d1)>
    ```
  }];
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat = "attr-dict `:` qualified(type($result))";
}

def ITensor_ReadOp : ITensor_Op<"read", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Takes the next element of an itensor";
  let description = [{
    Must stand in a loop nest that runs exactly as often as the type says; each execution takes one
    element, so it can neither be moved nor repeated.

    Example:
    ```mlir
    %tile = itensor.read %x : !itensor.itensor<1x16xf32, [4, 2]*[1, 16], (d0, d1) -> (d0, d1)>
    ```
  }];
  let arguments = (ins ITensor_ITensorType:$source);
  let results = (outs AnyStaticShapeTensor:$value);
  let assemblyFormat = "$source attr-dict `:` qualified(type($source)) `->` type($value)";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::Value":$source)>];
}

def ITensor_WriteOp : ITensor_Op<"write",
    [MemoryEffects<[MemRead, MemWrite]>, AllTypesMatch<["dest", "result"]>]> {
  let summary = "Puts the next element into an itensor";
  let description = [{
    Destination passing: the result is the itensor with this element in it, to be carried through
    the loops as an iter_arg.

    Example:
    ```mlir
    %next = itensor.write %tile into %out
        : tensor<1x16xf32> into !itensor.itensor<1x16xf32, [4, 2]*[1, 16], (d0, d1) -> (d0, d1)>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$value, ITensor_ITensorType:$dest);
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat =
    "$value `into` $dest attr-dict `:` type($value) `into` qualified(type($dest))";
  let hasVerifier = 1;
}

def ITensor_CastOp : ITensor_Op<"cast", [Pure]> {
  let summary = "Restates the order with other loops; nothing moves";
  let description = [{
    No element moves: after dropping loops of one trip and merging perfectly nested ones, both
    types must be equal.

    Example:
    ```mlir
    %1 = itensor.cast %0 : !itensor.itensor<1x16xf32, [1, 8]*[1, 16], (d0, d1) -> (d0, d1)>
                        to !itensor.itensor<1x16xf32, [8]*[16], (d0) -> (0, d0)>
    ```
  }];
  let arguments = (ins ITensor_ITensorType:$source);
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat =
    "$source attr-dict `:` qualified(type($source)) `to` qualified(type($result))";
  let hasVerifier = 1;
}

def ITensor_ReassociateOp : ITensor_Op<"reassociate", [Pure]> {
  let summary = "Views the data with other dimensions";
  let description = [{
    What `tensor.expand_shape` and `tensor.collapse_shape` become: the same scalars in the same
    order, under another shape. Both types must bring equally many elements of equally many
    scalars with the same trip counts, and `reassociation` must take one data shape to the other.

    Example:
    ```mlir
    %1 = itensor.reassociate %0 [[0], [1, 2]]
       : !itensor.itensor<1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)>
      to !itensor.itensor<1x9x64xf32, [T max 16]*[1], (d0) -> (d0, 0, 0)>
    ```
  }];
  let arguments = (ins ITensor_ITensorType:$source, IndexListArrayAttr:$reassociation);
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat = [{
    $source $reassociation attr-dict `:` qualified(type($source)) `to` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def ITensor_ConverterOp : ITensor_Op<"converter", [Pure]> {
  let summary = "Brings an itensor into another order through a buffer";
  let description = [{
    Joins a producer and a consumer whose types differ. `buffer` is the part of the data that must
    be held at once; `shared_loops` says how many outermost loops both orders have in common, so
    that the buffer is filled and emptied once an iteration of them. Both are what the converter
    inference (compiler/analysis/itensor_converter.h) says; the verifier accepts a buffer that
    is at least as large, for fewer shared loops. A buffer used once or more in turn is
    ping-ponged: the memory is twice this.

    Example (the paper's): only `d0` is shared, and 8x2 must be held.
    ```mlir
    %1 = itensor.converter %0 {buffer = array<i64: 8, 2>, shared_loops = 1 : i64}
       : !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>
      to !itensor.itensor<4x2xf32, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>
    ```
  }];
  let arguments = (ins ITensor_ITensorType:$source, DenseI64ArrayAttr:$buffer, I64Attr:$shared_loops);
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat =
    "$source attr-dict `:` qualified(type($source)) `to` qualified(type($result))";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    // Bytes of one side of the buffer.
    int64_t getBufferBytes();
  }];
}

def ITensor_ChunkOp : ITensor_Op<"chunk", [Pure]> {
  let summary = "Splits an itensor along a data dimension that its outermost loop walks";
  let description = [{
    The first elements go to the first result, and so on: no buffer. The outermost loop must
    advance `dim`, and the results' trip counts of it must add up to the source's.

    Example:
    ```mlir
    %a, %b = itensor.chunk %0 dim 1
       : !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
      to !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
         !itensor.itensor<1x16xf32, [1, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    ```
  }];
  let arguments = (ins ITensor_ITensorType:$source, I64Attr:$dim);
  let results = (outs Variadic<ITensor_ITensorType>:$outputs);
  let assemblyFormat = [{
    $source `dim` $dim attr-dict `:` qualified(type($source)) `to` qualified(type($outputs))
  }];
  let hasVerifier = 1;
}

def ITensor_ConcatOp : ITensor_Op<"concat", [Pure]> {
  let summary = "Puts itensors one after another along a data dimension";
  let description = [{
    The inverse of `itensor.chunk`, under the same conditions.

    Example:
    ```mlir
    %0 = itensor.concat %a, %b dim 1
       : !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
         !itensor.itensor<1x16xf32, [1, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
      to !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    ```
  }];
  let arguments = (ins Variadic<ITensor_ITensorType>:$inputs, I64Attr:$dim);
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat = [{
    $inputs `dim` $dim attr-dict `:` qualified(type($inputs)) `to` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def ITensor_ForkOp : ITensor_Op<"fork", [Pure]> {
  let summary = "Copies an itensor to several consumers";
  let description = [{
    Each element goes to every result before the next is taken.

    Example:
    ```mlir
    %a, %b = itensor.fork %0 : !itensor.itensor<1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)> to 2
    ```
  }];
  let arguments = (ins ITensor_ITensorType:$source);
  let results = (outs Variadic<ITensor_ITensorType>:$outputs);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def ITensor_JoinOp : ITensor_Op<"join", [Pure]> {
  let summary = "Takes elements from several itensors in turn";
  let description = [{
    Round robin: element i of the result is element i / n of input i mod n. All inputs have one
    type. The result has the inputs' loops, each advancing the same data dimension, and one more inside
    them: n trips that advance any dimension.

    Example:
    ```mlir
    %0 = itensor.join %a, %b
       : !itensor.itensor<1x16xf32, [4]*[32], (d0) -> (0, d0)>,
         !itensor.itensor<1x16xf32, [4]*[32], (d0) -> (0, d0)>
      to !itensor.itensor<1x16xf32, [4, 2]*[32, 16], (d0, d1) -> (0, d0 + d1)>
    ```
  }];
  let arguments = (ins Variadic<ITensor_ITensorType>:$inputs);
  let results = (outs ITensor_ITensorType:$result);
  let assemblyFormat = [{
    $inputs attr-dict `:` qualified(type($inputs)) `to` qualified(type($result))
  }];
  let hasVerifier = 1;
}

#endif
