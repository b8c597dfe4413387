// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>
#include <string>

#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/step_function.h"
#include "compiler/analysis/trace.h"
#include "compiler/dialects/dataflow/binding.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/body_emitter.h"
#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/word.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"

namespace streamtensor::compiler::process {
namespace {

using dataflow::ChannelKind;
using dataflow::StreamOp;

// Column of the step header that a field names.
std::optional<std::string> FieldText(llvm::StringRef field) {
  if (field == "token_id") return "id";
  if (field == "slot" || field == "position" || field == "start" || field == "wants_logits")
    return field.str();
  return std::nullopt;
}

// Rows of the tables that are looked up by the values of a field, the least of them. 0: there is none.
int64_t RowsLookedUpBy(mlir::BlockArgument field) {
  int64_t rows = 0;
  llvm::SetVector<mlir::Value> derived;
  derived.insert(field);
  field.getOwner()->getParentOp()->walk<mlir::WalkOrder::PreOrder>([&](mlir::Operation* op) {
    if (auto lookup = llvm::dyn_cast<mlir::tensor::ExtractOp>(op)) {
      const auto type = lookup.getTensor().getType();
      if (derived.contains(lookup.getTensor())) {
        derived.insert(lookup);
      } else if (!lookup.getIndices().empty() && derived.contains(lookup.getIndices()[0]) &&
                 !type.isDynamicDim(0)) {
        rows = rows == 0 ? type.getDimSize(0) : std::min(rows, type.getDimSize(0));
      }
      return;
    }
    if (auto generic = llvm::dyn_cast<mlir::linalg::GenericOp>(op)) {
      for (mlir::OpOperand* operand : generic.getDpsInputOperands()) {
        if (derived.contains(operand->get())) derived.insert(generic.getMatchingBlockArgument(operand));
      }
      return;
    }
    if (op->getNumOperands() == 0 || op->getNumRegions() > 0) return;
    if (derived.contains(op->getOperand(0)) &&
        llvm::isa<mlir::tensor::ExtractSliceOp, mlir::arith::IndexCastOp>(op)) {
      derived.insert(op->getResult(0));
    }
  });
  return rows;
}

}  // namespace

//===--- verifier -----------------------------------------------------------------------------------===//

mlir::LogicalResult KernelOp::verify() {
  for (auto field : getFields().getAsRange<mlir::StringAttr>()) {
    if (!FieldText(field.getValue())) {
      return emitOpError("takes a field that the step header does not carry: ") << field;
    }
  }
  return mlir::success();
}

mlir::LogicalResult KernelOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  const llvm::SmallVector<llvm::StringRef> roles(ends.memories.size(), "constants");
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header}, ChannelKind::words, 0},
                              {{}, ChannelKind::words, 0}, roles))) {
    return mlir::failure();
  }
  // The body's arguments: streams, memories, fields, layer.
  mlir::Block& block = getBody().front();
  llvm::SmallVector<mlir::Type> expected;
  for (StreamOp stream : llvm::drop_begin(ends.reads)) expected.push_back(*stream.getType());
  for (dataflow::MemoryOp memory : ends.memories) expected.push_back(*memory.getType());
  const size_t fields = expected.size(), layer = fields + getFields().size();
  if (block.getNumArguments() != layer + 1) {
    return emitOpError("body has ") << block.getNumArguments() << " arguments, expected " << layer + 1;
  }
  for (auto [index, type] : llvm::enumerate(expected)) {
    if (block.getArgument(index).getType() != type) {
      return emitOpError("argument ") << index << " of the body must be " << type;
    }
  }
  for (size_t index = fields; index < layer; ++index) {
    if (!llvm::isa<mlir::RankedTensorType>(block.getArgument(index).getType())) {
      return emitOpError("argument ") << index << " of the body must be the tensor of a field";
    }
  }
  if (!block.getArgument(layer).getType().isIndex()) {
    return emitOpError("the last argument of the body must be the layer, an index");
  }
  llvm::SmallVector<mlir::Type> written;
  for (StreamOp stream : ends.writes) written.push_back(*stream.getType());
  auto yield = llvm::dyn_cast<dataflow::YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().getTypes() != mlir::TypeRange(written)) {
    return emitOpError("body must yield one itensor for each stream it writes, of the stream's type");
  }
  // The header process refuses what lies beyond a table, by what the design says of it.
  auto design = (*this)->getParentOfType<dataflow::DesignOp>();
  for (auto [name, argument] : llvm::zip(getFields().getAsRange<mlir::StringAttr>(),
                                         block.getArguments().slice(fields, getFields().size()))) {
    const int64_t rows = RowsLookedUpBy(argument);
    if (rows == 0) continue;
    const auto vocabulary = static_cast<int64_t>(design.getVocabulary());
    if (name.getValue() == "token_id" && (vocabulary < 1 || vocabulary > rows)) {
      return emitOpError("looks up ") << rows << " rows by token id; the design's vocabulary must be 1.."
                                      << rows << ", got " << vocabulary;
    }
    const auto max_pages = static_cast<int64_t>(design.getMaxPages());
    if (name.getValue() == "position" && (max_pages < 1 || max_pages * contract::kPageTokens > rows)) {
      return emitOpError("looks up ") << rows << " rows by position; the design's max_pages must be 1.."
                                      << rows / contract::kPageTokens << ", got " << max_pages;
    }
  }
  return mlir::success();
}

