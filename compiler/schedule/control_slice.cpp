// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/control_slice.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "compiler/schedule/constant_bytes.h"
#include "compiler/schedule/front_end.h"
#include "compiler/schedule/preparation.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/Support/Path.h"

namespace streamtensor::schedule {
namespace {

using llvm::BasicBlock;
using llvm::Instruction;
using llvm::Value;

constexpr unsigned kWordBits = 64;

bool IsFifo(const Node& node) { return node.kind == NodeKind::kPop || node.kind == NodeKind::kPush; }

// Bits of an integer or address; 0: neither.
unsigned BitsOf(const llvm::Type* type) {
  if (type->isPointerTy()) return kWordBits;
  return type->isIntegerTy() ? type->getIntegerBitWidth() : 0;
}

std::vector<const Value*> ObjectsOf(const Value* pointer) {
  llvm::SmallVector<const Value*> objects;
  llvm::getUnderlyingObjects(pointer, objects, nullptr, 0);
  return {objects.begin(), objects.end()};
}

// The instructions that decide on control, by Ferrante's control dependences.
class Slice {
 public:
  Slice(const ProcessContext& context, const std::set<const Instruction*>& events) : context_(context) {
    FindControl();
    for (const llvm::Loop* loop : context.loops.getLoopsInPreorder()) {
      AddBlock(loop->getHeader());
      llvm::SmallVector<BasicBlock*> exiting;
      loop->getExitingBlocks(exiting);
      for (const BasicBlock* block : exiting) AddTerminator(block);
    }
    for (const Instruction* event : events) AddBlock(event->getParent());
  }

  void Add(const Value* value) {
    const auto* instruction = llvm::dyn_cast<Instruction>(value);
    if (!instruction || !IsEvaluated(*instruction) || !instructions_.insert(instruction).second) return;
    if (const auto* phi = llvm::dyn_cast<llvm::PHINode>(instruction)) {
      for (const BasicBlock* before : phi->blocks()) AddBlock(before);
      if (phi->getNumIncomingValues() > 1) {
        for (const BasicBlock* before : phi->blocks()) AddTerminator(before);
      }
    }
    for (const Value* operand : instruction->operands()) {
      if (!llvm::isa<llvm::CallInst>(instruction) || llvm::isa<llvm::IntrinsicInst>(instruction))
        Add(operand);
    }
    if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(instruction)) {
      for (const Value* object : ObjectsOf(load->getPointerOperand())) AddObject(object);
    }
  }

  bool Has(const Instruction* instruction) const { return instructions_.count(instruction) != 0; }
  bool HasTerminator(const BasicBlock* block) const { return terminators_.count(block) != 0; }

