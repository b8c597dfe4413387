// SPDX-License-Identifier: Apache-2.0
// A dataflow.design looked up by name and spelled as C++.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "llvm/ADT/ArrayRef.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

class DesignIndex {
 public:
  // Fails with a diagnostic when the design has no descriptor or status, when the memories' indices are
  // not 0, 1, 2, ..., or when two processes take packed weights.
  static mlir::FailureOr<DesignIndex> Create(dataflow::DesignOp design);

  dataflow::DesignOp design() const { return design_; }
  int64_t layers() const { return static_cast<int64_t>(dataflow::DesignOp(design_).getLayers()); }
  int64_t step_tokens() const { return bound_t_; }
  int64_t step_logits() const { return bound_w_; }
  int64_t max_pages() const { return static_cast<int64_t>(dataflow::DesignOp(design_).getMaxPages()); }
  int64_t vocabulary() const { return static_cast<int64_t>(dataflow::DesignOp(design_).getVocabulary()); }

  // In the design's order.
  llvm::ArrayRef<dataflow::ProcessOpInterface> processes() const { return processes_; }
  llvm::ArrayRef<dataflow::StreamOp> streams() const { return streams_; }
  // By argument index.
  llvm::ArrayRef<dataflow::MemoryOp> memories() const { return memories_; }
  const dataflow::DesignSymbols& symbols() const { return symbols_; }

  // Words of one activation frame; 0 without frames.
  int64_t frame_words() const { return frame_words_; }
  // Streams of packed weights, in the order of their reader: one array in the text.
  llvm::ArrayRef<dataflow::StreamOp> weight_streams() const { return weight_streams_; }

  // A C++ identifier for a symbol: the symbol itself, unless C++ or the library has taken it.
  std::string Name(llvm::StringRef symbol) const;
  // The stream as an argument in the top function.
  std::string StreamText(dataflow::StreamOp stream) const;

 private:
  explicit DesignIndex(dataflow::DesignOp design);
  mlir::LogicalResult CheckMemories();
  mlir::LogicalResult FindPackets();

  dataflow::DesignOp design_;
  dataflow::DesignSymbols symbols_;
  std::vector<dataflow::ProcessOpInterface> processes_;
  std::vector<dataflow::StreamOp> streams_;
  std::vector<dataflow::MemoryOp> memories_;
  std::vector<dataflow::StreamOp> weight_streams_;
  int64_t frame_words_ = 0;
  int64_t bound_t_ = 0;
  int64_t bound_w_ = 0;
};

// The C++ type of a memory's pointer, "const float*" and the like. nullopt: none.
std::optional<std::string> PointerType(dataflow::MemoryOp memory);

}  // namespace streamtensor::compiler::hls