//===--- how it is made -----------------------------------------------------------------------------===//

namespace {

// What an operand of a kernel is to the process.
enum class OperandKind { kStream, kMemory, kField, kLayer };

OperandKind KindOf(mlir::Value input) {
  if (llvm::isa<itensor::ITensorType>(input.getType())) return OperandKind::kStream;
  if (input.getType().isIndex()) return OperandKind::kLayer;
  return StepFunction::FieldOf(input).empty() ? OperandKind::kMemory : OperandKind::kField;
}

mlir::LogicalResult PlanMemory(dataflow::KernelOp kernel, mlir::Value input, dataflow::ProcessPlan& plan) {
  auto root = llvm::dyn_cast<mlir::BlockArgument>(input);
  const std::string weight = root ? StepFunction::ArgumentAttr(root, dataflow::kWeightAttr) : "";
  if (weight.empty()) return kernel.emitError("is given a tensor that is neither a weight nor a field");
  const std::string part = StepFunction::ArgumentAttr(root, dataflow::kPartAttr);
  if (part.empty()) {
    return kernel.emitError("is given weight ") << weight << " without a " << dataflow::kPartAttr;
  }
  mlir::Builder builder(kernel.getContext());
  mlir::NamedAttrList attributes;
  attributes.set("weight", builder.getStringAttr(weight));
  attributes.set("part", builder.getStringAttr(part));
  attributes.set("type", mlir::TypeAttr::get(input.getType()));
  attributes.set("section", builder.getStringAttr(dataflow::stringifySection(plan.section)));
  plan.memories.push_back({part, /*after_process=*/true, "constants", attributes});
  return mlir::success();
}

// Gives each itensor that is written a destination of its own: a clean-up makes one of those that are alike.
void SeparateDestinations(mlir::Block& block) {
  for (auto empty : llvm::make_early_inc_range(block.getOps<itensor::EmptyOp>())) {
    while (!empty->use_empty() && !empty->hasOneUse()) {
      mlir::OpBuilder builder(empty);
      empty->getUses().begin()->set(builder.clone(*empty.getOperation())->getResult(0));
    }
  }
}

// The kernel's body with its arguments in the process' order: streams, memories, fields, layer.
void FillBody(KernelOp process, dataflow::KernelOp kernel) {
  mlir::Block& block = process.getBody().emplaceBlock();
  mlir::IRMapping mapping;
  bool has_layer = false;
  for (OperandKind kind :
       {OperandKind::kStream, OperandKind::kMemory, OperandKind::kField, OperandKind::kLayer}) {
    for (auto [input, argument] : llvm::zip_equal(kernel.getInputs(), kernel.getBody().getArguments())) {
      if (KindOf(input) != kind) continue;
      // Every index is the one layer.
      if (kind == OperandKind::kLayer && has_layer) {
        mapping.map(argument, block.getArguments().back());
        continue;
      }
      has_layer = kind == OperandKind::kLayer;
      mapping.map(argument, block.addArgument(argument.getType(), argument.getLoc()));
    }
  }
  if (!has_layer) block.addArgument(mlir::IndexType::get(process.getContext()), process.getLoc());
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(&block);
  for (mlir::Operation& inner : kernel.getBody().front()) builder.clone(inner, mapping);
  SeparateDestinations(block);
}

}  // namespace

