// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/step_function.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/design_builder.h"
#include "compiler/passes/join_ends.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {

#define GEN_PASS_DEF_MATERIALIZE
#include "compiler/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dataflow::ChannelKind;
using dataflow::ProcessKind;
using dataflow::Section;
using itensor::ITensorType;
using Process = DesignBuilder::Process;

constexpr llvm::StringLiteral kDesignName = "streamtensor_step";
// Depths until `size-fifos` has found the least ones.
constexpr int64_t kStreamDepth = 2;
constexpr int64_t kBlockDepth = 2;

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
    if (channels < 1 || channels > contract::kMaxWeightChannels) {
      step_.emitError("option channels must be 1..")
          << contract::kMaxWeightChannels << ", got " << int64_t{channels};
      return signalPassFailure();
    }
    if (unroll < 1 || unroll > contract::kMaxUnroll) {
      step_.emitError("option unroll must be 1..") << contract::kMaxUnroll << ", got " << int64_t{unroll};
      return signalPassFailure();
    }
    DesignBuilder design(&getContext());
    design_ = &design;
    if (failed(findLayers()) || failed(makeEngine()) || failed(makeInputs()) ||
        failed(visitBlock(step_.getBody().front(), false)) || failed(connectAll()))
      return signalPassFailure();
    auto symbols = getOperation()->getAttrOfType<DictionaryAttr>(dataflow::kSymbolsAttr);
    if (!symbols) symbols = DictionaryAttr::get(&getContext());
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

  std::vector<Attribute>& listOf(Process& process, Section section) {
    if (section == Section::prologue) return process.prologue;
    return section == Section::layer ? process.layer : process.epilogue;
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
    activation_switch_ =
        &design_->AddProcess("activation_switch", ProcessKind::activation_switch, Section::all);
    engine_ = &design_->AddProcess("engine", ProcessKind::engine, Section::all);
    engine_->config = dictionary({{"unroll", integer(unroll)}});
    result_switch_ = &design_->AddProcess("result_switch", ProcessKind::result_switch, Section::all);
    design_->AddStream(*activation_switch_, *engine_, ChannelKind::frames, {}, frame_words,
                       engine.getSlots());
    for (int64_t channel = 0; channel < channels; ++channel) {
      Process& load = design_->AddProcess("load_weights_" + std::to_string(channel),
                                          ProcessKind::load_weights, Section::all);
      load.takes_header = false;
      load.config = dictionary({{"channel", integer(channel)}});
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
      Process& load = design_->AddProcess("load_" + name, ProcessKind::load, Section::prologue);
      design_->AddMemory(load, name, "input", {named("type", TypeAttr::get(argument.getType()))});
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
    if (auto kernel = dyn_cast<dataflow::KernelOp>(op)) return visitKernel(kernel);
    if (auto issue = dyn_cast<dataflow::IssueOp>(op)) return visitIssue(issue);
    if (auto converter = dyn_cast<itensor::ConverterOp>(op)) return visitConverter(converter);
    if (isa<itensor::ForkOp>(op)) return visitSimple(op, "fork", ProcessKind::fork, op->getOperands(), {});
    if (auto attention = dyn_cast<dataflow::PagedAttentionOp>(op)) return visitAttention(attention);
    if (auto append = dyn_cast<dataflow::KvAppendOp>(op)) return visitAppend(append);
    if (auto take = dyn_cast<dataflow::TakeRowsOp>(op)) {
      if (sectionOf(op) == Section::layer)
        return op->emitError("can't stand in a layer yet; take rows before or after");
      if (FieldOf(take.getFlags()) != "wants_logits")
        return op->emitError("can take rows by the field wants_logits only");
      return visitSimple(op, "take_rows", ProcessKind::take_rows, {take.getX()}, {});
    }
    if (isa<itensor::ChunkOp, itensor::ConcatOp, itensor::JoinOp>(op))
      return op->emitError("has no process yet");
    if (auto ret = dyn_cast<func::ReturnOp>(op)) return visitReturn(ret);
    if (isa<UnrealizedConversionCastOp, itensor::ReassociateOp, itensor::CastOp, scf::YieldOp,
            tensor::ExtractSliceOp, dataflow::LayersOp>(op) ||
        op->hasTrait<OpTrait::ConstantLike>() || isOpTriviallyDead(op))
      return success();
    return op->emitError("can't become a process; it should have been made a kernel");
  }

  static std::string FieldOf(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument ? StepFunction::ArgumentAttr(argument, dataflow::kFieldAttr) : "";
  }

  LogicalResult visitKernel(dataflow::KernelOp kernel) {
    Process& process = design_->AddProcess(kernel.getLabel(), ProcessKind::kernel, sectionOf(kernel));
    process.body = kernel;
    for (auto [input, argument] : llvm::zip_equal(kernel.getInputs(), kernel.getBody().getArguments())) {
      if (isa<ITensorType>(input.getType())) {
        pending_.push_back({input, &process});
        continue;
      }
      if (input.getType().isIndex()) {
        if (!loop_ || input != loop_.getInductionVar())
          return kernel.emitError("is given an index that is not the layer");
        continue;
      }
      auto root = dyn_cast<BlockArgument>(input);
      std::string field = FieldOf(input);
      if (!field.empty()) {
        process.fields.push_back(field);
        if (field == "token_id") findVocabulary(argument);
        continue;
      }
      std::string weight = root ? StepFunction::ArgumentAttr(root, dataflow::kWeightAttr) : "";
      if (weight.empty()) return kernel.emitError("is given a tensor that is neither a weight nor a field");
      std::string part = StepFunction::ArgumentAttr(root, dataflow::kPartAttr);
      if (part.empty())
        return kernel.emitError("is given weight ") << weight << " without a " << dataflow::kPartAttr;
      design_->AddMemory(process, process.name + "_" + part, "constants",
                         {named("weight", string(weight)), named("part", string(part)),
                          named("type", TypeAttr::get(input.getType())),
                          named("section", string(dataflow::stringifySection(process.section)))});
    }
    for (Value result : kernel->getResults()) sources_[result] = {&process, result.getType()};
    return success();
  }

  // Rows of the tables that are looked up by token id: ids must be below all of them.
  void findVocabulary(BlockArgument ids) {
    llvm::SetVector<Value> derived;
    derived.insert(ids);
    auto kernel = cast<dataflow::KernelOp>(ids.getOwner()->getParentOp());
    kernel.walk<WalkOrder::PreOrder>([&](Operation* op) {
      if (auto lookup = dyn_cast<tensor::ExtractOp>(op)) {
        auto type = lookup.getTensor().getType();
        if (!lookup.getIndices().empty() && derived.contains(lookup.getIndices()[0]) && !type.isDynamicDim(0))
          vocabulary_ = vocabulary_ == 0 ? type.getDimSize(0) : std::min(vocabulary_, type.getDimSize(0));
        return;
      }
      if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
        for (OpOperand* operand : generic.getDpsInputOperands())
          if (derived.contains(operand->get())) derived.insert(generic.getMatchingBlockArgument(operand));
        return;
      }
      if (op->getNumOperands() == 0 || op->getNumRegions() > 0) return;
      if (derived.contains(op->getOperand(0)) && isa<tensor::ExtractSliceOp, arith::IndexCastOp>(op))
        derived.insert(op->getResult(0));
    });
  }

  // One process that reads `operands` and writes the results.
  LogicalResult visitSimple(Operation* op, StringRef name, ProcessKind kind, ValueRange operands,
                            DictionaryAttr config) {
    Process& process = design_->AddProcess(name, kind, sectionOf(op));
    process.config = config;
    for (Value operand : operands) pending_.push_back({operand, &process});
    for (Value result : op->getResults()) sources_[result] = {&process, result.getType()};
    return success();
  }

  LogicalResult visitConverter(itensor::ConverterOp op) {
    auto config = dictionary({{"buffer", op.getBufferAttr()}, {"shared_loops", op.getSharedLoopsAttr()}});
    return visitSimple(op, "convert", ProcessKind::convert, {op.getSource()}, config);
  }

  LogicalResult visitAttention(dataflow::PagedAttentionOp op) {
    if (sectionOf(op) != Section::layer)
      return op.emitError("stands outside the layers; its pages are counted by layer");
    if (failed(checkPages(op, op.getPageTable(), op.getSlot(), op.getPosition(), op.getLayer())) ||
        failed(checkField(op, op.getStart(), "start")))
      return failure();
    auto q = op.getQ().getType(), k = op.getKNew().getType();
    auto config = dictionary({{"scale", op.getScaleAttr()},
                              {"kv_head_map", op.getKvHeadMapAttr()},
                              {"page_map", AffineMapAttr::get(op.getEffectivePageMap())},
                              {"mask_offset", integer(op.getMaskOffset())},
                              {"query_heads", integer(q.getDimSize(1))},
                              {"kv_heads", integer(k.getDimSize(1))},
                              {"head_dim", integer(k.getDimSize(2))}});
    if (failed(visitSimple(op, "attention", ProcessKind::attention, {op.getQ(), op.getKNew(), op.getVNew()},
                           config)))
      return failure();
    Process& process = *sources_[op.getResult()].process;
    addPool(process, op.getKPool(), "k_read");
    addPool(process, op.getVPool(), "v_read");
    return success();
  }

  LogicalResult visitAppend(dataflow::KvAppendOp op) {
    if (sectionOf(op) != Section::layer)
      return op.emitError("stands outside the layers; its pages are counted by layer");
    if (failed(checkPages(op, op.getPageTable(), op.getSlot(), op.getPosition(), op.getLayer())))
      return failure();
    if (!op.getEffectivePageMap().isIdentity())
      return op.emitError("can write pages in their own order only");
    auto k = op.getKNew().getType();
    Process& process = design_->AddProcess("kv_append", ProcessKind::kv_append, Section::layer);
    process.config =
        dictionary({{"kv_heads", integer(k.getDimSize(1))}, {"head_dim", integer(k.getDimSize(2))}});
    pending_.push_back({op.getKNew(), &process});
    pending_.push_back({op.getVNew(), &process});
    addPool(process, op.getKPool(), "k_write");
    addPool(process, op.getVPool(), "v_write");
    return success();
  }

  void addPool(Process& process, Value pool, StringRef role) {
    design_->AddMemory(process, role, role, {named("type", TypeAttr::get(pool.getType()))});
  }

  LogicalResult checkField(Operation* op, Value value, StringRef expected) {
    std::string field = FieldOf(value);
    if (field == expected) return success();
    return op->emitError("takes ") << (field.empty() ? "a computed value" : "the field " + field)
                                   << " where the template takes " << expected << " from the descriptor";
  }

  LogicalResult checkPages(Operation* op, Value table, Value slot, Value position, Value layer) {
    if (failed(checkField(op, table, "page_table")) || failed(checkField(op, slot, "slot")) ||
        failed(checkField(op, position, "position")))
      return failure();
    if (!loop_ || layer != loop_.getInductionVar())
      return op->emitError("must be given the layer that it stands in");
    auto type = cast<RankedTensorType>(table.getType());
    if (type.isDynamicDim(1)) return op->emitError("needs a page table of known width, got ") << type;
    max_pages_ = type.getDimSize(1);
    return success();
  }

  LogicalResult visitLoop(scf::ForOp loop) {
    for (auto [index, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
      auto type = dyn_cast<ITensorType>(argument.getType());
      if (!type) return loop.emitError("carries ") << argument.getType() << "; run `bind` first";
      if (type.repeats()) return loop.emitError("carries what repeats: ") << type;
      if (argument.use_empty() || loop->getResult(index).use_empty())
        return loop.emitError("carries a value that ")
               << (argument.use_empty() ? "no layer uses" : "nothing uses after the layers");
      Process& carry = design_->AddProcess("carry", ProcessKind::carry, Section::all);
      carry.config = dictionary({});
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
        return op.emitError("gives back argument ")
               << cast<BlockArgument>(origin(value)).getArgNumber() << ", which nothing computes";
    bool decoder = vocabulary_ > 0 && op.getNumOperands() == 1;
    for (auto [index, value] : llvm::enumerate(op.getOperands())) {
      std::string name = decoder ? "logits" : "output" + std::to_string(index);
      Process& store = design_->AddProcess("store_" + name, ProcessKind::store,
                                           loop_ ? Section::epilogue : Section::prologue);
      design_->AddMemory(store, name, decoder ? "logits" : "output",
                         {named("type", TypeAttr::get(value.getType()))});
      pending_.push_back({value, &store});
    }
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Issues
  //===--------------------------------------------------------------------===//

  LogicalResult visitIssue(dataflow::IssueOp issue) {
    Section section = sectionOf(issue);
    auto type = issue.getActivations().getType();
    unsigned row_loop = type.getLoopsOfDim(0)[0];
    Attribute rows = type.isSymbolic(row_loop) ? Attribute(type.getTripSymbols()[row_loop])
                                               : Attribute(integer(type.getTripBounds()[row_loop]));
    Attribute groups = integer(issue.getInner() / contract::kGroupElements);

    listOf(*activation_switch_, section)
        .push_back(dictionary({{"source", integer(frames_)},
                               {"groups", groups},
                               {"rows", rows},
                               {"order", string(type.getNumLoops() == 1 ? "rows" : "tiles")}}));
    ++frames_;
    pending_.push_back({issue.getActivations(), activation_switch_});

    SmallVector<StringRef> names;
    SmallVector<std::string> storage;
    SmallVector<int64_t> weight_rows, minima;
    int64_t tiles = 0;
    for (unsigned i = 0; i < issue.getQ().size(); ++i) {
      FailureOr<std::string> name = weightOf(issue, i, section);
      if (failed(name)) return failure();
      storage.push_back(*name);
      weight_rows.push_back(cast<ShapedType>(issue.getQ()[i].getType()).getDimSize(0));
      minima.push_back(issue.getM().empty() ? 0 : 1);
      tiles += issue.getTiles(i);
    }
    names.assign(storage.begin(), storage.end());
    Builder b(&getContext());
    int64_t bits = cast<ShapedType>(issue.getQ()[0].getType()).getElementTypeBitWidth();
    SmallVector<std::pair<StringRef, Attribute>> entry = {
        {"bits", integer(bits)},
        {"groups", groups},
        {"row_tiles", integer(tiles)},
        {"rows", rows},
        {"weights", b.getStrArrayAttr(names)},
        {"weight_rows", b.getDenseI64ArrayAttr(weight_rows)},
        {"minimum", b.getDenseI64ArrayAttr(minima)}};
    if (issue.getAlternate()) entry.push_back({"alternate", b.getUnitAttr()});
    listOf(*engine_, section).push_back(dictionary(entry));

    // Results that alternate are one entry, others one each.
    SmallVector<int64_t> sinks;
    for (OpResult result : issue->getResults()) {
      if (result.use_empty())
        return issue.emitError("has result ") << result.getResultNumber() << " that nothing uses";
      sources_[result] = {result_switch_, result.getType()};
      sinks.push_back(static_cast<int64_t>(results_.size()));
      results_.push_back(result);
    }
    auto route = [&](ArrayRef<int64_t> to, int64_t row_tiles) {
      listOf(*result_switch_, section)
          .push_back(dictionary(
              {{"sinks", b.getDenseI64ArrayAttr(to)}, {"row_tiles", integer(row_tiles)}, {"rows", rows}}));
    };
    if (issue.getAlternate()) {
      route(sinks, issue.getTiles(0));
    } else {
      for (unsigned i = 0; i < sinks.size(); ++i) route(sinks[i], issue.getTiles(i));
    }
    return success();
  }

  // The weight's name; all its parts must be of one weight, at the layer that runs.
  FailureOr<std::string> weightOf(dataflow::IssueOp issue, unsigned index, Section section) {
    std::string name;
    SmallVector<std::pair<Value, StringRef>> parts = {{issue.getQ()[index], "q"}, {issue.getD()[index], "d"}};
    if (!issue.getM().empty()) parts.push_back({issue.getM()[index], "m"});
    for (auto [value, expected] : parts) {
      BlockArgument root = StepFunction::MemoryRoot(value);
      std::string weight = root ? StepFunction::ArgumentAttr(root, dataflow::kWeightAttr) : "";
      if (weight.empty()) return issue.emitError("takes a part that is no weight argument");
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
        return issue.emitError("takes ") << weight << " anew in every layer; only stacked weights can be";
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
      // The consumer's shape where it is a kernel, which sees elements; a tensor's stream is its rows.
      if (reader->kind == ProcessKind::kernel || !isa_and_nonnull<ITensorType>(type))
        type = streamType(value);
      if (!type) return emitError(made.getLoc(), "streams to @") << reader->name << " in no known order";
      design_->AddStream(*source.process, *reader, ChannelKind::words, type, 0, kStreamDepth);
      streams[made] = reader->reads.back();
    }
    for (auto& [made, source] : sources_)
      if (!streams.count(made))
        return emitError(made.getLoc(), "is written by @") << source.process->name << " and read by nobody";
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
    if (source.section == Section::all || reader.section == Section::all) return success();
    bool in_layer = source.section == Section::layer;
    if (in_layer == (reader.section == Section::layer)) return success();
    return emitError(value.getLoc(), "flows from @")
           << source.name << " (" << dataflow::stringifySection(source.section) << ") to @" << reader.name
           << " (" << dataflow::stringifySection(reader.section)
           << "); only what the loop carries can enter or leave the layers";
  }

  //===--------------------------------------------------------------------===//

  Attribute string(StringRef value) { return StringAttr::get(&getContext(), value); }
  IntegerAttr integer(int64_t value) { return IntegerAttr::get(IntegerType::get(&getContext(), 64), value); }
  NamedAttribute named(StringRef name, Attribute value) {
    return NamedAttribute(StringAttr::get(&getContext(), name), value);
  }
  DictionaryAttr dictionary(ArrayRef<std::pair<StringRef, Attribute>> entries) {
    SmallVector<NamedAttribute> attributes;
    for (auto [name, value] : entries) attributes.push_back(named(name, value));
    return DictionaryAttr::get(&getContext(), attributes);
  }

  func::FuncOp step_;
  scf::ForOp loop_;
  DesignBuilder* design_ = nullptr;
  Process *activation_switch_ = nullptr, *engine_ = nullptr, *result_switch_ = nullptr;
  int64_t layers_ = 0, max_pages_ = 0, vocabulary_ = 0;
  int64_t frames_ = 0;          // issues so far
  SmallVector<Value> results_;  // of issues, in the order of the result switch's sinks
  llvm::DenseMap<Value, Process*> inputs_;
  llvm::MapVector<Value, Source> sources_;
  SmallVector<std::pair<Value, Process*>> pending_;  // what processes read, in the order of their operands
};

}  // namespace
}  // namespace streamtensor::compiler
