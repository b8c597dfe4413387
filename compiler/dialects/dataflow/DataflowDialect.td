// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_DATAFLOW_DIALECT
#define STREAMTENSOR_DATAFLOW_DIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Dataflow_Dialect : Dialect {
  let name = "dataflow";
  let cppNamespace = "::streamtensor::compiler::dataflow";
  let summary = "From operators on tensors to a network of processes";
  let description = [{
    Three levels in one dialect: operators on tensors that bind to templates (`contract`,
    `paged_attention`, `kv_append`, `take_rows`); isolated kernels on itensors and issues on a shared
    engine (`kernel`, `issue`); and the network itself (`design` with `stream` and `memory`). What stands
    between the streams is a process: any operation with `ProcessOpInterface`. The kinds of processes
    are the dialect `process`. See the [rationale](../../compiler/dialects/dataflow/Rationale.md).
  }];
  let dependentDialects = ["::streamtensor::compiler::itensor::ITensorDialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

def Dataflow_PlatformAttr : AttrDef<Dataflow_Dialect, "Platform"> {
  let mnemonic = "platform";
  let summary = "What the passes need to know of the card that a module is compiled for";
  let description = [{
    The module carries it as `dataflow.platform`. `attach-platform` makes it of a card model,
    configs/platforms/NAME.yaml. `banks` memory banks hold `bank_bytes` each; `on_chip_bytes` is what buffers may take of
    block RAM and UltraRAM. `weight_channels` and `unroll` are what designs have unless options say otherwise.
    Without it nothing on chip is limited, memories get no banks, and a design has one weight channel and unroll 1.

    Example:
    ```mlir
    module attributes {dataflow.platform = #dataflow.platform<name = "u250", banks = 4, bank_bytes = 17179869184,
                                                              on_chip_bytes = 40108032, weight_channels = 3, unroll = 6>} {}
    ```
  }];
  let parameters = (ins StringRefParameter<>:$name, "int64_t":$banks, "int64_t":$bank_bytes, "int64_t":$on_chip_bytes,
                        DefaultValuedParameter<"int64_t", "1">:$weight_channels,
                        DefaultValuedParameter<"int64_t", "1">:$unroll);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

class Dataflow_Op<string mnemonic, list<Trait> traits = []> : Op<Dataflow_Dialect, mnemonic, traits>;

def Dataflow_Section : I32EnumAttr<"Section", "when an operation runs", [
    I32EnumAttrCase<"prologue", 0>,  // once, before the layers
    I32EnumAttrCase<"layer", 1>,     // once a layer
    I32EnumAttrCase<"epilogue", 2>   // once, after the layers
  ]> {
  let cppNamespace = "::streamtensor::compiler::dataflow";
}

def Dataflow_ChannelKind : I32EnumAttr<"ChannelKind", "what a stream carries", [
    I32EnumAttrCase<"words", 0>,   // elements of an itensor, in 512-bit words
    I32EnumAttrCase<"header", 1>,  // step header words
    I32EnumAttrCase<"blocks", 2>,  // packed weights, blocks of words
    I32EnumAttrCase<"frames", 3>,  // an issue's quantised activations
    I32EnumAttrCase<"pages", 4>,   // the page table, or pages, in 512-bit words
    I32EnumAttrCase<"done", 5>     // one token: the writer has written its memory
  ]> {
  let cppNamespace = "::streamtensor::compiler::dataflow";
}

#endif