llvm::StringRef KernelOp::getSourceName() { return dataflow::KernelOp::getOperationName(); }

mlir::LogicalResult KernelOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  auto kernel = llvm::cast<dataflow::KernelOp>(source);
  auto loop = source->getParentOfType<mlir::scf::ForOp>();
  plan.name = kernel.getLabel().str();
  if (const auto binding = dataflow::BindingOf(source)) {
    plan.attributes.set(dataflow::kBindingAttr, binding->ToAttribute(source->getContext()));
  }
  plan.reads_as_given = true;
  llvm::SmallVector<std::string> fields;
  for (auto [input, argument] : llvm::zip_equal(kernel.getInputs(), kernel.getBody().getArguments())) {
    switch (KindOf(input)) {
      case OperandKind::kStream:
        plan.reads.push_back(input);
        break;
      case OperandKind::kMemory:
        if (mlir::failed(PlanMemory(kernel, input, plan))) return mlir::failure();
        break;
      case OperandKind::kField:
        fields.push_back(StepFunction::FieldOf(input));
        if (fields.back() == "token_id") {
          const int64_t vocabulary = RowsLookedUpBy(argument);
          if (vocabulary > 0 && (plan.vocabulary == 0 || vocabulary < plan.vocabulary)) {
            plan.vocabulary = vocabulary;
          }
        }
        break;
      case OperandKind::kLayer:
        if (!loop || input != loop.getInductionVar()) {
          return kernel.emitError("is given an index that is not the layer");
        }
        break;
    }
  }
  const llvm::SmallVector<llvm::StringRef> names(fields.begin(), fields.end());
  plan.attributes.set("fields", mlir::Builder(source->getContext()).getStrArrayAttr(names));
  plan.fill = [kernel](mlir::Operation* process) { FillBody(llvm::cast<KernelOp>(process), kernel); };
  return mlir::success();
}

//===--- trace: the body's own loops ----------------------------------------------------------------===//

namespace {

class BodyTrace {
 public:
  BodyTrace(KernelOp kernel, Trace* trace) : block_(&kernel.getBody().front()), trace_(*trace) {
    auto yield = llvm::cast<dataflow::YieldOp>(block_->getTerminator());
    for (auto [value, stream] : llvm::zip_equal(yield.getValues(), trace->ends().writes)) {
      MarkDestination(value, stream);
    }
  }

  mlir::LogicalResult Run() { return AddBlock(*block_); }

 private:
  // Every write that `value` is made by goes to `stream`.
  void MarkDestination(mlir::Value value, StreamOp stream) {
    if (!value || !destination_.try_emplace(value, stream).second) return;
    if (auto write = value.getDefiningOp<itensor::WriteOp>()) {
      MarkDestination(write.getDest(), stream);
    } else if (auto loop = value.getDefiningOp<mlir::scf::ForOp>()) {
      const unsigned result = llvm::cast<mlir::OpResult>(value).getResultNumber();
      MarkDestination(loop.getInitArgs()[result], stream);
      MarkDestination(loop.getRegionIterArgs()[result], stream);
      MarkDestination(loop.getBody()->getTerminator()->getOperand(result), stream);
    }
  }

  std::optional<int64_t> BoundOf(mlir::Value value) const {
    if (std::optional<int64_t> constant = mlir::getConstantIntValue(value)) return constant;
    auto extent = value.getDefiningOp<dataflow::ExtentOp>();
    const auto symbol = extent ? dataflow::ParseRowSymbol(extent.getSymbol()) : std::nullopt;
    if (!symbol) return std::nullopt;
    return trace_.Count({*symbol, 0});
  }

  mlir::LogicalResult AddBlock(mlir::Block& block) {
    for (mlir::Operation& operation : block) {
      if (mlir::failed(Add(&operation))) return mlir::failure();
    }
    return mlir::success();
  }

