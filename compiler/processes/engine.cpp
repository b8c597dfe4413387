// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/operation_lists.h"
#include "compiler/targets/hls/process_writer.h"
#include "compiler/targets/weights/packing_plan.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

namespace {

// One number stands for all issues of fixed rows in the text; 0: there is none. nullopt: there are several.
std::optional<int64_t> FixedRows(EngineOp engine) {
  int64_t fixed = 0;
  for (mlir::ArrayAttr list : ListsOf(engine)) {
    for (auto issue : list.getAsRange<IssueAttr>()) {
      if (!issue.getRows().is_fixed()) continue;
      if (fixed != 0 && fixed != issue.getRows().fixed) return std::nullopt;
      fixed = issue.getRows().fixed;
    }
  }
  return fixed;
}

int64_t MaxGroups(EngineOp engine) {
  int64_t groups = 1;
  for (mlir::ArrayAttr list : ListsOf(engine)) {
    for (auto issue : list.getAsRange<IssueAttr>()) groups = std::max(groups, issue.getGroups());
  }
  return groups;
}

// Rows that frame and sums hold.
int64_t RowsBound(EngineOp engine) {
  auto design = engine->getParentOfType<dataflow::DesignOp>();
  return std::max({design.getBound("T"), FixedRows(engine).value_or(0), int64_t{1}});
}

}  // namespace

mlir::LogicalResult WeightAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emit_error,
                                       mlir::StringAttr name, int64_t rows, bool) {
  if (rows >= 1) return mlir::success();
  return emit_error() << "weight " << name << " must have at least 1 row, got " << rows;
}

mlir::LogicalResult IssueAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emit_error, int64_t bits,
                                      int64_t groups, int64_t row_tiles, dataflow::RowCount, bool alternate,
                                      llvm::ArrayRef<WeightAttr> weights) {
  if (bits != contract::kU4Bits && bits != contract::kI8Bits)
    return emit_error() << "an issue has 4 or 8 bits, got " << bits;
  if (groups < 1) return emit_error() << "an issue has at least 1 group, got " << groups;
  if (weights.empty()) return emit_error() << "an issue has at least one weight";
  int64_t tiles = 0;
  for (WeightAttr weight : weights) {
    tiles += contract::CeilDiv<int64_t>(weight.getRows(), contract::kTileRows);
    if (alternate && weight.getRows() != weights[0].getRows()) {
      return emit_error() << "weights that alternate have equally many rows, got " << weights[0].getRows()
                          << " and " << weight.getRows();
    }
  }
  if (tiles == row_tiles) return mlir::success();
  return emit_error() << "an issue of " << row_tiles << " row tiles has weights of " << tiles;
}

PackedIssue IssueAttr::getPacked() const {
  PackedIssue packed;
  packed.format = static_cast<TileFormat>(getBits());
  packed.groups = getGroups();
  packed.alternate = getAlternate();
  for (WeightAttr weight : getWeights()) {
    packed.weights.push_back({weight.getName().str(), weight.getRows(), weight.getMinimum()});
  }
  return packed;
}

int64_t IssueAttr::getBlocks() const {
  return contract::IssueBlocks(static_cast<int>(getBits()), getGroups(), getRowTiles());
}

EngineOp EngineOp::readerOf(StreamOp blocks) {
  return llvm::dyn_cast_or_null<EngineOp>(
      mlir::SymbolTable::lookupSymbolIn(blocks->getParentOp(), blocks.getSinkAttr().getAttr()));
}

int64_t EngineOp::getWeightBytes(int64_t layers) {
  const auto bytes = [](mlir::ArrayAttr list) {
    int64_t sum = 0;
    for (auto issue : list.getAsRange<IssueAttr>()) {
      sum += issue.getBlocks() * contract::BlockBytes(static_cast<int>(issue.getBits()));
    }
    return sum;
  };
  return bytes(getPrologue()) + layers * bytes(getLayer()) + bytes(getEpilogue());
}

mlir::LogicalResult EngineOp::verify() {
  const auto unroll = static_cast<int64_t>(getUnroll());
  if (unroll < 1 || unroll > contract::kMaxUnroll) {
    return emitOpError("unroll must be 1..") << contract::kMaxUnroll << ", got " << unroll;
  }
  if (FixedRows(*this)) return mlir::success();
  return emitOpError("has issues of different fixed numbers of rows; the text holds one");
}

