// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/operation_lists.h"
#include "compiler/targets/hls/process_writer.h"
#include "compiler/targets/weights/packing_plan.h"
#include "kernels/contract/issue_cut.h"
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
                                      int64_t groups, int64_t scale_groups, int64_t row_tiles,
                                      dataflow::RowCount, bool alternate,
                                      llvm::ArrayRef<WeightAttr> weights) {
  if (bits != contract::kU4Bits && bits != contract::kI8Bits)
    return emit_error() << "an issue has 4 or 8 bits, got " << bits;
  if (groups < 1) return emit_error() << "an issue has at least 1 group, got " << groups;
  if (!contract::IsScaleGroups(static_cast<int>(bits), scale_groups) || groups % scale_groups != 0) {
    return emit_error() << "of " << groups << " groups of " << bits << " bits " << scale_groups
                        << " can't share a scale; 1 or, of 4 bits, 2 or 4 that divide them can";
  }
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
  packed.scale_groups = static_cast<int>(getScaleGroups());
  packed.alternate = getAlternate();
  for (WeightAttr weight : getWeights()) {
    packed.weights.push_back({weight.getName().str(), weight.getRows(), weight.getMinimum()});
  }
  return packed;
}

contract::IssueCut IssueAttr::getCut(int64_t channels) const {
  return contract::CutIssue(channels, static_cast<int>(getBits()), getGroups(), getRowTiles(),
                            static_cast<int>(getScaleGroups()));
}

EngineOp EngineOp::readerOf(StreamOp blocks) {
  return llvm::dyn_cast_or_null<EngineOp>(
      mlir::SymbolTable::lookupSymbolIn(blocks->getParentOp(), blocks.getSinkAttr().getAttr()));
}

int64_t EngineOp::getChannelBytes(int64_t layers, int64_t channels) {
  const auto bytes = [&](mlir::ArrayAttr list) {
    int64_t words = 0;
    for (auto issue : list.getAsRange<IssueAttr>()) {
      words += contract::CutWords(static_cast<int>(issue.getBits()), static_cast<int>(issue.getScaleGroups()),
                                  issue.getCut(channels));
    }
    return words * contract::kWordBytes;
  };
  return bytes(getPrologue()) + layers * bytes(getLayer()) + bytes(getEpilogue());
}