  mlir::LogicalResult Add(mlir::Operation* operation) {
    if (auto loop = llvm::dyn_cast<mlir::scf::ForOp>(operation)) return AddLoop(loop);
    if (auto read = llvm::dyn_cast<itensor::ReadOp>(operation)) return AddRead(read);
    if (auto write = llvm::dyn_cast<itensor::WriteOp>(operation)) return AddWrite(write);
    if (operation->getNumRegions() == 0) return mlir::success();
    const mlir::WalkResult streams = operation->walk([&](mlir::Operation* inner) {
      return llvm::isa<itensor::ReadOp, itensor::WriteOp>(inner) ? mlir::WalkResult::interrupt()
                                                                 : mlir::WalkResult::advance();
    });
    if (streams.wasInterrupted()) {
      return operation->emitOpError("reads or writes streams within a region that can't be proved");
    }
    trace_.Compute(static_cast<double>(OperationCycles(operation)));
    return mlir::success();
  }

  mlir::LogicalResult AddLoop(mlir::scf::ForOp loop) {
    const auto lower = BoundOf(loop.getLowerBound()), upper = BoundOf(loop.getUpperBound()),
               step = BoundOf(loop.getStep());
    if (!lower || !upper || !step || *step < 1) {
      return loop.emitOpError(
          "has a trip count that is neither a constant nor a symbol: its streams can't be proved");
    }
    mlir::LogicalResult added = mlir::success();
    trace_.Loop(std::max<int64_t>((*upper - *lower + *step - 1) / *step, 0),
                [&] { added = AddBlock(*loop.getBody()); });
    return added;
  }

  mlir::LogicalResult AddRead(itensor::ReadOp read) {
    // The header's stream is the first that the process reads; the body does not take it as an argument.
    const auto& reads = trace_.ends().reads;
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(read.getSource());
    if (!argument || argument.getOwner() != block_ || argument.getArgNumber() + 1 >= reads.size()) {
      return read.emitOpError("does not read an argument of its process");
    }
    trace_.Read(reads[argument.getArgNumber() + 1], read.getSource().getType().getElementWords());
    return mlir::success();
  }

  mlir::LogicalResult AddWrite(itensor::WriteOp write) {
    const auto found = destination_.find(write.getResult());
    if (found == destination_.end()) return write.emitOpError("writes what its process does not yield");
    trace_.Write(found->second, write.getDest().getType().getElementWords());
    return mlir::success();
  }

  mlir::Block* block_;
  Trace& trace_;
  llvm::DenseMap<mlir::Value, StreamOp> destination_;
};

}  // namespace

mlir::LogicalResult KernelOp::trace(Trace& trace) {
  trace.ReadHeader();
  mlir::LogicalResult added = mlir::success();
  trace.InSection(getSection(), [&] { added = BodyTrace(*this, &trace).Run(); });
  return added;
}

//===--- text ---------------------------------------------------------------------------------------===//

namespace {

// The body of a kernel: reads and writes of itensors, and what the body emitter knows.
class KernelBody : public hls::BodyEmitter {
 public:
  KernelBody(hls::TextWriter* out, hls::ConstantPool* constants, std::string prefix)
      : hls::BodyEmitter(out, constants, std::move(prefix)) {
    step_copies_.set_depth(1);
    layer_copies_.set_depth(2);
  }

  // Definitions of the numbers of rows that the body uses.
  const std::set<std::string>& extents() const { return extents_; }
  // Copies of what lies in memory: of the rows that the step's tokens look up, and of what a layer needs.
  // Bursts, that are over before the first row arrives.
  const std::string& step_copies() const { return step_copies_.text(); }
  const std::string& layer_copies() const { return layer_copies_.text(); }

  void BindMemory(mlir::BlockArgument argument, const std::string& pointer) {
    Bind(argument, pointer, /*writable=*/false);
    auto type = llvm::cast<mlir::RankedTensorType>(argument.getType());
    const bool read_whole = llvm::all_of(argument.getUsers(), [](mlir::Operation* user) {
      return llvm::isa<mlir::linalg::LinalgOp, mlir::tensor::ExpandShapeOp, mlir::tensor::CollapseShapeOp>(
          user);
    });
    if (read_whole && IsSmall(type)) CopyToChip(argument, View(argument));
  }
  void BindField(mlir::BlockArgument argument, const std::string& column) {
    Bind(argument, column, /*writable=*/false);
    fields_[argument] = column;
  }
  void BindLayer(mlir::BlockArgument argument, const std::string& text) {
    BindScalar(argument, text);
    layer_ = argument;
  }