  static bool IsEvaluated(const Instruction& instruction) {
    if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      return BitsOf(store->getValueOperand()->getType()) != 0;
    }
    if (llvm::isa<llvm::MemSetInst, llvm::MemCpyInst>(instruction)) return true;
    if (BitsOf(instruction.getType()) == 0) return false;
    if (const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction)) {
      switch (call->getIntrinsicID()) {
        case llvm::Intrinsic::umin:
        case llvm::Intrinsic::umax:
        case llvm::Intrinsic::smin:
        case llvm::Intrinsic::smax:
          return true;
        default:
          return call->getCalledFunction() && call->getCalledFunction()->getName().starts_with(kFifoPop);
      }
    }
    return llvm::isa<llvm::BinaryOperator, llvm::ICmpInst, llvm::SelectInst, llvm::TruncInst, llvm::ZExtInst,
                     llvm::SExtInst, llvm::FreezeInst, llvm::PtrToIntInst, llvm::IntToPtrInst, llvm::PHINode,
                     llvm::GetElementPtrInst, llvm::LoadInst>(instruction);
  }

 private:
  void FindControl() {
    const llvm::PostDominatorTree& tree = context_.post_dominators;
    for (const BasicBlock& block : context_.function) {
      if (block.getTerminator()->getNumSuccessors() < 2) continue;
      const auto* node = tree.getNode(&block);
      const auto* end = node ? node->getIDom() : nullptr;
      for (const BasicBlock* next : llvm::successors(&block)) {
        for (const auto* at = tree.getNode(next); at && at != end && at->getBlock(); at = at->getIDom()) {
          control_[at->getBlock()].insert(&block);
        }
      }
    }
  }

  void AddBlock(const BasicBlock* block) {
    if (!blocks_.insert(block).second) return;
    for (const BasicBlock* deciding : control_[block]) AddTerminator(deciding);
  }

  void AddTerminator(const BasicBlock* block) {
    if (block->getTerminator()->getNumSuccessors() < 2 || !terminators_.insert(block).second) return;
    AddBlock(block);
    if (const auto* branch = llvm::dyn_cast<llvm::BranchInst>(block->getTerminator())) {
      Add(branch->getCondition());
    } else if (const auto* choice = llvm::dyn_cast<llvm::SwitchInst>(block->getTerminator())) {
      Add(choice->getCondition());
    }
  }

  // What is stored into an array decides too.
  void AddObject(const Value* object) {
    if (!llvm::isa<llvm::AllocaInst>(object) || !objects_.insert(object).second) return;
    for (const Instruction& instruction : llvm::instructions(context_.function)) {
      const Value* to = llvm::getPointerOperand(&instruction);
      if (const auto* set = llvm::dyn_cast<llvm::MemIntrinsic>(&instruction)) to = set->getRawDest();
      if (!to || llvm::isa<llvm::LoadInst>(instruction) || llvm::isa<llvm::GetElementPtrInst>(instruction))
        continue;
      if (!llvm::is_contained(ObjectsOf(to), object)) continue;
      instructions_.insert(&instruction);
      AddBlock(instruction.getParent());
      for (const Value* operand : instruction.operands()) Add(operand);
      if (const auto* copy = llvm::dyn_cast<llvm::MemTransferInst>(&instruction)) {
        for (const Value* from : ObjectsOf(copy->getRawSource())) AddObject(from);
      }
    }
  }

  const ProcessContext& context_;
  std::map<const BasicBlock*, std::set<const BasicBlock*>> control_;
  std::set<const Instruction*> instructions_;
  std::set<const BasicBlock*> blocks_, terminators_;
  std::set<const Value*> objects_;
};

// The file that a loop is written in, without its folder.
std::string FileOf(const llvm::Loop* loop) {
  const llvm::DebugLoc start = loop ? loop->getStartLoc() : llvm::DebugLoc();
  if (!start) return "";
  return llvm::sys::path::filename(llvm::cast<llvm::DIScope>(start.getScope())->getFilename()).str();
}

class CodeWriter {
 public:
  CodeWriter(const ProcessContext& context, const std::vector<ScheduledRegion>& regions,
             const std::vector<bool>& pushed_values)
      : context_(context),
        layout_(context.function.getParent()->getDataLayout()),
        regions_(regions),
        pushed_values_(pushed_values) {
    code_.parameters = static_cast<int32_t>(context.function.arg_size());
    code_.reads_values.resize(context.function.arg_size());
  }

  absl::StatusOr<ProcessCode> Write() {
    DescribeRegions();
    std::set<const Instruction*> events;
    for (const auto& [instruction, place] : nodes_) {
      const Node& node = NodeOf(place);
      if (IsFifo(node) || node.kind == NodeKind::kLock || node.axi) events.insert(instruction);
    }
    Slice slice(context_, events);
    slice_ = &slice;
    for (const Instruction* event : events) AddOperandsOf(*event);
    std::vector<const BasicBlock*> blocks;
    for (const BasicBlock& block : context_.function) {
      block_index_[&block] = static_cast<int32_t>(blocks.size());
      blocks.push_back(&block);
    }
    for (const BasicBlock* block : blocks) WriteBlock(*block);
    if (!status_.ok()) return status_;
    code_.registers = static_cast<int32_t>(next_register_);
    return std::move(code_);
  }

 private:
  struct Place {
    size_t region = 0, node = 0;
  };

  const Node& NodeOf(const Place& place) const { return regions_[place.region].graph.nodes[place.node]; }

