// SPDX-License-Identifier: Apache-2.0
// A dataflow.design, looked up by name and spelled as C++.
#pragma once

#include <string>
#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

// A number of rows as an attribute of an operation list says it: "T", "W" or an integer.
struct RowCount {
  std::string symbol;  // empty: fixed
  int64_t fixed = 0;

  // "st::ROWS_T", "st::ROWS_W", "st::ROWS_FIXED".
  std::string SymbolText() const;
  // What it is in a process that has read its header: "header.tokens", "header.logits" or a number.
  std::string CountText() const;
};

// nullopt: neither.
std::optional<RowCount> ParseRows(mlir::Attribute attribute);
// The rows of an itensor type's trip count `loop`.
RowCount RowsOfLoop(itensor::ITensorType type, unsigned loop);
// "T" -> "header.tokens"; nullopt: a symbol that no header carries.
std::optional<std::string> ExtentText(llvm::StringRef symbol);

// The order in which rows of a stream pass by.
enum class RowOrder { kRows, kTiles };
struct RowLayout {
  RowOrder order = RowOrder::kRows;
  RowCount rows;
  int64_t width = 0;  // scalars of a row; a multiple of 16 when the order is tiles
};
// nullopt: neither whole rows in order, nor row tiles of 16 columns with rows inside.
std::optional<RowLayout> FindRowLayout(itensor::ITensorType type);

class Network {
 public:
  // Fails with a diagnostic when the design has no descriptor or status, or the memories' indices are
  // not 0, 1, 2, ...
  static mlir::FailureOr<Network> Create(dataflow::DesignOp design);

  dataflow::DesignOp design() const { return design_; }
  int64_t layers() const { return static_cast<int64_t>(dataflow::DesignOp(design_).getLayers()); }
  int64_t step_tokens() const { return bound_t_; }
  int64_t step_logits() const { return bound_w_; }
  int64_t max_pages() const { return static_cast<int64_t>(dataflow::DesignOp(design_).getMaxPages()); }
  int64_t vocabulary() const { return vocabulary_; }

  llvm::ArrayRef<dataflow::ProcessOp> processes() const { return processes_; }
  llvm::ArrayRef<dataflow::StreamOp> streams() const { return streams_; }
  // By argument index.
  llvm::ArrayRef<dataflow::MemoryOp> memories() const { return memories_; }

  dataflow::StreamOp stream(mlir::Attribute name) const;
  dataflow::MemoryOp memory(mlir::Attribute name) const;
  // The engine; null when the design has none.
  dataflow::ProcessOp engine() const { return engine_; }
  // Words of one activation frame, step_tokens * max_groups; 0 without an engine.
  int64_t frame_words() const { return frame_words_; }

  // Streams that carry an issue's weights, in channel order.
  llvm::ArrayRef<dataflow::StreamOp> weight_streams() const { return weight_streams_; }

  // A C++ identifier for a symbol: the symbol itself, unless C++ or the library has taken it.
  std::string Name(llvm::StringRef symbol) const;

 private:
  dataflow::DesignOp design_;
  std::vector<dataflow::ProcessOp> processes_;
  std::vector<dataflow::StreamOp> streams_;
  std::vector<dataflow::MemoryOp> memories_;
  std::vector<dataflow::StreamOp> weight_streams_;
  llvm::StringMap<dataflow::StreamOp> stream_by_name_;
  llvm::StringMap<dataflow::MemoryOp> memory_by_name_;
  dataflow::ProcessOp engine_;
  int64_t frame_words_ = 0;
  int64_t bound_t_ = 0;
  int64_t bound_w_ = 0;
  int64_t vocabulary_ = 0;
};

// The C++ type of a memory's pointer, "const float*" and the like. nullopt: none.
std::optional<std::string> PointerType(dataflow::MemoryOp memory);

}  // namespace streamtensor::compiler::hls