mlir::LogicalResult EngineOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::frames}, ChannelKind::blocks},
                              {{ChannelKind::words}}))) {
    return mlir::failure();
  }
  auto design = (*this)->getParentOfType<dataflow::DesignOp>();
  for (mlir::ArrayAttr list : ListsOf(*this)) {
    for (auto issue : list.getAsRange<IssueAttr>()) {
      const dataflow::RowCount rows = issue.getRows();
      if (!rows.is_fixed() && design.getBound(dataflow::RowSymbolName(rows.symbol)) == 0) {
        return emitOpError("has an issue of ")
               << dataflow::ToString(rows) << " rows, for which the design has no bound";
      }
    }
  }
  const auto words = static_cast<int64_t>(*ends.read(1).getWords());
  if (words == RowsBound(*this) * MaxGroups(*this)) return mlir::success();
  return emitOpError("takes frames of ")
         << words << " words; " << RowsBound(*this) << " rows of " << MaxGroups(*this) << " groups need "
         << RowsBound(*this) * MaxGroups(*this);
}

bool EngineOp::standsFirst() { return true; }

std::optional<dataflow::PassageLists> EngineOp::getPassages(StreamOp stream) {
  if (stream.getKind() == ChannelKind::frames) {
    return PassagesOf<IssueAttr>(
        *this, [](IssueAttr issue) { return dataflow::Passage{issue.getRows(), issue.getGroups(), 1}; });
  }
  if (stream.getKind() != ChannelKind::words) return std::nullopt;
  return PassagesOf<IssueAttr>(
      *this, [](IssueAttr issue) { return dataflow::Passage{issue.getRows(), 1, issue.getRowTiles()}; });
}

void EngineOp::requestWeights(PackingPlan& plan) {
  for (auto [list, to] :
       llvm::zip_equal(ListsOf(*this), std::array{&plan.prologue, &plan.layer, &plan.epilogue})) {
    for (auto issue : list.getAsRange<IssueAttr>()) to->push_back(issue.getPacked());
  }
}

namespace {

// What the engine does with the blocks of one issue, as loops: blocks and row tiles end together every so
// often, and so do the turns of the channels.
class IssueTrace {
 public:
  IssueTrace(Trace& trace, IssueAttr issue, int64_t unroll, llvm::ArrayRef<StreamOp> weights,
             StreamOp results)
      : trace_(trace),
        weights_(weights),
        results_(results),
        groups_(issue.getGroups()),
        tiles_(issue.getRowTiles() * groups_),
        per_block_(contract::BlockTiles(static_cast<int>(issue.getBits()))),
        block_words_(contract::BlockWords(static_cast<int>(issue.getBits()))),
        rows_(trace.Count(issue.getRows())),
        unroll_(unroll) {}

  // `channel`: of the first block; returns that of the next issue's.
  size_t Run(size_t channel) {
    const auto channels = static_cast<int64_t>(weights_.size());
    const int64_t round = std::lcm(std::lcm(groups_, per_block_) / per_block_, channels);
    const int64_t whole = tiles_ / (round * per_block_);
    if (whole > 1) {
      trace_.Loop(whole, [&] { Blocks(0, round, channel); });
    } else if (whole == 1) {
      Blocks(0, round, channel);
    }
    // A round begins with a row tile, as the first block does.
    const int64_t blocks = contract::CeilDiv(tiles_, per_block_);
    Blocks(whole * round, blocks, channel);
    return (channel + static_cast<size_t>(blocks)) % weights_.size();
  }

 private:
  void Blocks(int64_t begin, int64_t end, size_t channel) {
    for (int64_t block = begin; block < end; ++block) {
      StreamOp weights = weights_[(channel + static_cast<size_t>(block)) % weights_.size()];
      trace_.Take(weights);
      if (rows_ > 0) trace_.Compute(block_words_ + kLoopFill);
      trace_.Release(weights);
      if (rows_ > 0) Tiles(block * per_block_, std::min((block + 1) * per_block_, tiles_));
    }
  }

