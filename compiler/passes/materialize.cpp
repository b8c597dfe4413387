// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/step_function.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/design_builder.h"
#include "compiler/passes/join_ends.h"
#include "compiler/processes/ProcessDialect.h"
#include "kernels/contract/issue_cut.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/memory.h"
#include "kernels/contract/tiles.h"
#include "kernels/contract/word.h"
#include "llvm/Support/MathExtras.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_MATERIALIZE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::ChannelKind;
using dataflow::Section;
using itensor::ITensorType;
using Process = DesignBuilder::Process;

constexpr llvm::StringLiteral kDesignName = "streamtensor_step";
// Depths until `size-fifos` has found the least ones.
constexpr int64_t kStreamDepth = 2;
constexpr int64_t kBlockDepth = 2;
// Words of keys or values that are read ahead of attention: what hides a memory's latency, and of short
// contexts the pages of a layer.
constexpr int64_t kPagesDepth = 512;

// Where an itensor leaves a process: the process, and what was written there.
struct Source {
  Process* process = nullptr;
  Type type;
};

class MaterializePass : public impl::MaterializeBase<MaterializePass> {
 public:
  using MaterializeBase::MaterializeBase;

 private:
  void runOnOperation() override {
    FailureOr<func::FuncOp> step = FindStep(getOperation());
    if (failed(step)) return signalPassFailure();
    step_ = *step;
    if (channels < 0 || channels > contract::kMaxMemoryBanks) {
      step_.emitError("option channels must be 0..")
          << contract::kMaxMemoryBanks << ", got " << int64_t{channels};
      return signalPassFailure();
    }
    if (unroll < 0 || unroll > contract::kMaxUnroll) {
      step_.emitError("option unroll must be 0..") << contract::kMaxUnroll << ", got " << int64_t{unroll};
      return signalPassFailure();
    }
    const dataflow::PlatformAttr platform = dataflow::PlatformOf(step_);
    DesignBuilder design(&getContext());
    design_ = &design;
    findKinds();
    if (failed(findLayers())) return signalPassFailure();
    channels_ = channels > 0 ? int64_t{channels} : platform ? chooseChannels(platform) : 1;
    lanes_ = unroll > 0 ? int64_t{unroll}
             : platform ? LanesOfChannels(channels_, platform.getWeightChannels(), platform.getUnroll())
                        : 1;
    if (failed(makeEngine()) || failed(makeInputs()) || failed(visitBlock(step_.getBody().front(), false)) ||
        failed(connectAll()))
      return signalPassFailure();
    auto symbols = getOperation()->getAttrOfType<DictionaryAttr>(dataflow::kSymbolsAttr);
    if (!symbols) symbols = DictionaryAttr::get(&getContext());
    setIssueLists();
    design.Write(getOperation(), kDesignName, layers_, symbols, max_pages_, vocabulary_);
    for (Operation& op : llvm::make_early_inc_range(getOperation().getBody()->getOperations()))
      if (isa<func::FuncOp, dataflow::EngineOp>(op)) op.erase();
  }

  //===--------------------------------------------------------------------===//
  // The frame of the design
  //===--------------------------------------------------------------------===//

  LogicalResult findLayers() {
    for (auto loop : step_.getBody().front().getOps<scf::ForOp>()) {
      if (loop_) return loop.emitError("is a second loop over layers; a step has one");
      loop_ = loop;
      auto first = getConstantIntValue(loop.getLowerBound()), last = boundOf(loop.getUpperBound()),
           by = getConstantIntValue(loop.getStep());
      if (!first || !last || !by || *first != 0 || *by != 1 || *last < 1)
        return loop.emitError("must run over layers 0, 1, .. of a constant number");
      layers_ = *last;
    }
    return success();
  }

  // The platform's number of weight channels, or as many more as it takes for each to fit a bank.
  int64_t chooseChannels(dataflow::PlatformAttr platform) {
    int64_t count = platform.getWeightChannels();
    while (count < platform.getBanks() && channelBytes(count) > platform.getBankBytes()) ++count;
    return count;
  }

  // What each of `count` channels holds, in whole pages.
  int64_t channelBytes(int64_t count) {
    int64_t words = 0;
    step_.walk([&](dataflow::IssueOp issue) {
      int64_t tiles = 0;
      for (unsigned i = 0; i < issue.getQ().size(); ++i) tiles += issue.getTiles(i);
      const auto bits =
          static_cast<int>(cast<ShapedType>(issue.getQ()[0].getType()).getElementTypeBitWidth());
      const auto scale_groups = static_cast<int>(issue.getScaleGroups());
      const contract::IssueCut cut =
          contract::CutIssue(count, bits, issue.getInner() / contract::kGroupElements, tiles, scale_groups);
      words +=
          contract::CutWords(bits, scale_groups, cut) * (sectionOf(issue) == Section::layer ? layers_ : 1);
    });
    return llvm::alignTo(words * contract::kWordBytes, contract::kBufferAlignmentBytes);
  }

