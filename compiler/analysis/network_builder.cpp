// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/network_builder.h"

#include <algorithm>
#include <optional>

#include "compiler/analysis/process_cycles.h"
#include "kernels/contract/tiles.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace streamtensor::compiler {
namespace {

using dataflow::ChannelKind;
using dataflow::ProcessKind;
using dataflow::Section;
using itensor::ITensorType;
using Kind = Network::Operation::Kind;
using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::success;

class Builder {
 public:
  Builder(dataflow::DesignOp design, const StepShape& shape, const NetworkCosts& costs)
      : design_(design), shape_(shape), costs_(costs) {}

  FailureOr<DesignNetwork> Build() {
    AddChannels();
    for (auto process : design_.getBody().getOps<dataflow::ProcessOp>()) {
      if (process.getKind() == ProcessKind::header) continue;
      const int32_t index = process_index_.at(process.getSymName().str());
      ProgramBuilder program(result_.network.processes[index]);
      program_ = &program;
      process_ = process;
      CollectEnds();
      if (failed(AddProgram())) return failure();
    }
    return std::move(result_);
  }

 private:
  void AddChannels() {
    // The engine first, as in the emitted text: a cycle is told from its first process.
    for (bool engine : {true, false}) {
      for (auto process : design_.getBody().getOps<dataflow::ProcessOp>()) {
        if (process.getKind() == ProcessKind::header || (process.getKind() == ProcessKind::engine) != engine)
          continue;
        process_index_[process.getSymName()] = static_cast<int32_t>(result_.network.processes.size());
        result_.network.processes.push_back({process.getSymName().str(), {}});
      }
    }
    for (auto stream : design_.getBody().getOps<dataflow::StreamOp>()) {
      if (stream.getKind() == ChannelKind::header) continue;
      channel_index_[stream.getSymName()] = static_cast<int32_t>(result_.network.channels.size());
      result_.network.channels.push_back({stream.getSymName().str(), static_cast<int64_t>(stream.getDepth()),
                                          process_index_.lookup(stream.getSource()),
                                          process_index_.lookup(stream.getSink())});
      result_.streams.push_back(stream);
    }
  }

  void CollectEnds() {
    reads_.clear();
    writes_.clear();
    auto collect = [&](mlir::ArrayAttr names, std::vector<int32_t>& ends) {
      for (auto name : names.getAsRange<mlir::FlatSymbolRefAttr>()) {
        auto found = channel_index_.find(name.getValue());
        if (found != channel_index_.end()) ends.push_back(found->second);
      }
    };
    collect(process_.getReads(), reads_);
    collect(process_.getWrites(), writes_);
  }

  int64_t Symbol(llvm::StringRef symbol) const {
    return symbol == "T" ? shape_.tokens : symbol == "W" ? shape_.logits() : 0;
  }

  int64_t Rows(mlir::DictionaryAttr operation) const {
    mlir::Attribute rows = operation.get("rows");
    if (auto symbol = llvm::dyn_cast_or_null<mlir::StringAttr>(rows)) return Symbol(symbol.getValue());
    if (auto fixed = llvm::dyn_cast_or_null<mlir::IntegerAttr>(rows)) return fixed.getInt();
    return shape_.tokens;
  }

  static int64_t Integer(mlir::DictionaryAttr operation, llvm::StringRef key) {
    auto value = operation.getAs<mlir::IntegerAttr>(key);
    return value ? value.getInt() : 0;
  }

  int64_t Trips(ITensorType type, unsigned loop) const {
    return type.isSymbolic(loop) ? Symbol(type.getTripSymbols()[loop].getValue())
                                 : type.getTripBounds()[loop];
  }

  // Words that pass by within one iteration of the outermost `outer` loops.
  int64_t Words(int32_t channel, unsigned outer = 0) {
    auto type = llvm::cast<ITensorType>(*result_.streams[channel].getType());
    int64_t words = type.getElementWords();
    for (unsigned loop = outer; loop < type.getNumLoops(); ++loop) words *= Trips(type, loop);
    return words;
  }