  void Tiles(int64_t tile, int64_t end) {
    while (tile < end) {
      const int64_t group = tile % groups_, run = std::min(groups_ - group, end - tile);
      int64_t cycles = DotCycles(run, rows_, unroll_);
      if (group == 0) cycles += rows_ + kLoopFill;  // sums are cleared
      trace_.Compute(static_cast<double>(cycles));
      tile += run;
      if (tile % groups_ == 0) {
        trace_.Compute(kLoopFill);
        trace_.Write(results_, rows_);
      }
    }
  }

  Trace& trace_;
  llvm::ArrayRef<StreamOp> weights_;
  StreamOp results_;
  int64_t groups_, tiles_, per_block_, block_words_, rows_, unroll_;
};

}  // namespace

mlir::LogicalResult EngineOp::trace(Trace& trace) {
  StreamOp frames = trace.ends().read(1), results = trace.ends().write(0);
  const auto weights = trace.ends().reads_of(ChannelKind::blocks);
  const auto unroll = static_cast<int64_t>(getUnroll());
  size_t channel = 0;
  trace.ReadHeader();
  TraceLists<IssueAttr>(*this, trace, [&](IssueAttr issue) {
    const int64_t rows = trace.Count(issue.getRows());
    // The frame and the blocks are copied word by word.
    trace.Take(frames);
    if (rows > 0) trace.Compute(static_cast<double>(rows * issue.getGroups() + kLoopFill));
    channel = IssueTrace(trace, issue, unroll, weights, results).Run(channel);
    trace.Release(frames);
  });
  return mlir::success();
}

static void EmitIssues(llvm::StringRef section, mlir::ArrayAttr list, hls::TextWriter& out) {
  if (list.empty()) return;
  out.line("constexpr st::issue engine_" + section + "[] = {");
  for (auto issue : list.getAsRange<IssueAttr>()) {
    out.line("    {" + std::to_string(issue.getBits()) + ", " + std::to_string(issue.getGroups()) + ", " +
             std::to_string(issue.getRowTiles()) + ", " + hls::RowSymbolText(issue.getRows()) + "},");
  }
  out.line("};");
}

mlir::LogicalResult EngineOp::emit(hls::ProcessWriter& writer) {
  hls::TextWriter& out = writer.out();
  const std::pair<std::string, mlir::ArrayAttr> lists[] = {
      {"prologue", getPrologue()}, {"layer", getLayer()}, {"epilogue", getEpilogue()}};
  for (const auto& [section, list] : lists) EmitIssues(section, list, out);
  const auto weights = writer.ends().reads_of(ChannelKind::blocks);
  const std::string channels = std::to_string(weights.size());
  const int64_t rows_bound = RowsBound(*this);

  out.open("struct engine_config");
  writer.Constant("channels", static_cast<int64_t>(weights.size()));
  writer.Constant("step_tokens", rows_bound);
  writer.Constant("max_groups", MaxGroups(*this));
  writer.Constant("layers", getLayer().empty() ? 0 : writer.design().layers());
  writer.Constant("fixed_rows", *FixedRows(*this));
  writer.Constant("unroll", static_cast<int64_t>(getUnroll()));
  for (const auto& [section, list] : lists) {
    writer.Constant(section + "_issues", static_cast<int64_t>(list.size()));
    out.line("static constexpr st::issue " + section + (list.empty() ? "(int)" : "(int i)") + " { return " +
             (list.empty() ? "st::issue()" : "engine_" + section + "[i]") + "; }");
  }
  out.close(";");

  writer.AddHeader();
  const std::string frames = writer.AddStream(writer.ends().read(1));
  writer.AddParameter("weight_stream (&weights)[" + channels + "]", "weights");
  const std::string results = writer.AddStream(writer.ends().write(0));
  writer.Open();
  out.line("st::engine<engine_config>(headers, " + frames + ", weights, " + results + ");");
  writer.Close();
  // The frame as the dot product wants it, and of the row tiles that are shared the sums and the blocks'
  // addresses.
  writer.set_local_bytes(contract::kWordBytes *
                             (rows_bound * MaxGroups(*this) + contract::kSharedRowTiles * rows_bound) +
                         (64 << 10));
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