  static std::optional<int64_t> boundOf(Value bound) {
    if (auto layers = bound.getDefiningOp<dataflow::LayersOp>())
      return static_cast<int64_t>(layers.getCount());
    return getConstantIntValue(bound);
  }

  Section sectionOf(Operation* op) {
    if (!loop_) return Section::prologue;
    if (op->getParentOp() == loop_) return Section::layer;
    return op->isBeforeInBlock(loop_) ? Section::prologue : Section::epilogue;
  }

  // Switches, engine and weight channels, where anything is issued at all.
  LogicalResult makeEngine() {
    dataflow::EngineOp engine;
    int64_t frame_words = 0;
    bool any = false;
    LogicalResult ok = success();
    step_.walk([&](dataflow::IssueOp issue) {
      any = true;
      auto type = issue.getActivations().getType();
      frame_words =
          std::max(frame_words, type.getDataBounds()[0] * issue.getInner() / contract::kGroupElements);
      if (!engine)
        engine = SymbolTable::lookupNearestSymbolFrom<dataflow::EngineOp>(issue, issue.getEngineAttr());
      if (!engine) ok = issue.emitError("names no engine: ") << issue.getEngine();
    });
    if (failed(ok) || !any) return ok;
    activation_switch_ = &design_->AddProcess<process::ActivationSwitchOp>("activation_switch");
    engine_ = &design_->AddProcess<process::EngineOp>("engine");
    engine_->attributes.set("lanes", integer(lanes_));
    result_switch_ = &design_->AddProcess<process::ResultSwitchOp>("result_switch");
    design_->AddStream(*activation_switch_, *engine_, ChannelKind::frames, {}, frame_words,
                       engine.getSlots());
    for (int64_t channel = 0; channel < channels_; ++channel) {
      Process& load = design_->AddProcess<process::LoadWeightsOp>("load_weights_" + std::to_string(channel));
      load.takes_header = false;
      design_->AddMemory(load, "weights_" + std::to_string(channel), "weights",
                         {named("channel", integer(channel))});
      design_->AddStream(load, *engine_, ChannelKind::blocks, {}, contract::kMaxBlockWords, kBlockDepth);
    }
    // Words of any issue: one word is 16 rows of one token.
    auto d0 = getAffineDimExpr(0, &getContext());
    auto words =
        ITensorType::get(&getContext(), {1, contract::kTileRows}, Float32Type::get(&getContext()), {1},
                         {StringAttr::get(&getContext(), "")}, {1},
                         AffineMap::get(1, 0, {d0, getAffineConstantExpr(0, &getContext())}, &getContext()));
    design_->AddStream(*engine_, *result_switch_, ChannelKind::words, words, 0, kStreamDepth);
    return success();
  }

  LogicalResult makeInputs() {
    for (BlockArgument argument : step_.getArguments()) {
      std::string name = StepFunction::ArgumentAttr(argument, dataflow::kInputAttr);
      if (name.empty()) continue;
      if (argument.use_empty()) return step_.emitError("does not use input ") << name;
      Process& load = design_->AddProcess<process::LoadOp>("load_" + name, Section::prologue);
      SmallVector<NamedAttribute> attributes = {named("type", TypeAttr::get(argument.getType()))};
      if (Attribute sample = step_.getArgAttr(argument.getArgNumber(), dataflow::kSampleAttr))
        attributes.push_back(named(dataflow::kSampleAttr, sample));
      design_->AddMemory(load, name, "input", attributes);
      inputs_[argument] = &load;
    }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Operations to processes. Streams come last, when every source is known.
  //===--------------------------------------------------------------------===//

  LogicalResult visitBlock(Block& block, bool in_loop) {
    for (Operation& op : block) {
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        if (in_loop) return loop.emitError("is a loop within the layers");
        if (failed(visitLoop(loop))) return failure();
        continue;
      }
      if (failed(visit(&op))) return failure();
    }
    return success();
  }