  // prologue; for layer { layer }; epilogue
  template <class Body>
  LogicalResult ForEachOperation(Body body) {
    auto visit = [&](std::optional<mlir::ArrayAttr> list) -> LogicalResult {
      if (!list) return success();
      for (auto operation : list->getAsRange<mlir::DictionaryAttr>()) {
        if (failed(body(operation))) return failure();
      }
      return success();
    };
    if (failed(visit(process_.getPrologue()))) return failure();
    for (int64_t layer = 0; layer < shape_.layers; ++layer) {
      if (failed(visit(process_.getLayer()))) return failure();
    }
    return visit(process_.getEpilogue());
  }

  int64_t Repetitions() { return process_.getSection() == Section::layer ? shape_.layers : 1; }

  LogicalResult AddProgram() {
    switch (process_.getKind()) {
      case ProcessKind::load_weights:
        return AddLoadWeights();
      case ProcessKind::activation_switch:
        return AddActivationSwitch();
      case ProcessKind::engine:
        return AddEngine();
      case ProcessKind::result_switch:
        return AddResultSwitch();
      case ProcessKind::carry:
        AddCarry();
        return success();
      case ProcessKind::header:
        return success();
      default:
        break;
    }
    LogicalResult added = success();
    program_->Loop(Repetitions(), [&] { added = AddSection(); });
    return added;
  }

  // What a process of one section does in it.
  LogicalResult AddSection() {
    switch (process_.getKind()) {
      case ProcessKind::kernel:
        return AddKernel();
      case ProcessKind::convert:
        AddConvert();
        return success();
      case ProcessKind::fork:
        program_->Loop(Words(reads_[0]), [&] {
          program_->Read(reads_[0]);
          for (int32_t write : writes_) program_->Write(write, 1, 0);
        });
        return success();
      case ProcessKind::take_rows:
        AddTakeRows();
        return success();
      default:  // attention, kv_append, load, store: all their reads, then all their writes
        for (int32_t read : reads_) program_->Read(read, Words(read));
        program_->Compute(static_cast<double>(CyclesBetween()));
        for (int32_t write : writes_) program_->Write(write, Words(write));
        return success();
    }
  }

  // Of attention and kv_append, between their reads and their writes.
  int64_t CyclesBetween() {
    const bool attention = process_.getKind() == ProcessKind::attention;
    if (!attention && process_.getKind() != ProcessKind::kv_append) return 0;
    const mlir::DictionaryAttr config = *process_.getConfig();
    const int64_t kv_heads = Integer(config, "kv_heads"), head_dim = Integer(config, "head_dim");
    // Pages are written one float16 a cycle.
    if (!attention) return 2 * shape_.tokens * kv_heads * (head_dim + kFloatLoopFill);
    const int64_t heads = Integer(config, "query_heads");
    return AttentionCycles(heads, kv_heads, head_dim, shape_.tokens) +
           shape_.tokens * costs_.context_pages * AttentionPageCycles(heads, kv_heads, head_dim);
  }

  void AddConvert() {
    mlir::DictionaryAttr config = process_.getConfig().value_or(mlir::DictionaryAttr());
    const auto shared = static_cast<unsigned>(config ? Integer(config, "shared_loops") : 0);
    auto type = llvm::cast<ITensorType>(*result_.streams[reads_[0]].getType());
    int64_t iterations = 1;
    for (unsigned loop = 0; loop < shared; ++loop) iterations *= Trips(type, loop);
    program_->Loop(iterations, [&] {
      program_->Read(reads_[0], Words(reads_[0], shared));
      program_->Compute(2 * kLoopFill);
      program_->Write(writes_[0], Words(writes_[0], shared));
    });
  }

  void AddTakeRows() {
    auto type = llvm::cast<ITensorType>(*result_.streams[reads_[0]].getType());
    const int64_t words = type.getElementWords();
    const TakenRows& taken = shape_.taken[std::min(take_rows_seen_++, shape_.taken.size() - 1)];
    for (int64_t row = 0; row < shape_.tokens;) {
      int64_t end = row + 1;
      while (end < shape_.tokens && taken[end] == taken[row]) ++end;
      if (!taken[row]) {
        program_->Read(reads_[0], (end - row) * words);
      } else {
        program_->Loop((end - row) * words, [&] {
          program_->Read(reads_[0]);
          program_->Write(writes_[0], 1, 0);
        });
      }
      row = end;
    }
  }