 protected:
  // What a layer's slice of a weight holds.
  mlir::LogicalResult Hold(mlir::Operation* operation) override {
    auto slice = llvm::cast<mlir::tensor::ExtractSliceOp>(operation);
    auto source = llvm::dyn_cast<mlir::BlockArgument>(slice.getSource());
    const bool by_layer =
        llvm::all_of(slice.getOffsets(), [&](mlir::Value offset) { return offset == layer_; });
    const hls::TensorView view = View(slice.getResult());
    if (source && !fields_.contains(source) && source.getOwner() == layer_.getOwner() && by_layer &&
        view.IsContiguous() && IsSmall(slice.getType())) {
      CopyToChip(slice.getResult(), view);
    }
    return mlir::success();
  }

  // Rows of a table that a field of the token at hand selects.
  std::optional<std::string> HeldElement(mlir::Operation* operation,
                                         llvm::ArrayRef<std::string> indices) override {
    auto lookup = llvm::cast<mlir::tensor::ExtractOp>(operation);
    auto table = llvm::dyn_cast<mlir::BlockArgument>(lookup.getTensor());
    if (!table || table.getOwner() != layer_.getOwner() || fields_.contains(table) || indices.empty()) {
      return std::nullopt;
    }
    const std::optional<FieldElement> element = FieldElementOf(lookup.getIndices()[0]);
    const hls::TensorView& view = View(table);
    const int64_t width = view.strides.front();
    if (!element || width > kMostCopied) return std::nullopt;
    const std::string& column = fields_.find(element->field)->second;
    auto [copy, added] = rows_.try_emplace({table.getArgNumber(), element->field.getArgNumber()}, "");
    if (added) {
      copy->second = NewName();
      const std::string type = *hls::CppType(view.element),
                        size = "st::MAX_STEP_TOKENS * " + std::to_string(width);
      step_copies_.line(type + " " + copy->second + "[" + size + "];");
      if (width % contract::kLanes == 0) Partition(step_copies_, copy->second, width * contract::kLanes);
      step_copies_.open("for (int t = 0; t < header.tokens; ++t)");
      step_copies_.directive("#pragma HLS LOOP_FLATTEN off");
      Burst(step_copies_, copy->second, "t * " + std::to_string(width), view.buffer,
            "static_cast<int64_t>(" + column + "[t]) * " + std::to_string(width), width);
      step_copies_.close();
      AddLocalBytes(contract::kMaxStepTokens * width * 8);
    }
    llvm::SmallVector<std::string> places = {element->token};
    places.append(indices.begin() + 1, indices.end());
    return copy->second + "[" + hls::LinearIndex("0", places, view.strides) + "]";
  }

  mlir::LogicalResult EmitOther(mlir::Operation* operation) override {
    if (auto read = llvm::dyn_cast<itensor::ReadOp>(operation)) return EmitRead(read);
    if (auto write = llvm::dyn_cast<itensor::WriteOp>(operation)) return EmitWrite(write);
    // Bound before the body: the stream that its writes go to.
    if (llvm::isa<itensor::EmptyOp>(operation)) return mlir::success();
    if (auto cast = llvm::dyn_cast<itensor::CastOp>(operation)) {
      BindOpaque(cast.getResult(), Opaque(cast.getSource()));
      return mlir::success();
    }
    if (auto extent = llvm::dyn_cast<dataflow::ExtentOp>(operation)) {
      const std::optional<dataflow::RowSymbol> symbol = dataflow::ParseRowSymbol(extent.getSymbol());
      if (!symbol) return extent.emitOpError("names a symbol that the step header does not carry");
      // A constant of its own: no compiler follows a member of the header through a long body.
      const std::string name = "rows_" + dataflow::RowSymbolName(*symbol).str();
      extents_.insert("const int " + name + " = " + hls::CountText({*symbol, 0}) + ";");
      BindScalar(extent.getResult(), name);
      return mlir::success();
    }
    return hls::BodyEmitter::EmitOther(operation);
  }