  void DescribeRegions() {
    order_.resize(regions_.size());
    int32_t next = 1;
    for (size_t r = 0; r < regions_.size(); ++r) {
      const ScheduledRegion& scheduled = regions_[r];
      const bool whole = scheduled.region.nest.empty() && !scheduled.loop;
      order_[r] = whole ? 0 : next++;
      for (size_t n = 0; n < scheduled.graph.nodes.size(); ++n) {
        nodes_[scheduled.graph.nodes[n].instruction] = {r, n};
      }
      for (const NestLoop& level : scheduled.region.nest) loop_region_[level.loop] = order_[r];
      if (scheduled.loop) loop_region_[scheduled.loop] = order_[r];
      if (const llvm::Loop* outer = scheduled.region.outer()) outermost_[order_[r]] = outer;
      if (scheduled.loop) outermost_[order_[r]] = scheduled.loop;
    }
    code_.regions.resize(static_cast<size_t>(next));
    for (size_t r = 0; r < regions_.size(); ++r) {
      const ScheduledRegion& scheduled = regions_[r];
      CodeRegion& region = code_.regions[static_cast<size_t>(order_[r])];
      region.innermost = !scheduled.region.nest.empty();
      region.pipelined = scheduled.region.pipelined;
      region.line = scheduled.region.line;
      if (scheduled.loop) region.line = LoopDirective(*scheduled.loop, kLoopLine).value_or(0);
      region.file = FileOf(scheduled.loop ? scheduled.loop : scheduled.region.inner());
      region.depth = scheduled.schedule.depth;
      region.bound = scheduled.schedule.bound;
      region.area = scheduled.area;
    }
  }

