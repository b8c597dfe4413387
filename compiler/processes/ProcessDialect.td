// SPDX-License-Identifier: Apache-2.0
// What all kinds of processes have in common.
#ifndef STREAMTENSOR_PROCESS_DIALECT
#define STREAMTENSOR_PROCESS_DIALECT

include "compiler/dialects/dataflow/DataflowDialect.td"
include "compiler/dialects/dataflow/ProcessInterface.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"

def Process_Dialect : Dialect {
  let name = "process";
  let cppNamespace = "::streamtensor::compiler::process";
  let summary = "The kinds of processes, one operation each";
  let description = [{
    A process is what stands between the streams of a `dataflow.design`: it reads, computes, writes. Each
    operation is one kind, and one pair of files of compiler/processes/: attributes and description, and what
    `ProcessOpInterface` asks for (verifier, trace of reads and writes, memories, text).

    Every kind names what it holds: `reads` and `writes` (streams, in the order of its function's parameters,
    the header's stream first) and `memories`. Every attribute is required: what a proof or a text is made
    from is never a default.

    In a description, a trace is written as in kernels/README.md: `R x*n` reads n elements of x, `W x*n` writes
    n, `+x` and `-x` take and hand on a block, `n{...}` repeats; T and W are the step's symbols, L the layers.
    `header` is `R headers*(1+T)`. `section{...}` is once, or L times in section `layer`.
    See the [rationale](../../compiler/processes/Rationale.md).
  }];
  let dependentDialects = ["::streamtensor::compiler::dataflow::DataflowDialect"];
  let useDefaultAttributePrinterParser = 1;
}

class Process_Attr<string name, string mnemonic_> : AttrDef<Process_Dialect, name> {
  let mnemonic = mnemonic_;
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

// As an attribute spells it: T, W or a number.
def Process_Rows : AttrOrTypeParameter<"::streamtensor::compiler::dataflow::RowCount", "a number of rows"> {
  let parser = "::streamtensor::compiler::dataflow::ParseRowCount($_parser)";
  let printer = "::streamtensor::compiler::dataflow::PrintRowCount($_printer, $_self)";
}

// [a, b, ...], at least one.
class Process_List<string element, string description> : ArrayRefParameter<element, description> {
  let parser = "ParseList<" # element # ">($_parser)";
  let printer = "PrintList($_printer, $_self)";
}

// A kind. `prefix` and `suffix` stand before and after the ends in the assembly; `overrides` are the methods
// of the interface that it does not leave at their default.
class Process_Op<string mnemonic, dag config = (ins), string prefix = "", string suffix = "",
                 list<string> overrides = []>
    : Op<Process_Dialect, mnemonic,
         [Symbol, IsolatedFromAbove, HasParent<"::streamtensor::compiler::dataflow::DesignOp">,
          DeclareOpInterfaceMethods<Dataflow_ProcessOpInterface, overrides>]> {
  let arguments = !con((ins SymbolNameAttr:$sym_name, FlatSymbolRefArrayAttr:$reads,
                           FlatSymbolRefArrayAttr:$writes, FlatSymbolRefArrayAttr:$memories),
                       config);
  let assemblyFormat =
      "$sym_name " # prefix # " `reads` $reads `writes` $writes `memories` $memories " # suffix # " attr-dict";
}

// A kind that runs in one section: once, or once a layer.
class Process_SectionOp<string mnemonic, dag config = (ins), string suffix = "", list<string> overrides = []>
    : Process_Op<mnemonic, !con((ins Dataflow_Section:$section), config), "$section", suffix, overrides>;

// A kind that runs through all sections, by a list of operations for each: `prologue; for layer { layer };
// epilogue`.
class Process_ListOp<string mnemonic, Attr element, dag config = (ins), string suffix = "",
                     list<string> overrides = []>
    : Process_Op<mnemonic,
                 !con((ins TypedArrayAttrBase<element, "operations before the layers">:$prologue,
                          TypedArrayAttrBase<element, "operations of a layer">:$layer,
                          TypedArrayAttrBase<element, "operations after the layers">:$epilogue),
                      config),
                 "", suffix#" `prologue` $prologue `layer` $layer `epilogue` $epilogue", overrides>;

#endif