  LogicalResult visit(Operation* op) {
    if (auto kind = kinds_.find(op->getName().getStringRef()); kind != kinds_.end())
      return makeProcess(op, kind->second);
    if (auto issue = dyn_cast<dataflow::IssueOp>(op)) return visitIssue(issue);
    if (auto ret = dyn_cast<func::ReturnOp>(op)) return visitReturn(ret);
    if (isa<UnrealizedConversionCastOp, itensor::ReassociateOp, itensor::CastOp, scf::YieldOp,
            tensor::ExtractSliceOp, dataflow::LayersOp>(op) ||
        op->hasTrait<OpTrait::ConstantLike>() || isOpTriviallyDead(op))
      return success();
    return op->emitError("can't become a process; it should have been made a kernel");
  }

  // Which operations one process stands for, as the kinds say.
  void findKinds() {
    for (RegisteredOperationName kind : getContext().getRegisteredOperations()) {
      auto* interface = kind.getInterface<dataflow::ProcessOpInterface>();
      if (!interface) continue;
      if (StringRef source = interface->getSourceName(); !source.empty()) kinds_.try_emplace(source, kind);
    }
  }

  LogicalResult makeProcess(Operation* op, OperationName kind) {
    dataflow::ProcessPlan plan;
    plan.section = sectionOf(op);
    if (failed(kind.getInterface<dataflow::ProcessOpInterface>()->plan(op, plan))) return failure();
    Process& process =
        design_->AddProcess(plan.name.empty() ? kind.stripDialect() : plan.name, kind, plan.section);
    process.attributes = plan.attributes;
    process.sends_done = plan.sends_done;
    process.reads_as_given = plan.reads_as_given;
    process.fill = plan.fill;
    addMemories(process, plan.memories);
    if (plan.page_loader) addPageLoader(process, *plan.page_loader);
    for (Value read : plan.reads) pending_.push_back({read, &process});
    for (Value result : op->getResults()) sources_[result] = {&process, result.getType()};
    max_pages_ = std::max(max_pages_, plan.max_pages);
    if (plan.vocabulary > 0)
      vocabulary_ = vocabulary_ == 0 ? plan.vocabulary : std::min(vocabulary_, plan.vocabulary);
    return success();
  }

  void addMemories(Process& process, ArrayRef<dataflow::ProcessPlan::Memory> memories) {
    for (const dataflow::ProcessPlan::Memory& memory : memories)
      design_->AddMemory(process, memory.after_process ? process.name + "_" + memory.name : memory.name,
                         memory.role, memory.attributes);
  }

  void addPageLoader(Process& reader, const dataflow::ProcessPlan::PageLoader& plan) {
    const OperationName kind(plan.kind, &getContext());
    Process& loader = design_->AddProcess(kind.stripDialect(), kind);
    loader.attributes = plan.attributes;
    loader.reads_pages = true;
    addMemories(loader, plan.memories);
    for (int pool = 0; pool < 2; ++pool)
      design_->AddStream(loader, reader, ChannelKind::pages, {}, 0, kPagesDepth);
  }

