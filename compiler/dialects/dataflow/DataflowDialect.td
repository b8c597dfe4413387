// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_DATAFLOW_DIALECT
#define STREAMTENSOR_DATAFLOW_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"

def Dataflow_Dialect : Dialect {
  let name = "dataflow";
  let cppNamespace = "::streamtensor::compiler::dataflow";
  let summary = "From operators on tensors to a network of processes";
  let description = [{
    Three levels in one dialect: operators on tensors that bind to templates (`contract`,
    `paged_attention`, `kv_append`, `take_rows`); isolated kernels on itensors and issues on a shared
    engine (`kernel`, `issue`); and the network itself (`design` with `stream`, `memory`, `process`).
    See Rationale.md in this folder.
  }];
  let dependentDialects = ["::streamtensor::compiler::itensor::ITensorDialect"];
}

class Dataflow_Op<string mnemonic, list<Trait> traits = []> : Op<Dataflow_Dialect, mnemonic, traits>;

def Dataflow_Section : I32EnumAttr<"Section", "when a process runs", [
    I32EnumAttrCase<"prologue", 0>,  // once, before the layers
    I32EnumAttrCase<"layer", 1>,     // once a layer
    I32EnumAttrCase<"epilogue", 2>,  // once, after the layers
    I32EnumAttrCase<"all", 3>        // an operation list for each of the three
  ]> {
  let cppNamespace = "::streamtensor::compiler::dataflow";
}

def Dataflow_ProcessKind : I32EnumAttr<"ProcessKind", "what a process does", [
    I32EnumAttrCase<"header", 0>, I32EnumAttrCase<"load_weights", 1>,
    I32EnumAttrCase<"activation_switch", 2>, I32EnumAttrCase<"engine", 3>,
    I32EnumAttrCase<"result_switch", 4>, I32EnumAttrCase<"kernel", 5>,
    I32EnumAttrCase<"convert", 6>, I32EnumAttrCase<"fork", 7>, I32EnumAttrCase<"carry", 8>,
    I32EnumAttrCase<"attention", 9>, I32EnumAttrCase<"kv_append", 10>,
    I32EnumAttrCase<"take_rows", 11>, I32EnumAttrCase<"load", 12>, I32EnumAttrCase<"store", 13>
  ]> {
  let cppNamespace = "::streamtensor::compiler::dataflow";
}

def Dataflow_ChannelKind : I32EnumAttr<"ChannelKind", "what a stream carries", [
    I32EnumAttrCase<"words", 0>,   // elements of an itensor, in 512-bit words
    I32EnumAttrCase<"header", 1>,  // step header words
    I32EnumAttrCase<"blocks", 2>,  // packed weights, blocks of words
    I32EnumAttrCase<"frames", 3>   // an issue's quantised activations
  ]> {
  let cppNamespace = "::streamtensor::compiler::dataflow";
}

#endif