  void AddCarry() {
    const int64_t words = Words(reads_[0]);
    auto pass = [&](int32_t from, int32_t to) {
      program_->Loop(words, [&] {
        program_->Read(from);
        program_->Write(to, 1, 0);
      });
    };
    pass(reads_[0], writes_[0]);
    program_->Loop(shape_.layers - 1, [&] { pass(reads_[1], writes_[0]); });
    pass(reads_[1], writes_[1]);
  }

  static int64_t Blocks(mlir::DictionaryAttr issue) {
    return contract::IssueBlocks(Bits(issue), Integer(issue, "groups"), Integer(issue, "row_tiles"));
  }
  static int Bits(mlir::DictionaryAttr issue) { return static_cast<int>(Integer(issue, "bits")); }

  // The blocks of this channel, counted over all issues of the engine.
  LogicalResult AddLoadWeights() {
    dataflow::ProcessOp engine;
    for (auto process : design_.getBody().getOps<dataflow::ProcessOp>()) {
      if (process.getKind() == ProcessKind::engine) engine = process;
    }
    if (!engine) return process_.emitOpError("loads weights, but the design has no engine");
    std::vector<int32_t> channels = BlockChannelsOf(engine);
    const int32_t writes_to = writes_[0];
    const auto mine = std::find(channels.begin(), channels.end(), writes_[0]) - channels.begin();
    const auto count = static_cast<int64_t>(channels.size());
    int64_t blocks = 0;
    auto self = process_;
    process_ = engine;
    program_->Compute(costs_.first_word_cycles);
    const LogicalResult counted = ForEachOperation([&](mlir::DictionaryAttr issue) {
      // Blocks of this channel are those whose number has its remainder.
      auto before = [&](int64_t number) { return (number + count - 1 - mine) / count; };
      const int64_t end = blocks + Blocks(issue);
      program_->Loop(before(end) - before(blocks), [&] {
        program_->Add(Kind::kOpen, writes_to);
        program_->Compute(contract::BlockWords(Bits(issue)) / costs_.words_per_cycle);
        program_->Add(Kind::kPublish, writes_to);
      });
      blocks = end;
      return success();
    });
    process_ = self;
    return counted;
  }

  std::vector<int32_t> BlockChannelsOf(dataflow::ProcessOp engine) {
    std::vector<int32_t> channels;
    for (auto name : engine.getReads().getAsRange<mlir::FlatSymbolRefAttr>()) {
      auto found = channel_index_.find(name.getValue());
      if (found != channel_index_.end() && result_.streams[found->second].getKind() == ChannelKind::blocks) {
        channels.push_back(found->second);
      }
    }
    return channels;
  }

  LogicalResult AddActivationSwitch() {
    return ForEachOperation([&](mlir::DictionaryAttr issue) -> LogicalResult {
      const int64_t source = Integer(issue, "source");
      if (source < 0 || source >= static_cast<int64_t>(reads_.size())) {
        return process_.emitOpError("issues from source ") << source << " of " << reads_.size();
      }
      program_->Add(Kind::kOpen, writes_[0]);
      const int64_t rows = Rows(issue), groups = Integer(issue, "groups");
      auto order = issue.getAs<mlir::StringAttr>("order");
      const int64_t loops = order && order.getValue() == "tiles" ? contract::kGroupWords * groups : rows;
      program_->Read(reads_[source], rows * contract::kGroupWords * groups);
      program_->Compute(static_cast<double>(loops * kLoopFill + kQuantiseFill));
      program_->Add(Kind::kPublish, writes_[0]);
      return success();
    });
  }

