// SPDX-License-Identifier: Apache-2.0
// The network: what becomes text.
#ifndef STREAMTENSOR_DATAFLOW_DESIGN_OPS
#define STREAMTENSOR_DATAFLOW_DESIGN_OPS

include "compiler/dialects/dataflow/DataflowDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Dataflow_DesignOp : Dataflow_Op<"design", [IsolatedFromAbove, Symbol, SymbolTable,
    SingleBlock] # GraphRegionNoTerminator.traits> {
  let summary = "One launch: memories, streams and the processes between them";
  let description = [{
    - `layers`: how often section `layer` runs (0: there is none);
    - `symbols`: the named symbols and their bounds;
    - `max_pages`: page-table entries a slot, 0 without attention;
    - `vocabulary`: token ids are below it, 0 when nothing is looked up by token id.

    Its body holds memories, streams and processes (operations with `ProcessOpInterface`). Every stream joins
    the two processes it names, every memory belongs to one process, and every process holds exactly the ends
    that name it, as many and of the kinds that its own verifier asks for.

    Example:
    ```mlir
    dataflow.design @streamtensor_step attributes {layers = 30 : i64, max_pages = 64 : i64, symbols = {T = 16 : i64, W = 16 : i64}} {
      dataflow.memory @descriptor {role = "descriptor"}
      dataflow.stream @x header depth 2 from @header to @norm
      ...
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$layers, DictionaryAttr:$symbols,
                       DefaultValuedAttr<I64Attr, "0">:$max_pages,
                       DefaultValuedAttr<I64Attr, "0">:$vocabulary);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    // Bound of a symbol; 0 when the design has none of that name.
    int64_t getBound(::llvm::StringRef symbol);
  }];
}

def Dataflow_MemoryOp : Dataflow_Op<"memory", [Symbol, HasParent<"DesignOp">]> {
  let summary = "A pointer argument of the kernel";
  let description = [{
    `role` is a role of the manifest in lower case ("descriptor", "status", "logits", "weights",
    "constants", "k_read", "v_read", "k_write", "v_write", "input", "output"). `assign-channels` sets
    `index` (position among the arguments) and `bank` (memory bank of the module's platform). A `constants` memory names
    the weight it holds (`weight`, `part`) and its `type`: the whole, over all layers. An `input` or
    `output` names its tensor. `channel` numbers the weight channels.

    Example:
    ```mlir
    dataflow.memory @norm1_w {role = "constants", weight = "blk.{layer}.attn_norm.weight", part = "value",
                              type = tensor<30x576xf32>, section = "layer", index = 14 : i64, bank = 8 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$role, OptionalAttr<I64Attr>:$index,
                       OptionalAttr<I64Attr>:$bank, OptionalAttr<StrAttr>:$weight,
                       OptionalAttr<StrAttr>:$part, OptionalAttr<StrAttr>:$section,
                       OptionalAttr<TypeAttr>:$type, OptionalAttr<I64Attr>:$channel);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Dataflow_StreamOp : Dataflow_Op<"stream", [Symbol, HasParent<"DesignOp">]> {
  let summary = "A FIFO from one process to another";
  let description = [{
    `depth` counts what the channel carries: words, header words, blocks or frames.
    - `words`: elements of `type`, each in ceil(bits/512) words;
    - `header`: 1 + T header words;
    - `blocks`: packed weights, `words` 512-bit words each;
    - `frames`: quantised activations of an issue, `words` 512-bit words each;
    - `pages`: the page table, once a launch, or the pages that a step needs, in 512-bit words;
    - `done`: one token, once a launch.
    `minimum` and `role` are set by `size-fifos`. `minimum`: with every other stream at its own minimum,
    less deadlocks (a minimum of 1 can't be less). `role`: "ring" (frame slots), "reconvergent" (has to
    hold the skew between two paths), absent where 1 is enough.

    Example:
    ```mlir
    dataflow.stream @gate words depth 16 from @result_switch to @silu
      {type = !itensor.itensor<1x16xf32, [96, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>, role = "reconvergent"}
    dataflow.stream @frames frames depth 2 from @activation_switch to @engine {words = 768 : i64}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Dataflow_ChannelKind:$kind, I64Attr:$depth,
                       FlatSymbolRefAttr:$source, FlatSymbolRefAttr:$sink, OptionalAttr<TypeAttr>:$type,
                       OptionalAttr<I64Attr>:$words, OptionalAttr<I64Attr>:$minimum,
                       OptionalAttr<StrAttr>:$role);
  let assemblyFormat = "$sym_name $kind `depth` $depth `from` $source `to` $sink attr-dict";
  let hasVerifier = 1;
}

#endif