  void AddOperandsOf(const Instruction& event) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&event);
    if (!call) return;
    slice_->Add(call->getArgOperand(0));
    if (NodeOf(nodes_.at(&event)).kind == NodeKind::kPush && IsValued(ParametersOf(*call))) {
      slice_->Add(call->getArgOperand(1));
    }
  }

  // The parameters that an access of a FIFO may mean: one, or those of a choice. None: something else is
  // among them.
  static std::vector<size_t> ParametersOf(const llvm::CallInst& call) {
    std::vector<size_t> parameters;
    for (const Value* object : ObjectsOf(call.getArgOperand(0))) {
      const auto* argument = llvm::dyn_cast<llvm::Argument>(object);
      if (!argument) return {};
      parameters.push_back(argument->getArgNo());
    }
    return parameters;
  }

  // Whether somebody reads values that are pushed to one of them.
  bool IsValued(const std::vector<size_t>& parameters) const {
    return std::any_of(parameters.begin(), parameters.end(), [this](size_t number) {
      return number < pushed_values_.size() && pushed_values_[number];
    });
  }

  //===--- operands -------------------------------------------------------------------------------===//

  int32_t NewRegister() { return next_register_++; }

  int32_t Constant(uint64_t value) {
    const auto [found, added] = constants_.try_emplace(value, next_register_);
    if (added) code_.constants.push_back({NewRegister(), value});
    return found->second;
  }

  int32_t ObjectOf(const Value* object) {
    if (const auto* argument = llvm::dyn_cast<llvm::Argument>(object)) {
      return static_cast<int32_t>(argument->getArgNo());
    }
    const auto [found, added] =
        objects_.try_emplace(object, code_.parameters + static_cast<int32_t>(code_.arrays.size()));
    if (!added) return found->second;
    ControlArray& array = code_.arrays.emplace_back();
    if (const auto* local = llvm::dyn_cast<llvm::AllocaInst>(object)) {
      array.bytes = static_cast<int64_t>(layout_.getTypeAllocSize(local->getAllocatedType()).getFixedValue());
    } else if (const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(object)) {
      array.bytes = static_cast<int64_t>(layout_.getTypeAllocSize(global->getValueType()).getFixedValue());
      if (global->isConstant() && global->hasInitializer()) {
        array.constant.resize(static_cast<size_t>(array.bytes));
        if (!Flatten(*global->getInitializer(), layout_, 0, array.constant)) array.constant.clear();
      }
    }
    return found->second;
  }

  int32_t Register(const Value* value) {
    const auto found = registers_.find(value);
    if (found != registers_.end()) return found->second;
    if (const auto* number = llvm::dyn_cast<llvm::ConstantInt>(value)) {
      if (number->getBitWidth() <= kWordBits) return Constant(number->getZExtValue());
      const int32_t wide = registers_[value] = NewRegister();
      const llvm::APInt& bits = number->getValue();
      code_.wide_constants.push_back({wide, {bits.getRawData(), bits.getRawData() + bits.getNumWords()}});
      return wide;
    }
    if (llvm::isa<llvm::ConstantPointerNull>(value)) return Constant(0);
    if (value->getType()->isPointerTy()) {
      llvm::APInt offset(kWordBits, 0);
      const Value* base = value->stripAndAccumulateConstantOffsets(layout_, offset, true);
      if (llvm::isa<llvm::Argument, llvm::AllocaInst, llvm::GlobalVariable>(base)) {
        return Constant((static_cast<uint64_t>(ObjectOf(base) + 1) << kObjectShift) + offset.getZExtValue());
      }
    }
    return registers_[value] = NewRegister();
  }

  //===--- steps ----------------------------------------------------------------------------------===//

  ControlStep& Emit(ControlOp op, unsigned width, int32_t dest = -1, int32_t a = -1, int32_t b = -1,
                    int32_t c = -1) {
    ControlStep& step = code_.steps.emplace_back();
    step.op = op;
    step.width = static_cast<uint16_t>(width);
    step.wide = width > kWordBits;
    step.dest = dest;
    step.a = a;
    step.b = b;
    step.c = c;
    return step;
  }

  static std::optional<ControlOp> BinaryOp(unsigned opcode) {
    static constexpr std::pair<unsigned, ControlOp> kOperations[] = {
        {Instruction::Add, ControlOp::kAdd},   {Instruction::Sub, ControlOp::kSub},
        {Instruction::Mul, ControlOp::kMul},   {Instruction::UDiv, ControlOp::kUDiv},
        {Instruction::SDiv, ControlOp::kSDiv}, {Instruction::URem, ControlOp::kURem},
        {Instruction::SRem, ControlOp::kSRem}, {Instruction::And, ControlOp::kAnd},
        {Instruction::Or, ControlOp::kOr},     {Instruction::Xor, ControlOp::kXor},
        {Instruction::Shl, ControlOp::kShl},   {Instruction::LShr, ControlOp::kLShr},
        {Instruction::AShr, ControlOp::kAShr}};
    for (const auto& [of, operation] : kOperations) {
      if (of == opcode) return operation;
    }
    return std::nullopt;
  }

  // With the operands in an order for which there is an operation.
  void EmitComparison(const llvm::ICmpInst& compare) {
    int32_t a = Register(compare.getOperand(0)), b = Register(compare.getOperand(1));
    ControlOp op = ControlOp::kEqual;
    switch (compare.getPredicate()) {
      case llvm::CmpInst::ICMP_NE:
        op = ControlOp::kNotEqual;
        break;
      case llvm::CmpInst::ICMP_UGT:
        std::swap(a, b);
        [[fallthrough]];
      case llvm::CmpInst::ICMP_ULT:
        op = ControlOp::kULess;
        break;
      case llvm::CmpInst::ICMP_UGE:
        std::swap(a, b);
        [[fallthrough]];
      case llvm::CmpInst::ICMP_ULE:
        op = ControlOp::kULessEqual;
        break;
      case llvm::CmpInst::ICMP_SGT:
        std::swap(a, b);
        [[fallthrough]];
      case llvm::CmpInst::ICMP_SLT:
        op = ControlOp::kSLess;
        break;
      case llvm::CmpInst::ICMP_SGE:
        std::swap(a, b);
        [[fallthrough]];
      case llvm::CmpInst::ICMP_SLE:
        op = ControlOp::kSLessEqual;
        break;
      default:
        break;
    }
    Emit(op, BitsOf(compare.getOperand(0)->getType()), Register(&compare), a, b);
  }

  void EmitAddress(const llvm::GetElementPtrInst& address) {
    llvm::MapVector<Value*, llvm::APInt> variable;
    llvm::APInt constant(kWordBits, 0);
    const int32_t dest = Register(&address);
    if (!llvm::cast<llvm::GEPOperator>(address).collectOffset(layout_, kWordBits, variable, constant)) return;
    Emit(ControlOp::kAdd, kWordBits, dest, Register(address.getPointerOperand()),
         Constant(constant.getZExtValue()));
    for (const auto& [index, factor] : variable) {
      Emit(ControlOp::kScale, BitsOf(index->getType()), dest, dest, Register(index)).number =
          factor.getSExtValue();
    }
  }

  void EmitValue(const Instruction& instruction) {
    const unsigned bits = BitsOf(instruction.getType());
    const auto operand = [&](unsigned i) { return Register(instruction.getOperand(i)); };
    if (const std::optional<ControlOp> op = BinaryOp(instruction.getOpcode())) {
      Emit(*op, bits, Register(&instruction), operand(0), operand(1));
      return;
    }
    if (const auto* compare = llvm::dyn_cast<llvm::ICmpInst>(&instruction)) return EmitComparison(*compare);
    if (const auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction))
      return EmitAddress(*address);
    if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      const unsigned stored = BitsOf(store->getValueOperand()->getType());
      // Of another type: unknown.
      const int32_t value = stored == 0 ? NewRegister() : Register(store->getValueOperand());
      const unsigned width =
          stored != 0
              ? stored
              : static_cast<unsigned>(
                    layout_.getTypeStoreSizeInBits(store->getValueOperand()->getType()).getFixedValue());
      Emit(ControlOp::kStore, width, -1, Register(store->getPointerOperand()), value);
      return;
    }
    if (const auto* set = llvm::dyn_cast<llvm::MemSetInst>(&instruction)) {
      const auto* length = llvm::dyn_cast<llvm::ConstantInt>(set->getLength());
      if (length) {
        Emit(ControlOp::kClear, kWordBits, -1, Register(set->getRawDest()), Register(set->getValue()))
            .number = length->getSExtValue();
      }
      return;
    }
    if (const auto* copy = llvm::dyn_cast<llvm::MemTransferInst>(&instruction)) {
      const auto* length = llvm::dyn_cast<llvm::ConstantInt>(copy->getLength());
      if (length) {
        Emit(ControlOp::kMove, kWordBits, -1, Register(copy->getRawDest()), Register(copy->getRawSource()))
            .number = length->getSExtValue();
      }
      return;
    }
    switch (instruction.getOpcode()) {
      case Instruction::Load:
        Emit(ControlOp::kLoad, bits, Register(&instruction), operand(0));
        return;
      case Instruction::Select:
        Emit(ControlOp::kSelect, bits, Register(&instruction), operand(0), operand(1), operand(2));
        return;
      case Instruction::Trunc:
      case Instruction::ZExt:
      case Instruction::SExt: {
        const unsigned from = BitsOf(instruction.getOperand(0)->getType());
        const ControlOp op = instruction.getOpcode() == Instruction::Trunc  ? ControlOp::kTrunc
                             : instruction.getOpcode() == Instruction::ZExt ? ControlOp::kZExt
                                                                            : ControlOp::kSExt;
        ControlStep& step = Emit(op, bits, Register(&instruction), operand(0));
        step.number = from;
        step.wide |= from > kWordBits;
        return;
      }
      case Instruction::Freeze:
      case Instruction::PtrToInt:
      case Instruction::IntToPtr:
        Emit(ControlOp::kCopy, bits, Register(&instruction), operand(0));
        return;
      case Instruction::Call:
        break;
      default:
        return;
    }
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    const auto op = call->getIntrinsicID() == llvm::Intrinsic::umin   ? ControlOp::kUMin
                    : call->getIntrinsicID() == llvm::Intrinsic::umax ? ControlOp::kUMax
                    : call->getIntrinsicID() == llvm::Intrinsic::smin ? ControlOp::kSMin
                                                                      : ControlOp::kSMax;
    Emit(op, bits, Register(&instruction), operand(0), operand(1));
  }

  //===--- accesses -------------------------------------------------------------------------------===//

  void EmitEvent(const Instruction& instruction, const Place& place) {
    const Node& node = NodeOf(place);
    const RegionSchedule& schedule = regions_[place.region].schedule;
    const int64_t state = schedule.start[place.node];
    if (node.axi) return EmitMemory(place);
    const auto& call = llvm::cast<llvm::CallInst>(instruction);
    const int32_t fifo = Register(call.getArgOperand(0));
    const std::vector<size_t> parameters = ParametersOf(call);
    if (parameters.empty()) {
      status_ = absl::UnimplementedError(
          absl::StrCat(PlainName(context_.function), ": an access of a FIFO that is no parameter's"));
      return;
    }
    switch (node.kind) {
      case NodeKind::kPop: {
        const bool used = slice_->Has(&instruction);
        for (const size_t number : parameters)
          code_.reads_values[number] = code_.reads_values[number] || used;
        Emit(ControlOp::kPop, used ? BitsOf(call.getType()) : 1, used ? Register(&instruction) : -1, fifo)
            .number = state;
        return;
      }
      case NodeKind::kPush: {
        const bool valued = IsValued(parameters);
        Emit(ControlOp::kPush, valued ? BitsOf(call.getArgOperand(1)->getType()) : 1, -1, fifo,
             valued ? Register(call.getArgOperand(1)) : -1)
            .number = state;
        return;
      }
      default:
        break;
    }
    const llvm::StringRef name = call.getCalledFunction()->getName();
    const ControlOp op = name == kBlockRead    ? ControlOp::kTakeBlock
                         : name == kBlockWrite ? ControlOp::kOpenBlock
                                               : ControlOp::kDoneBlock;
    Emit(op, 1, -1, fifo).number = state;
  }

  // The accesses of a block to a port, at the first of them.
  void EmitMemory(const Place& place) {
    const ScheduledRegion& scheduled = regions_[place.region];
    const Node& first = NodeOf(place);
    const BasicBlock* block = first.instruction->getParent();
    const bool write = first.kind == NodeKind::kStore;
    MemoryAccess access;
    access.parameter = ObjectOf(first.object);
    access.write = write;
    access.state = scheduled.schedule.start[place.node];
    for (size_t n = 0; n < scheduled.graph.nodes.size(); ++n) {
      const Node& node = scheduled.graph.nodes[n];
      if (!node.axi || node.object != first.object || node.instruction->getParent() != block ||
          (node.kind == NodeKind::kStore) != write) {
        continue;
      }
      if (n < place.node) return;
      if (node.same_as >= 0) continue;
      access.bytes += node.bytes;
      access.state = std::min(access.state, scheduled.schedule.start[n]);
      access.states = std::max(access.states, scheduled.schedule.finish[n] - scheduled.schedule.start[n]);
    }
    for (const AxiAccess& port : scheduled.schedule.axi) {
      if (port.port == ObjectName(first.object) && port.write == write) access.burst = port.burst;
    }
    if (access.bytes == 0) return;
    const ObjectDirectives& given = context_.directives.Find(context_.function, first.object);
    const InterconnectRules& rules = context_.costs.interconnect;
    access.outstanding = given.outstanding > 0 ? given.outstanding : rules.outstanding;
    // Vitis widens the beats of a burst to the bus.
    access.burst_bytes =
        context_.costs.tool.axi_bits / 8 * (given.burst_beats > 0 ? given.burst_beats : rules.burst_beats);
    Emit(ControlOp::kMemory, 1).number = static_cast<int64_t>(code_.memory.size());
    code_.memory.push_back(access);
  }

  //===--- blocks ---------------------------------------------------------------------------------===//

  int32_t Edge(const BasicBlock& from, const BasicBlock& to, bool with_values) {
    ControlEdge edge;
    edge.block = block_index_.at(&to);
    if (with_values) {
      for (const llvm::PHINode& phi : to.phis()) {
        if (slice_->Has(&phi))
          edge.copies.push_back({Register(&phi), Register(phi.getIncomingValueForBlock(&from))});
      }
    }
    for (const llvm::Loop* loop = context_.loops.getLoopFor(&from); loop && !loop->contains(&to);
         loop = loop->getParentLoop()) {
      const int32_t region = loop_region_.at(loop);
      if (outermost_.at(region) == loop) edge.moves.push_back({RegionMove::Kind::kLeave, region});
    }
    std::vector<RegionMove> entered;
    for (const llvm::Loop* loop = context_.loops.getLoopFor(&to); loop; loop = loop->getParentLoop()) {
      const int32_t region = loop_region_.at(loop);
      if (loop->contains(&from)) {
        if (loop->getHeader() == &to) entered.push_back({RegionMove::Kind::kAgain, region});
        break;
      }
      if (outermost_.at(region) == loop) entered.push_back({RegionMove::Kind::kEnter, region});
    }
    edge.moves.insert(edge.moves.end(), entered.rbegin(), entered.rend());
    code_.edges.push_back(std::move(edge));
    return static_cast<int32_t>(code_.edges.size()) - 1;
  }

  void WriteBlock(const BasicBlock& block) {
    code_.blocks.push_back(static_cast<int32_t>(code_.steps.size()));
    int64_t reached = 0;
    bool straight = false;
    for (const Instruction& instruction : block) {
      const auto place = nodes_.find(&instruction);
      if (place != nodes_.end()) {
        const Node& node = NodeOf(place->second);
        const ScheduledRegion& scheduled = regions_[place->second.region];
        straight |= scheduled.region.nest.empty();
        if (!instruction.isTerminator())
          reached = std::max(reached, scheduled.schedule.finish[place->second.node]);
        if (IsFifo(node) || node.kind == NodeKind::kLock || node.axi) EmitEvent(instruction, place->second);
        if (IsFifo(node) || node.kind == NodeKind::kLock) continue;
      }
      if (llvm::isa<llvm::PHINode>(instruction) || instruction.isTerminator()) continue;
      if (slice_->Has(&instruction)) EmitValue(instruction);
    }
    if (straight && reached > 0) Emit(ControlOp::kAdvance, 1).number = reached;
    WriteTerminator(block);
  }

  void WriteTerminator(const BasicBlock& block) {
    const Instruction* end = block.getTerminator();
    if (end->getNumSuccessors() == 0) {
      Emit(ControlOp::kReturn, 1);
      return;
    }
    if (end->getNumSuccessors() == 1) {
      Emit(ControlOp::kJump, 1, -1, -1, Edge(block, *end->getSuccessor(0), true));
      return;
    }
    const auto* node = context_.post_dominators.getNode(&block);
    const BasicBlock* join = node && node->getIDom() ? node->getIDom()->getBlock() : nullptr;
    if (!slice_->HasTerminator(&block) && join) {
      Emit(ControlOp::kJump, 1, -1, -1, Edge(block, *join, false));
      return;
    }
    const llvm::Loop* loop = context_.loops.getLoopFor(&block);
    if (const auto* branch = llvm::dyn_cast<llvm::BranchInst>(end)) {
      const int32_t yes = Edge(block, *branch->getSuccessor(0), true),
                    no = Edge(block, *branch->getSuccessor(1), true);
      const bool leaves =
          loop && loop->contains(branch->getSuccessor(0)) && !loop->contains(branch->getSuccessor(1));
      Emit(ControlOp::kBranch, 1, -1, Register(branch->getCondition()), yes, no).number = leaves ? no : yes;
      return;
    }
    const auto* choice = llvm::dyn_cast<llvm::SwitchInst>(end);
    if (!choice) {
      Emit(ControlOp::kJump, 1, -1, -1, Edge(block, *end->getSuccessor(0), true));
      return;
    }
    ControlSwitch table;
    for (const auto& choice_case : choice->cases()) {
      table.cases.push_back(
          {choice_case.getCaseValue()->getZExtValue(), Edge(block, *choice_case.getCaseSuccessor(), true)});
    }
    table.otherwise = Edge(block, *choice->getDefaultDest(), true);
    Emit(ControlOp::kSwitch, 1, -1, Register(choice->getCondition())).number =
        static_cast<int64_t>(code_.switches.size());
    code_.switches.push_back(std::move(table));
  }

  const ProcessContext& context_;
  const llvm::DataLayout& layout_;
  const std::vector<ScheduledRegion>& regions_;
  const std::vector<bool>& pushed_values_;
  Slice* slice_ = nullptr;
  ProcessCode code_;
  absl::Status status_;
  std::vector<int32_t> order_;  // of regions in the code
  std::map<const Instruction*, Place> nodes_;
  std::map<const llvm::Loop*, int32_t> loop_region_;
  std::map<int32_t, const llvm::Loop*> outermost_;
  std::map<const BasicBlock*, int32_t> block_index_;
  std::map<const Value*, int32_t> registers_;
  std::map<const Value*, int32_t> objects_;
  std::map<uint64_t, int32_t> constants_;
  int32_t next_register_ = 0;
};

}  // namespace

absl::StatusOr<ProcessCode> ControlCodeOf(const ProcessContext& context,
                                          const std::vector<ScheduledRegion>& regions,
                                          const std::vector<bool>& pushed_values) {
  return CodeWriter(context, regions, pushed_values).Write();
}

}  // namespace streamtensor::schedule