  LogicalResult AddEngine() {
    const std::vector<int32_t> weights = BlockChannelsOf(process_);
    int32_t frames = -1;
    for (int32_t read : reads_) {
      if (result_.streams[read].getKind() == ChannelKind::frames) frames = read;
    }
    if (frames < 0 || weights.empty()) return process_.emitOpError("has no frames or no weights");
    size_t channel = 0;
    const mlir::DictionaryAttr config = process_.getConfig().value_or(mlir::DictionaryAttr());
    const int64_t unroll = std::max<int64_t>(config ? Integer(config, "unroll") : 1, 1);
    return ForEachOperation([&](mlir::DictionaryAttr issue) {
      const int64_t groups = Integer(issue, "groups"), tiles = Integer(issue, "row_tiles") * groups;
      const int64_t per_block = contract::BlockTiles(Bits(issue)), rows = Rows(issue);
      program_->Add(Kind::kTake, frames);
      for (int64_t first = 0; first < tiles; first += per_block) {
        const int64_t last = std::min(first + per_block, tiles);
        program_->Add(Kind::kTake, weights[channel]);
        for (int64_t tile = first; tile < last && rows > 0;) {
          const int64_t group = tile % groups, run = std::min(groups - group, last - tile);
          int64_t cycles = DotCycles(Integer(issue, "bits"), run, rows, unroll);
          if (group == 0) cycles += rows + kLoopFill;  // sums are cleared
          program_->Compute(static_cast<double>(cycles));
          tile += run;
          if (tile % groups == 0) {
            program_->Compute(kLoopFill);
            program_->Write(writes_[0], rows);
          }
        }
        program_->Add(Kind::kRelease, weights[channel]);
        channel = (channel + 1) % weights.size();
      }
      program_->Add(Kind::kRelease, frames);
      return success();
    });
  }

  LogicalResult AddResultSwitch() {
    return ForEachOperation([&](mlir::DictionaryAttr operation) -> LogicalResult {
      auto sinks = operation.getAs<mlir::DenseI64ArrayAttr>("sinks");
      if (!sinks || sinks.empty()) return process_.emitOpError("has a group of row tiles without sinks");
      for (int64_t sink : sinks.asArrayRef()) {
        if (sink < 0 || sink >= static_cast<int64_t>(writes_.size())) {
          return process_.emitOpError("routes to sink ") << sink << " of " << writes_.size();
        }
      }
      const int64_t rows = Rows(operation);
      program_->Loop(Integer(operation, "row_tiles"), [&] {
        for (int64_t sink : sinks.asArrayRef()) {
          program_->Loop(rows, [&] {
            program_->Read(reads_[0]);
            program_->Write(writes_[sink], 1, 0);
          });
        }
      });
      return success();
    });
  }

  //===--- kernels: the body's own loops ------------------------------------------------------------===//

  LogicalResult AddKernel() {
    mlir::Block& block = process_.getBody().front();
    destination_.clear();
    auto yield = llvm::cast<dataflow::YieldOp>(block.getTerminator());
    for (auto [index, value] : llvm::enumerate(yield.getValues())) MarkDestination(value, writes_[index]);
    return AddBody(block);
  }

  // Every write that `value` is made by goes to `channel`.
  void MarkDestination(mlir::Value value, int32_t channel) {
    if (!value || !destination_.try_emplace(value, channel).second) return;
    if (auto write = value.getDefiningOp<itensor::WriteOp>()) {
      MarkDestination(write.getDest(), channel);
    } else if (auto loop = value.getDefiningOp<mlir::scf::ForOp>()) {
      const unsigned result = llvm::cast<mlir::OpResult>(value).getResultNumber();
      MarkDestination(loop.getInitArgs()[result], channel);
      MarkDestination(loop.getRegionIterArgs()[result], channel);
      MarkDestination(loop.getBody()->getTerminator()->getOperand(result), channel);
    }
  }

  std::optional<int64_t> BoundOf(mlir::Value value) const {
    if (std::optional<int64_t> constant = mlir::getConstantIntValue(value)) return constant;
    if (auto extent = value.getDefiningOp<dataflow::ExtentOp>()) return Symbol(extent.getSymbol());
    return std::nullopt;
  }