mlir::LogicalResult EngineOp::verify() {
  const auto lanes = static_cast<int64_t>(getLanes());
  if (lanes < 1 || lanes > contract::kMaxLanes) {
    return emitOpError("lanes must be 1..") << contract::kMaxLanes << ", got " << lanes;
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

// The loops of an issue take so many cycles more than their iterations (streamtensor-schedule, 29 with
// kLoopFill).
constexpr int64_t kEngineFill = 26;

// The loop of one issue (`st::run_issue`).
class IssueTrace {
 public:
  IssueTrace(Trace& trace, IssueAttr issue, int64_t lanes)
      : trace_(trace),
        results_(trace.ends().write(0)),
        weights_(trace.ends().reads_of(ChannelKind::blocks)),
        bits_(static_cast<int>(issue.getBits())),
        scale_groups_(static_cast<int>(issue.getScaleGroups())),
        rows_(trace.Count(issue.getRows())),
        cut_(issue.getCut(static_cast<int64_t>(weights_.size()))),
        row_tiles_(static_cast<int64_t>(weights_.size()) >> cut_.split),
        last_row_tiles_(issue.getRowTiles() - (cut_.rounds - 1) * row_tiles_) {
    const int64_t leaving = contract::CutResultSteps(static_cast<int64_t>(weights_.size()), cut_) *
                            std::min(rows_, lanes),
                  passes = std::max<int64_t>((rows_ + lanes - 1) / lanes, 1);
    const int64_t first = contract::RowTileWords(bits_, scale_groups_, cut_.part_groups),
                  other = cut_.part_groups * contract::TileIntegerWords(bits_);
    // What a round takes besides the words that it reads.
    more_cycles_ = std::max<int64_t>(leaving - first, 0) + (passes - 1) * std::max(other, leaving);
  }

  void Run() {
    Round(0);
    trace_.Loop(cut_.rounds - 1, [&] { Round(row_tiles_ * rows_); });
    if (rows_ == 0) return;
    trace_.Compute(kEngineFill);
    trace_.Write(results_, last_row_tiles_ * rows_);
  }

 private:
  // While a round runs, the results of the one before leave: `results` of them.
  void Round(int64_t results) {
    const int64_t per_block = contract::BlockGroups(bits_, scale_groups_),
                  whole = cut_.part_groups / per_block, rest = cut_.part_groups % per_block;
    const int64_t blocks = whole + (rest > 0 ? 1 : 0), share = results / (blocks + 1);
    if (results > 0) trace_.Write(results_, results - share * blocks, 0);
    const auto block = [&](int64_t groups) {
      for (StreamOp weights : weights_) trace_.Take(weights);
      trace_.Compute(static_cast<double>(contract::RowTileWords(bits_, scale_groups_, groups)));
      for (StreamOp weights : weights_) trace_.Release(weights);
      if (share > 0) trace_.Write(results_, share, 0);
    };
    trace_.Loop(whole, [&] { block(per_block); });
    if (rest > 0) block(rest);
    trace_.Compute(static_cast<double>(more_cycles_));
  }

  Trace& trace_;
  StreamOp results_;
  llvm::SmallVector<StreamOp> weights_;
  int bits_, scale_groups_;
  int64_t rows_;
  contract::IssueCut cut_;
  int64_t row_tiles_, last_row_tiles_;  // of a round, of the last
  int64_t more_cycles_ = 0;
};

}  // namespace

mlir::LogicalResult EngineOp::trace(Trace& trace) {
  StreamOp frames = trace.ends().read(1);
  trace.ReadHeader();
  TraceLists<IssueAttr>(*this, trace, [&](IssueAttr issue) {
    // On the card it is taken while it is made.
    trace.Take(frames);
    IssueTrace(trace, issue, static_cast<int64_t>(getLanes())).Run();
    trace.Release(frames);
  });
  return mlir::success();
}

mlir::LogicalResult EngineOp::emit(hls::ProcessWriter& writer) {
  hls::TextWriter& out = writer.out();
  const std::pair<std::string, mlir::ArrayAttr> lists[] = {
      {"prologue", getPrologue()}, {"layer", getLayer()}, {"epilogue", getEpilogue()}};
  const auto weights = static_cast<int64_t>(writer.ends().reads_of(ChannelKind::blocks).size());
  const std::string channels = std::to_string(weights);
  const int64_t rows_bound = RowsBound(*this), lanes = static_cast<int64_t>(getLanes());
  const int64_t passes = contract::CeilDiv(rows_bound, lanes);
  int64_t part_words = 1;

  out.line("constexpr st::issue engine_issues[] = {");
  for (const auto& [section, list] : lists) {
    for (auto issue : list.getAsRange<IssueAttr>()) {
      const auto bits = static_cast<int>(issue.getBits());
      const auto scale_groups = static_cast<int>(issue.getScaleGroups());
      part_words =
          std::max(part_words, contract::RowTileWords(bits, scale_groups, issue.getCut(weights).part_groups));
      out.line("    st::cut_issue<" + channels + ">(" + std::to_string(bits) + ", " +
               std::to_string(issue.getGroups()) + ", " + std::to_string(issue.getRowTiles()) + ", " +
               hls::RowSymbolText(issue.getRows()) +
               (scale_groups == 1 ? "" : ", " + std::to_string(scale_groups)) + "),");
    }
  }
  out.line("};");
  out.open("struct engine_config");
  writer.Constant("channels", weights);
  writer.Constant("lanes", lanes);
  writer.Constant("step_tokens", rows_bound);
  writer.Constant("max_groups", MaxGroups(*this));
  writer.Constant("layers", getLayer().empty() ? 0 : writer.design().layers());
  writer.Constant("fixed_rows", *FixedRows(*this));
  for (const auto& [section, list] : lists) {
    writer.Constant(section + "_issues", static_cast<int64_t>(list.size()));
  }
  out.line("static constexpr st::issue issue(int i) { return engine_issues[i]; }");
  out.close(";");

  writer.AddHeader();
  const std::string frames = writer.AddStream(writer.ends().read(1));
  writer.AddParameter("weight_stream (&weights)[" + channels + "]", "weights");
  const std::string results = writer.AddStream(writer.ends().write(0));
  writer.Open();
  out.line("st::engine<engine_config>(headers, " + frames + ", weights, " + results + ");");
  writer.Close();
  // The fast build: the frame as the dot product wants it, and of the row tiles that are shared the results
  // and the blocks' addresses. The plain one: copies of the frame, and what each slice keeps.
  const int64_t fast = rows_bound * MaxGroups(*this) + contract::kSharedRowTiles * rows_bound;
  const int64_t plain = (lanes * passes * MaxGroups(*this) << contract::kMaxSplit) +
                        weights * (part_words + 4 * lanes + 2 * rows_bound);
  writer.set_local_bytes(contract::kWordBytes * std::max(fast, plain) + (64 << 10));
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