 private:
  mlir::LogicalResult EmitRead(itensor::ReadOp read) {
    if (!read.getSource().getType().getElementType().isF32()) {
      return read.emitOpError("reads elements that are not float32");
    }
    const std::string name = NewName();
    if (mlir::failed(Declare(read.getValue(), name))) return mlir::failure();
    out().line("st::read_row(" + Opaque(read.getSource()) + ", " + name + ");");
    return mlir::success();
  }

  mlir::LogicalResult EmitWrite(itensor::WriteOp write) {
    if (!write.getDest().getType().getElementType().isF32()) {
      return write.emitOpError("writes elements that are not float32");
    }
    const std::string stream = Opaque(write.getDest());
    BindOpaque(write.getResult(), stream);
    if (!HasView(write.getValue())) return write.emitOpError("writes a tensor that was never written");
    const hls::TensorView view = View(write.getValue());
    if (view.IsWholeArray()) {
      out().line("st::write_row(" + view.buffer + ", " + stream + ");");
      return mlir::success();
    }
    const std::string copy = NewName();
    const int64_t size = llvm::cast<mlir::RankedTensorType>(write.getValue().getType()).getNumElements();
    out().line("float " + copy + "[" + std::to_string(size) + "];");
    if (mlir::failed(EmitCopy(write.getValue(), copy))) return mlir::failure();
    out().line("st::write_row(" + copy + ", " + stream + ");");
    return mlir::success();
  }

  // Elements that the chip keeps of a weight, or of one row of a table.
  static constexpr int64_t kMostCopied = 1 << 16;

  struct FieldElement {
    mlir::BlockArgument field;
    std::string token;
  };

  static bool IsSmall(mlir::RankedTensorType type) {
    return type.hasStaticShape() && type.getNumElements() > 1 && type.getNumElements() <= kMostCopied;
  }

  // The element of a field that `index` is, cast or not.
  std::optional<FieldElement> FieldElementOf(mlir::Value index) {
    while (auto cast = index.getDefiningOp<mlir::arith::IndexCastOp>()) index = cast.getIn();
    if (auto lookup = index.getDefiningOp<mlir::tensor::ExtractOp>()) {
      auto field = llvm::dyn_cast<mlir::BlockArgument>(lookup.getTensor());
      if (!field || !fields_.contains(field) || lookup.getIndices().size() != 1) return std::nullopt;
      return FieldElement{field, Scalar(lookup.getIndices()[0])};
    }
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(index);
    auto generic =
        argument ? llvm::dyn_cast<mlir::linalg::GenericOp>(argument.getOwner()->getParentOp()) : nullptr;
    if (!generic) return std::nullopt;
    mlir::Value source = generic->getOperand(argument.getArgNumber());
    auto slice = source.getDefiningOp<mlir::tensor::ExtractSliceOp>();
    auto field = slice ? llvm::dyn_cast<mlir::BlockArgument>(slice.getSource()) : nullptr;
    if (!field || !fields_.contains(field) || slice.getType().getNumElements() != 1) return std::nullopt;
    return FieldElement{field, IndexText(slice.getMixedOffsets()[0])};
  }

  void CopyToChip(mlir::Value value, const hls::TensorView& view) {
    const int64_t elements = llvm::cast<mlir::RankedTensorType>(value.getType()).getNumElements();
    const std::string name = NewName();
    layer_copies_.line(*hls::CppType(view.element) + " " + name + "[" + std::to_string(elements) + "];");
    Partition(layer_copies_, name, elements);
    Burst(layer_copies_, name, "0", view.buffer, view.offset, elements);
    AddLocalBytes(8 * elements);
    Rebind(value, name);
  }

  // `count` elements of memory from `from` on, to `to` on of an array: a word of them a cycle where they fill
  // words.
  void Burst(hls::TextWriter& text, const std::string& array, const std::string& to,
             const std::string& memory, const std::string& from, int64_t count) {
    const std::string base = NewName(), at = to == "0" ? "" : to + " + ";
    text.line("const int64_t " + base + " = " + from + ";");
    if (count % contract::kLanes != 0) {
      text.open("for (int i = 0; i < " + std::to_string(count) + "; ++i)");
      text.directive("#pragma HLS PIPELINE II = 1");
      text.line(array + "[" + at + "i] = " + memory + "[" + base + " + i];");
      text.close();
      return;
    }
    text.open("for (int w = 0; w < " + std::to_string(count) + "; w += " + std::to_string(contract::kLanes) +
              ")");
    text.directive("#pragma HLS PIPELINE II = 1");
    text.open("for (int l = 0; l < " + std::to_string(contract::kLanes) + "; ++l)");
    text.directive("#pragma HLS UNROLL");
    text.line(array + "[" + at + "w + l] = " + memory + "[" + base + " + w + l];");
    text.close();
    text.close();
  }