  LogicalResult AddBody(mlir::Block& block) {
    for (mlir::Operation& operation : block) {
      if (auto loop = llvm::dyn_cast<mlir::scf::ForOp>(operation)) {
        const auto lower = BoundOf(loop.getLowerBound()), upper = BoundOf(loop.getUpperBound()),
                   step = BoundOf(loop.getStep());
        if (!lower || !upper || !step || *step < 1) {
          return loop.emitOpError(
              "has a trip count that is neither a constant nor a symbol: its streams can't be proved");
        }
        LogicalResult added = success();
        program_->Loop(std::max<int64_t>((*upper - *lower + *step - 1) / *step, 0),
                       [&] { added = AddBody(*loop.getBody()); });
        if (failed(added)) return failure();
      } else if (auto read = llvm::dyn_cast<itensor::ReadOp>(operation)) {
        auto argument = llvm::dyn_cast<mlir::BlockArgument>(read.getSource());
        if (!argument || argument.getOwner() != &process_.getBody().front() ||
            argument.getArgNumber() >= reads_.size()) {
          return read.emitOpError("does not read an argument of its process");
        }
        program_->Read(reads_[argument.getArgNumber()], read.getSource().getType().getElementWords());
      } else if (auto write = llvm::dyn_cast<itensor::WriteOp>(operation)) {
        auto found = destination_.find(write.getResult());
        if (found == destination_.end()) return write.emitOpError("writes what its process does not yield");
        program_->Write(found->second, write.getDest().getType().getElementWords());
      } else if (operation.getNumRegions() > 0) {
        bool streams = false;
        operation.walk(
            [&](mlir::Operation* inner) { streams |= llvm::isa<itensor::ReadOp, itensor::WriteOp>(inner); });
        if (streams)
          return operation.emitOpError("reads or writes streams within a region that can't be proved");
        program_->Compute(static_cast<double>(OperationCycles(&operation)));
      }
    }
    return success();
  }

  dataflow::DesignOp design_;
  StepShape shape_;
  NetworkCosts costs_;
  DesignNetwork result_;
  llvm::StringMap<int32_t> process_index_, channel_index_;

  dataflow::ProcessOp process_;
  ProgramBuilder* program_ = nullptr;
  size_t take_rows_seen_ = 0;
  std::vector<int32_t> reads_, writes_;  // channels, the header stream left out
  llvm::DenseMap<mlir::Value, int32_t> destination_;
};

}  // namespace

FailureOr<DesignNetwork> BuildNetwork(dataflow::DesignOp design, const StepShape& shape,
                                      const NetworkCosts& costs) {
  return Builder(design, shape, costs).Build();
}

int64_t StepShape::logits() const { return std::count(taken[0].begin(), taken[0].end(), true); }

TakenRows FirstRows(int64_t tokens, int64_t logits) {
  TakenRows rows(tokens, false);
  std::fill_n(rows.begin(), logits, true);
  return rows;
}

TakenRows LastRows(int64_t tokens, int64_t logits) {
  TakenRows rows(tokens, false);
  std::fill_n(rows.rbegin(), logits, true);
  return rows;
}

FailureOr<std::vector<StepShape>> ShapesToProve(dataflow::DesignOp design) {
  const int64_t layers = std::min(static_cast<int64_t>(design.getLayers()), kLayersToProve);
  const int64_t most_tokens = std::max<int64_t>(design.getBound("T"), 1), most_logits = design.getBound("W");
  size_t take_rows = 0;
  for (auto process : design.getBody().getOps<dataflow::ProcessOp>()) {
    if (process.getKind() == ProcessKind::take_rows) ++take_rows;
  }
  if (take_rows > kMostTakeRows) {
    return design.emitError("has ") << take_rows << " processes that take rows; steps are proved for at most "
                                    << kMostTakeRows;
  }
  std::vector<StepShape> shapes;
  for (int64_t tokens = most_tokens; tokens >= 0; --tokens) {
    for (int64_t logits = std::min(tokens, most_logits); logits >= 0; --logits) {
      const TakenRows first = FirstRows(tokens, logits), last = LastRows(tokens, logits);
      const unsigned choices = first == last ? 1 : 1u << take_rows;
      for (unsigned choice = 0; choice < choices; ++choice) {
        StepShape shape{tokens, layers, {}};
        for (size_t process = 0; process < std::max<size_t>(take_rows, 1); ++process) {
          shape.taken.push_back((choice >> process & 1) != 0 ? first : last);
        }
        shapes.push_back(std::move(shape));
      }
    }
  }
  return shapes;
}

}  // namespace streamtensor::compiler
