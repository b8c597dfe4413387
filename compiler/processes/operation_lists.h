// SPDX-License-Identifier: Apache-2.0
// The operation lists of kinds that run through all sections (Process_ListOp).
#pragma once

#include <array>

#include "compiler/analysis/trace.h"
#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/targets/hls/process_writer.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace streamtensor::compiler::process {

// The lists by section: prologue, layer, epilogue.
template <typename Op>
std::array<mlir::ArrayAttr, 3> ListsOf(Op process) {
  return {process.getPrologue(), process.getLayer(), process.getEpilogue()};
}

// `prologue; for layer { layer }; epilogue`, as a trace. `body` is called for each operation of each layer:
// what it appends may depend on what came before.
template <typename Element, typename Op>
void TraceLists(Op process, Trace& trace, llvm::function_ref<void(Element)> body) {
  const std::array<mlir::ArrayAttr, 3> lists = ListsOf(process);
  const auto run = [&](mlir::ArrayAttr list) {
    for (Element operation : list.template getAsRange<Element>()) body(operation);
  };
  run(lists[0]);
  for (int64_t layer = 0; layer < trace.layers(); ++layer) run(lists[1]);
  run(lists[2]);
}

// The same, as text.
template <typename Element, typename Op>
void EmitLists(Op process, hls::ProcessWriter& writer, llvm::function_ref<void(Element)> body) {
  const std::array<mlir::ArrayAttr, 3> lists = ListsOf(process);
  const auto run = [&](mlir::ArrayAttr list) {
    for (Element operation : list.template getAsRange<Element>()) body(operation);
  };
  run(lists[0]);
  if (!lists[1].empty()) {
    writer.OpenLayers();
    run(lists[1]);
    writer.out().close();
  }
  run(lists[2]);
}

// What passes by, by section, from what one operation does.
template <typename Element, typename Op>
dataflow::PassageLists PassagesOf(Op process, llvm::function_ref<dataflow::Passage(Element)> passage) {
  dataflow::PassageLists passages;
  for (auto [list, to] : llvm::zip_equal(ListsOf(process), passages)) {
    for (Element operation : list.template getAsRange<Element>()) to.push_back(passage(operation));
  }
  return passages;
}

}  // namespace streamtensor::compiler::process
