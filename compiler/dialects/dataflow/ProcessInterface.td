// SPDX-License-Identifier: Apache-2.0
// What every process of a design can be asked. The passes, the network builder and the emitter know no more
// of a process than this; its kind is one file of compiler/processes/.
#ifndef STREAMTENSOR_DATAFLOW_PROCESS_INTERFACE
#define STREAMTENSOR_DATAFLOW_PROCESS_INTERFACE

include "mlir/IR/OpBase.td"

def Dataflow_ProcessOpInterface : OpInterface<"ProcessOpInterface"> {
  let cppNamespace = "::streamtensor::compiler::dataflow";
  let description = [{
    A sequential process of a `dataflow.design` that only blocking reads and writes of streams connect to
    others. It holds the ends of streams and the memories that it names; no other process holds them.
  }];
  let methods = [
    //===--- what it holds ------------------------------------------------------------------------===//
    InterfaceMethod<"Its name in the design.", "::llvm::StringRef", "getSymName">,
    InterfaceMethod<"The streams it reads, by name.", "::mlir::ArrayAttr", "getReads">,
    InterfaceMethod<"The streams it writes, by name.", "::mlir::ArrayAttr", "getWrites">,
    InterfaceMethod<"The memories it owns, by name.", "::mlir::ArrayAttr", "getMemories">,
    InterfaceMethod<[{
        The section it runs in, once or once a layer; nullopt where it runs through all three.
      }], "::std::optional<::streamtensor::compiler::dataflow::Section>", "getSection", (ins), "",
      [{ return ::std::nullopt; }]>,
    InterfaceMethod<[{
        Verifies what the operation alone can't see: how many streams of which kinds it holds, that their types
        fit its attributes, the roles of its memories. Part of the design's verifier, which has resolved the
        names before.
      }], "::llvm::LogicalResult", "verifyEnds",
      (ins "const ::streamtensor::compiler::dataflow::ProcessEnds &":$ends)>,

    //===--- how it is made -----------------------------------------------------------------------===//
    StaticInterfaceMethod<[{
        Name of the operation that `materialize` makes one process of this kind for; empty where none stands for
        one by itself.
      }], "::llvm::StringRef", "getSourceName", (ins), "", [{ return ""; }]>,
    StaticInterfaceMethod<[{
        How one is made from such an operation. Fails with a diagnostic at `source`.
      }], "::llvm::LogicalResult", "plan",
      (ins "::mlir::Operation *":$source, "::streamtensor::compiler::dataflow::ProcessPlan &":$plan), "",
      [{ return ::mlir::failure(); }]>,

    //===--- what it does with its streams --------------------------------------------------------===//
    InterfaceMethod<[{
        Appends its exact sequence of reads and writes in one step; kernels/README.md says the same of the
        template. Fails with a diagnostic where the sequence is not known when the design is compiled.
      }], "::llvm::LogicalResult", "trace", (ins "::streamtensor::compiler::Trace &":$trace)>,
    InterfaceMethod<[{
        What passes by at one end that it holds, by section, where it keeps a list of it; the list at the other
        end must cut the same sequence. nullopt: the stream's type says it all.
      }], "::std::optional<::streamtensor::compiler::dataflow::PassageLists>", "getPassages",
      (ins "::streamtensor::compiler::dataflow::StreamOp":$stream), "", [{ return ::std::nullopt; }]>,
    InterfaceMethod<[{
        Whether it handles nothing but the step header, the page table and done tokens. Such processes are left
        out of the proof (docs/proofs/fifo-depths.md says why).
      }], "bool", "isControl", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
        Whether its text stands before that of the others, which may derive from its configuration.
      }], "bool", "standsFirst", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
        Whether the step chooses which rows it passes on: its sequence depends on more than T and W.
      }], "bool", "choosesRows", (ins), "", [{ return false; }]>,

    //===--- memory -------------------------------------------------------------------------------===//
    InterfaceMethod<[{
        Bytes of one of its memories. By default those of the memory's type, where dynamic sizes count as
        the largest step.
      }], "int64_t", "getMemoryBytes", (ins "::streamtensor::compiler::dataflow::MemoryOp":$memory), "",
      [{ return ::streamtensor::compiler::dataflow::MemoryTypeBytes(memory); }]>,
    InterfaceMethod<[{
        Appends the packed weights that it takes, in their order.
      }], "void", "requestWeights", (ins "::streamtensor::compiler::PackingPlan &":$plan), "",
      [{ (void)plan; }]>,

    //===--- text ---------------------------------------------------------------------------------===//
    InterfaceMethod<[{
        Writes its text: declarations at namespace scope, then a function with its name. Fails with a diagnostic.
      }], "::llvm::LogicalResult", "emit", (ins "::streamtensor::compiler::hls::ProcessWriter &":$writer)>,
  ];
}

#endif