  std::set<std::string> extents_;
  llvm::DenseMap<mlir::Value, std::string> fields_;  // by name of their column
  mlir::BlockArgument layer_;
  std::map<std::pair<unsigned, unsigned>, std::string> rows_;  // copies, by table and field
  hls::TextWriter step_copies_, layer_copies_;
};

// The itensor.empty that a kernel's yielded value started from.
itensor::EmptyOp FindEmpty(mlir::Value value) {
  while (mlir::Operation* definition = value.getDefiningOp()) {
    if (auto empty = llvm::dyn_cast<itensor::EmptyOp>(definition)) return empty;
    if (auto write = llvm::dyn_cast<itensor::WriteOp>(definition)) {
      value = write.getDest();
    } else if (auto cast = llvm::dyn_cast<itensor::CastOp>(definition)) {
      value = cast.getSource();
    } else if (auto loop = llvm::dyn_cast<mlir::scf::ForOp>(definition)) {
      value = loop.getInitArgs()[llvm::cast<mlir::OpResult>(value).getResultNumber()];
    } else {
      break;
    }
  }
  return nullptr;
}

}  // namespace

mlir::LogicalResult KernelOp::emit(hls::ProcessWriter& writer) {
  mlir::Block& block = getBody().front();
  hls::TextWriter lines;
  KernelBody body(&lines, &writer.constants(), "v");
  unsigned argument = 0;
  if (const auto binding = dataflow::BindingOf(*this)) body.set_unroll(binding->unroll);

  writer.AddHeader();
  for (StreamOp stream : llvm::drop_begin(writer.ends().reads)) {
    body.BindOpaque(block.getArgument(argument++), writer.AddStream(stream));
  }
  for (auto [stream, yielded] : llvm::zip_equal(writer.ends().writes, block.getTerminator()->getOperands())) {
    const std::string name = writer.AddStream(stream);
    itensor::EmptyOp empty = FindEmpty(yielded);
    if (!empty) return emitOpError("yields an itensor that is not written from itensor.empty on");
    if (body.HasOpaque(empty.getResult())) {
      return empty.emitOpError("is the start of two itensors; each needs its own");
    }
    body.BindOpaque(empty.getResult(), name);
  }
  const unsigned first_memory = argument;
  std::vector<std::string> pointers;
  for (dataflow::MemoryOp memory : writer.ends().memories) {
    pointers.push_back(writer.AddMemory(memory));
  }
  argument += static_cast<unsigned>(pointers.size());
  std::vector<std::string> columns;
  for (auto field : getFields().getAsRange<mlir::StringAttr>()) {
    columns.push_back(*FieldText(field.getValue()));
    body.BindField(block.getArgument(argument++), "column_" + columns.back());
  }
  const bool repeats = getSection() == dataflow::Section::layer;
  body.BindLayer(block.getArgument(argument), repeats ? "static_cast<int64_t>(layer)" : "INT64_C(0)");
  for (auto [index, pointer] : llvm::enumerate(pointers)) {
    body.BindMemory(block.getArgument(first_memory + index), pointer);
  }

  lines.set_depth(2);
  if (mlir::failed(body.EmitBlock(block))) return mlir::failure();
  writer.set_local_bytes(body.local_bytes());

  writer.OpenWithHeader();
  hls::TextWriter& out = writer.out();
  for (const std::string& extent : body.extents()) out.line(extent);
  for (const std::string& column : columns) {
    out.line("int32_t column_" + column + "[st::MAX_STEP_TOKENS];");
    out.open("for (int t = 0; t < header.tokens; ++t)");
    out.line("column_" + column + "[t] = static_cast<int32_t>(header.token[t]." + column + ");");
    out.close();
  }
  out.append(body.step_copies());
  writer.OpenSection(getSection());
  out.append(body.layer_copies());
  out.append(lines.text());
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