  LogicalResult visitLoop(scf::ForOp loop) {
    for (auto [index, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
      auto type = dyn_cast<ITensorType>(argument.getType());
      if (!type) return loop.emitError("carries ") << argument.getType() << "; run `bind` first";
      if (type.repeats()) return loop.emitError("carries an itensor that repeats elements: ") << type;
      if (argument.use_empty() || loop->getResult(index).use_empty())
        return loop.emitError("carries a value that ")
               << (argument.use_empty() ? "no layer uses" : "nothing uses after the layers");
      Process& carry = design_->AddProcess<process::CarryOp>("carry");
      pending_.push_back({loop.getInitArgs()[index], &carry});
      pending_.push_back({loop.getYieldedValues()[index], &carry});
      sources_[argument] = {&carry, type};
      sources_[loop->getResult(index)] = {&carry, type};
    }
    return visitBlock(*loop.getBody(), true);
  }

  LogicalResult visitReturn(func::ReturnOp op) {
    for (Value value : op.getOperands())
      if (isa<BlockArgument>(origin(value)))
        return op.emitError("returns argument ")
               << cast<BlockArgument>(origin(value)).getArgNumber() << "; a result must be computed";
    bool decoder = vocabulary_ > 0 && op.getNumOperands() == 1;
    for (auto [index, value] : llvm::enumerate(op.getOperands())) {
      Attribute checks = step_.getResultAttr(index, dataflow::kChecksAttr);
      std::string name = decoder ? "logits" : checks ? "checks" : "output" + std::to_string(index);
      Process& store = design_->AddProcess<process::StoreOp>("store_" + name,
                                                             loop_ ? Section::epilogue : Section::prologue);
      store.sends_done = true;
      SmallVector<NamedAttribute> attributes = {named("type", TypeAttr::get(value.getType()))};
      if (Attribute sample = step_.getResultAttr(index, dataflow::kSampleAttr))
        attributes.push_back(named(dataflow::kSampleAttr, sample));
      if (checks) attributes.push_back(named(dataflow::kChecksAttr, checks));
      design_->AddMemory(store, name, decoder ? "logits" : "output", attributes);
      pending_.push_back({value, &store});
    }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Issues
  //===--------------------------------------------------------------------===//

  LogicalResult visitIssue(dataflow::IssueOp issue) {
    const auto section = static_cast<size_t>(sectionOf(issue));
    auto type = issue.getActivations().getType();
    const dataflow::RowCount rows = dataflow::RowsOfLoop(type, type.getLoopsOfDim(0)[0]);
    const int64_t groups = issue.getInner() / contract::kGroupElements;
    auto* context = &getContext();
    frames_[section].push_back(
        process::FrameAttr::get(context, sources_taken_++, groups, rows,
                                type.getNumLoops() == 1 ? RowOrder::kRows : RowOrder::kTiles));
    pending_.push_back({issue.getActivations(), activation_switch_});

    SmallVector<process::WeightAttr> weights;
    int64_t tiles = 0;
    for (unsigned i = 0; i < issue.getQ().size(); ++i) {
      FailureOr<std::string> name = weightOf(issue, i, sectionOf(issue));
      if (failed(name)) return failure();
      const int64_t weight_rows = cast<ShapedType>(issue.getQ()[i].getType()).getDimSize(0);
      weights.push_back(process::WeightAttr::get(context, StringAttr::get(context, *name), weight_rows,
                                                 !issue.getM().empty()));
      tiles += issue.getTiles(i);
    }
    const int64_t bits = cast<ShapedType>(issue.getQ()[0].getType()).getElementTypeBitWidth();
    issues_[section].push_back(process::IssueAttr::get(context, bits, groups, issue.getScaleGroups(), tiles,
                                                       rows, issue.getAlternate(), weights));

    // Results that alternate are one route, others one each.
    SmallVector<int64_t> sinks;
    for (OpResult result : issue->getResults()) {
      if (result.use_empty())
        return issue.emitError("has result ") << result.getResultNumber() << " that nothing uses";
      sources_[result] = {result_switch_, result.getType()};
      sinks.push_back(results_++);
    }
    auto route = [&](ArrayRef<int64_t> to, int64_t row_tiles) {
      routes_[section].push_back(process::RouteAttr::get(context, to, row_tiles, rows));
    };
    if (issue.getAlternate()) {
      route(sinks, issue.getTiles(0));
    } else {
      for (unsigned i = 0; i < sinks.size(); ++i) route(sinks[i], issue.getTiles(i));
    }
    return success();
  }

  // What the three processes of the engine do, now that every issue has been seen.
  void setIssueLists() {
    if (!engine_) return;
    for (auto [process, lists] : {std::pair(activation_switch_, &frames_), std::pair(engine_, &issues_),
                                  std::pair(result_switch_, &routes_)})
      for (auto [name, list] : llvm::zip_equal(std::array{"prologue", "layer", "epilogue"}, *lists))
        process->attributes.set(name, ArrayAttr::get(&getContext(), list));
  }

  // The weight's name; all its parts must be of one weight, at the layer that runs.
  FailureOr<std::string> weightOf(dataflow::IssueOp issue, unsigned index, Section section) {
    std::string name;
    SmallVector<std::pair<Value, StringRef>> parts = {{issue.getQ()[index], "q"}, {issue.getD()[index], "d"}};
    if (!issue.getM().empty()) parts.push_back({issue.getM()[index], "m"});
    for (auto [value, expected] : parts) {
      BlockArgument root = StepFunction::MemoryRoot(value);
      std::string weight = root ? StepFunction::ArgumentAttr(root, dataflow::kWeightAttr) : "";
      if (weight.empty()) return issue.emitError("takes a part that is not a weight argument");
      if (StepFunction::ArgumentAttr(root, dataflow::kPartAttr) != expected)
        return issue.emitError("takes part ") << StepFunction::ArgumentAttr(root, dataflow::kPartAttr)
                                              << " of " << weight << " as " << expected;
      if (!name.empty() && weight != name)
        return issue.emitError("mixes parts of ") << name << " and " << weight;
      name = weight;
      auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
      bool stacked = StringRef(weight).contains("{layer}");
      bool at_layer = slice && slice.getSource() == root && loop_ &&
                      slice.getMixedOffsets()[0] == OpFoldResult(loop_.getInductionVar());
      if (stacked ? !(at_layer && section == Section::layer) : value != root)
        return issue.emitError("takes ") << weight << " in another way than as the weight of its layer";
      if (!stacked && section == Section::layer)
        return issue.emitError("uses ") << weight << " in every layer, but it is not stacked by layer";
    }
    return name;
  }

  //===--------------------------------------------------------------------===//
  // Streams
  //===--------------------------------------------------------------------===//

  // Through casts and shapes, which move nothing.
  static Value origin(Value value) {
    for (;;) {
      Operation* op = value.getDefiningOp();
      if (!op || !isa<UnrealizedConversionCastOp, itensor::ReassociateOp, itensor::CastOp>(op)) return value;
      value = op->getOperand(0);
    }
  }

  LogicalResult connectAll() {
    llvm::DenseMap<Value, Process*> readers;
    for (auto [value, reader] : pending_) {
      Value made = origin(value);
      if (readers.contains(made))
        return emitError(made.getLoc(), "has two readers, @")
               << readers[made]->name << " and @" << reader->name << "; run `bind` first";
      readers[made] = reader;
    }
    // The order of a process' reads is that of its operands; of its writes that of its results.
    llvm::DenseMap<Value, std::string> streams;
    for (auto [value, reader] : pending_) {
      Value made = origin(value);
      Source source = sources_.lookup(made);
      auto argument = dyn_cast<BlockArgument>(made);
      if (!source.process && argument && inputs_.contains(argument))
        source = {inputs_[argument], streamType(value)};
      if (!source.process) return emitError(made.getLoc(), "leads from no process to @") << reader->name;
      if (failed(checkSections(made, *source.process, *reader))) return failure();
      Type type = source.type;
      // A tensor's stream is its rows.
      if (reader->reads_as_given || !isa_and_nonnull<ITensorType>(type)) type = streamType(value);
      if (!type) return emitError(made.getLoc(), "streams to @") << reader->name << " in no known order";
      design_->AddStream(*source.process, *reader, ChannelKind::words, type, 0, kStreamDepth);
      streams[made] = reader->reads.back();
    }
    for (auto& [made, source] : sources_)
      if (!streams.count(made))
        return emitError(made.getLoc(), "is written by @") << source.process->name << " and never read";
    // Writes in the order of results, whoever was connected first.
    for (auto& [made, source] : sources_) llvm::erase(source.process->writes, streams[made]);
    for (auto& [made, source] : sources_) source.process->writes.push_back(streams[made]);
    return success();
  }

  // The first itensor type on the way up from what a process takes.
  static Type streamType(Value value) {
    for (;;) {
      if (isa<ITensorType>(value.getType())) return value.getType();
      Operation* op = value.getDefiningOp();
      if (!op || !isa<UnrealizedConversionCastOp, itensor::ReassociateOp, itensor::CastOp>(op)) return {};
      value = op->getOperand(0);
    }
  }

  // What is made once can't be read once a layer, and the other way round: that takes a carry.
  LogicalResult checkSections(Value value, const Process& source, const Process& reader) {
    if (!source.section || !reader.section) return success();
    bool in_layer = source.section == Section::layer;
    if (in_layer == (reader.section == Section::layer)) return success();
    return emitError(value.getLoc(), "flows from @")
           << source.name << " (" << dataflow::stringifySection(*source.section) << ") to @" << reader.name
           << " (" << dataflow::stringifySection(*reader.section)
           << "); only what the loop carries can enter or leave the layers";
  }

  //===--------------------------------------------------------------------===//

  IntegerAttr integer(int64_t value) { return IntegerAttr::get(IntegerType::get(&getContext(), 64), value); }
  NamedAttribute named(StringRef name, Attribute value) {
    return NamedAttribute(StringAttr::get(&getContext(), name), value);
  }
  func::FuncOp step_;
  int64_t channels_ = 1, lanes_ = 1;
  scf::ForOp loop_;
  DesignBuilder* design_ = nullptr;
  Process *activation_switch_ = nullptr, *engine_ = nullptr, *result_switch_ = nullptr;
  int64_t layers_ = 0, max_pages_ = 0, vocabulary_ = 0;
  llvm::StringMap<OperationName> kinds_;  // by the operation that one process stands for
  // By section.
  std::array<SmallVector<Attribute>, 3> frames_, issues_, routes_;
  int64_t sources_taken_ = 0, results_ = 0;  // of issues so far
  llvm::DenseMap<Value, Process*> inputs_;
  llvm::MapVector<Value, Source> sources_;
  SmallVector<std::pair<Value, Process*>> pending_;  // what processes read, in the order of their operands
};

}  // namespace
}  // namespace streamtensor::compiler
