// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/network_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "tests/hls_lint/block_rules.h"
#include "tests/hls_lint/names.h"
#include "tests/hls_lint/pragma.h"

namespace hls_lint {
namespace {

// Feedback through the engine's results and through the residual.
constexpr size_t kMaxBackwardChannels = 2;

// One FIFO: a variable of the top function, or an element of one that is an array.
using Fifo = std::pair<const llvm::AllocaInst*, uint64_t>;

struct Access {
  StreamAccess access;
  std::vector<Fifo> fifos;  // several where the element of an array is chosen at run time
  bool block;
  const llvm::Instruction* at;
};

struct Process {
  std::string name;
  llvm::CallInst* call;
  llvm::Function* function;
  std::vector<Access> accesses;
};

bool IsStreamType(const llvm::Type* type) {
  const auto* structure = llvm::dyn_cast<llvm::StructType>(type);
  return structure && structure->hasName() && structure->getName().starts_with("class.hls::stream");
}

bool HoldsPointer(const llvm::Type* type) {
  if (type->isPointerTy()) return true;
  for (const llvm::Type* part : type->subtypes()) {
    if (HoldsPointer(part)) return true;
  }
  return false;
}

class Network {
 public:
  Network(llvm::Function& top, size_t memory_ports, Findings& findings)
      : top_(top),
        layout_(top.getParent()->getDataLayout()),
        memory_ports_(memory_ports),
        findings_(findings) {}

  void Check() {
    FindFifos();
    FindProcesses();
    CheckPointers();
    CheckInterfaces();
    for (Process& process : processes_) FindAccesses(process);
    CheckEnds();
    CheckCallOrder();
    FindCycles();
    for (const Process& process : processes_) {
      CheckLoops(process);
      CheckBlocks(*process.function, findings_);
    }
  }

 private:
  void FindFifos() {
    for (const llvm::Instruction& instruction : llvm::instructions(top_)) {
      const auto* alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
      if (!alloca) continue;
      const llvm::Type* type = alloca->getAllocatedType();
      uint64_t count = 1;
      if (const auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
        count = array->getNumElements();
        type = array->getElementType();
      }
      if (!IsStreamType(type)) continue;
      const std::string name = alloca->getName().str();
      if (HoldsPointer(type)) findings_.Add("pointer-element", name, "its elements hold a pointer");
      // A depth is the length of the member behind the element. Blocks have the depth 2 without one.
      const auto* structure = llvm::cast<llvm::StructType>(type);
      const bool blocks = structure->getName().starts_with("class.hls::stream_of_blocks");
      if (!blocks && structure->getNumElements() < 2) {
        findings_.Add("depth", name, "is declared without a depth");
      }
      for (uint64_t i = 0; i < count; ++i) fifos_.push_back({alloca, i});
    }
  }

  std::string NameOfFifo(const Fifo& fifo) const {
    const std::string name = fifo.first->getName().str();
    return fifo.first->getAllocatedType()->isArrayTy() ? name + "[" + std::to_string(fifo.second) + "]"
                                                       : name;
  }

  void FindProcesses() {
    for (llvm::Instruction& instruction : llvm::instructions(top_)) {
      auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      llvm::Function* function = call ? call->getCalledFunction() : nullptr;
      if (!function || function->isDeclaration()) continue;
      const std::string name = NameOf(*function).method;
      processes_.push_back({name, call, function, {}});
      for (const llvm::Value* argument : call->args()) {
        const llvm::Value* object = llvm::getUnderlyingObject(argument, 0);
        const auto* alloca = llvm::dyn_cast<llvm::AllocaInst>(object);
        const bool is_fifo = alloca && std::any_of(fifos_.begin(), fifos_.end(),
                                                   [&](const Fifo& fifo) { return fifo.first == alloca; });
        if (is_fifo || (llvm::isa<llvm::Argument>(object) && object->getType()->isPointerTy())) continue;
        findings_.Add("scalar-argument", PlaceOf(*call),
                      name + " takes an argument that is neither a FIFO nor a pointer of the top function");
      }
    }
  }

  void CheckPointers() {
    for (const llvm::Argument& argument : top_.args()) {
      const std::string name = argument.getName().str();
      if (!argument.getType()->isPointerTy()) {
        findings_.Add("scalar-argument", name, "an argument of the top function that is no pointer");
        continue;
      }
      std::set<std::string> owners;
      unsigned uses = 0;
      for (const Process& process : processes_) {
        for (const llvm::Value* given : process.call->args()) {
          if (llvm::getUnderlyingObject(given, 0) != &argument) continue;
          owners.insert(process.name);
          ++uses;
        }
      }
      if (uses == 1) continue;
      std::string text;
      for (const std::string& owner : owners) text += (text.empty() ? "" : ", ") + owner;
      findings_.Add(
          "shared-pointer", name,
          uses == 0 ? "belongs to no process" : "is given " + std::to_string(uses) + " times: " + text);
    }
  }

  void CheckInterfaces() {
    std::map<std::string, std::map<std::string, std::string>> ports;  // port -> options
    std::map<std::string, std::vector<std::string>> bundles;
    for (const llvm::Instruction& instruction : llvm::instructions(top_)) {
      const std::optional<Pragma> pragma = PragmaOf(instruction);
      if (!pragma) continue;
      const auto& options = pragma->options;
      if (pragma->name == "STREAM")
        findings_.Add("depth", PlaceOf(instruction), "#pragma HLS " + pragma->text);
      const auto mode = options.find("mode");
      if (pragma->name != "INTERFACE" || mode == options.end() || mode->second != "m_axi") continue;
      if (!options.count("port")) continue;
      ports[options.at("port")] = options;
      const auto bundle = options.find("bundle");
      bundles[bundle == options.end() ? "gmem" : bundle->second].push_back(options.at("port"));
    }
    for (const llvm::Argument& argument : top_.args()) {
      if (argument.getType()->isPointerTy() && !ports.count(argument.getName().str())) {
        findings_.Add("interface", argument.getName().str(), "has no m_axi INTERFACE");
      }
    }
    if (bundles.size() > memory_ports_) {
      findings_.Add(
          "axi-masters", top_.getName().str(),
          "has " + std::to_string(bundles.size()) + " bundles, more than " + std::to_string(memory_ports_));
    }
    for (const auto& [bundle, members] : bundles) {
      if (members.size() < 2) continue;
      std::map<std::string, std::string> channels;
      for (const std::string& member : members) {
        const auto channel = ports[member].find("channel");
        if (channel == ports[member].end()) {
          findings_.Add("interface", member, "shares bundle " + bundle + " without a channel");
        } else if (!channels.emplace(channel->second, member).second) {
          findings_.Add("interface", member,
                        "shares channel " + channel->second + " of bundle " + bundle + " with " +
                            channels[channel->second]);
        }
      }
    }
  }

  // Which FIFO an access goes to, where `stream` lies in or behind an argument of the process.
  std::vector<Fifo> FifosOf(const Process& process, const llvm::CallBase& access,
                            const llvm::Value* object) const {
    const auto* argument = llvm::dyn_cast<llvm::Argument>(object);
    if (!argument) return {};
    const llvm::Value* given = process.call->getArgOperand(argument->getArgNo());
    const auto* alloca = llvm::dyn_cast<llvm::AllocaInst>(llvm::getUnderlyingObject(given, 0));
    if (!alloca) return {};
    std::vector<Fifo> all;
    std::copy_if(fifos_.begin(), fifos_.end(), std::back_inserter(all),
                 [&](const Fifo& fifo) { return fifo.first == alloca; });
    if (all.size() < 2) return all;
    // An element of an array: the constant part of the way to it, or any.
    const llvm::Value* here = nullptr;
    for (const llvm::Value* operand : access.args()) {
      if (operand->getType()->isPointerTy() && llvm::getUnderlyingObject(operand, 0) == object)
        here = operand;
    }
    llvm::APInt inside(layout_.getIndexTypeSizeInBits(given->getType()), 0), before = inside;
    if (!here || here->stripAndAccumulateConstantOffsets(layout_, inside, true) != object) return all;
    given->stripAndAccumulateConstantOffsets(layout_, before, true);
    const uint64_t size = layout_.getTypeAllocSize(alloca->getAllocatedType()->getArrayElementType());
    const uint64_t index = (before + inside).getZExtValue() / size;
    return index < all.size() ? std::vector<Fifo>{all[index]} : all;
  }

  void FindAccesses(Process& process) {
    for (const llvm::Instruction& instruction : llvm::instructions(*process.function)) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (!call) continue;
      if (const std::optional<Pragma> pragma = PragmaOf(instruction)) {
        if (pragma->name == "STREAM") {
          findings_.Add("depth", PlaceOf(instruction), "#pragma HLS " + pragma->text);
        }
        continue;
      }
      const StreamCall access = AccessOf(*call);
      if (access.access == StreamAccess::kNone) continue;
      const std::vector<Fifo> fifos = FifosOf(process, *call, access.stream);
      if (fifos.empty()) {
        findings_.Add("stream-ends", PlaceOf(instruction),
                      process.name + (access.access == StreamAccess::kTake ? " reads" : " writes") +
                          " a FIFO that can't be told");
      }
      process.accesses.push_back({access.access, fifos, access.block, call});
    }
  }

  void CheckEnds() {
    for (const Fifo& fifo : fifos_) {
      std::vector<size_t> takers, givers;
      for (size_t i = 0; i < processes_.size(); ++i) {
        for (const Access& access : processes_[i].accesses) {
          if (std::find(access.fifos.begin(), access.fifos.end(), fifo) == access.fifos.end()) continue;
          std::vector<size_t>& ends = access.access == StreamAccess::kTake ? takers : givers;
          if (ends.empty() || ends.back() != i) ends.push_back(i);
        }
      }
      for (const auto& [ends, word] : {std::pair(&takers, "read"), std::pair(&givers, "written")}) {
        if (ends->size() == 1) continue;
        std::string text = std::string("is ") + word + " by ";
        if (ends->empty()) text += "no process";
        for (size_t i = 0; i < ends->size(); ++i) text += (i ? ", " : "") + processes_[(*ends)[i]].name;
        findings_.Add("stream-ends", NameOfFifo(fifo), text);
      }
      if (takers.size() == 1 && givers.size() == 1) ends_[fifo] = {givers[0], takers[0]};
    }
  }

  bool StartsArePropagated() const {
    return llvm::none_of(llvm::instructions(top_), [](const llvm::Instruction& instruction) {
      const std::optional<Pragma> pragma = PragmaOf(instruction);
      return pragma && pragma->name == "DATAFLOW" && pragma->options.count("disable_start_propagation");
    });
  }

  // Processes are in the order of their calls, which Vitis takes for the order of the data.
  void CheckCallOrder() {
    std::vector<std::string> backward;
    for (const Fifo& fifo : fifos_) {
      const auto ends = ends_.find(fifo);
      if (ends == ends_.end()) continue;
      const auto [writer, reader] = ends->second;
      if (reader < writer) backward.push_back(NameOfFifo(fifo));
    }
    if (!backward.empty() && StartsArePropagated()) {
      findings_.Add(
          "call-order", top_.getName().str(),
          "reads " + backward.front() +
              " before it is written, but DATAFLOW has no disable_start_propagation: the start of a "
              "process would wait for its writer's");
    }
    if (backward.size() <= kMaxBackwardChannels) return;
    findings_.Add("call-order", top_.getName().str(),
                  "reads " + llvm::join(backward, ", ") + " before they are written; at most " +
                      std::to_string(kMaxBackwardChannels) + " channels may go backward");
  }

  // A FIFO is on a cycle where its writer can be reached from its reader.
  void FindCycles() {
    const size_t count = processes_.size();
    std::vector<std::vector<bool>> reaches(count, std::vector<bool>(count, false));
    for (const auto& [fifo, ends] : ends_) reaches[ends.first][ends.second] = true;
    for (size_t k = 0; k < count; ++k) {
      for (size_t i = 0; i < count; ++i) {
        if (!reaches[i][k]) continue;
        for (size_t j = 0; j < count; ++j) {
          if (reaches[k][j]) reaches[i][j] = true;
        }
      }
    }
    for (const auto& [fifo, ends] : ends_) {
      if (reaches[ends.second][ends.first]) on_cycle_.insert(fifo);
    }
  }

  bool IsOnCycle(const Access& access) const {
    return std::any_of(access.fifos.begin(), access.fifos.end(),
                       [&](const Fifo& fifo) { return on_cycle_.count(fifo) != 0; });
  }

  void CheckLoops(const Process& process) {
    llvm::DominatorTree dominators(*process.function);
    llvm::LoopInfo loops(dominators);
    std::map<const llvm::Loop*, std::map<std::string, std::map<std::string, std::string>>> pragmas;
    for (const llvm::Instruction& instruction : llvm::instructions(*process.function)) {
      const std::optional<Pragma> pragma = PragmaOf(instruction);
      const llvm::Loop* loop = loops.getLoopFor(instruction.getParent());
      if (pragma && loop) pragmas[loop][pragma->name] = pragma->options;
    }
    for (const llvm::Loop* loop : loops.getLoopsInPreorder()) {
      const auto pipeline = pragmas[loop].find("PIPELINE");
      const bool named = pipeline != pragmas[loop].end();
      if (named && pipeline->second.count("off")) continue;
      // Vitis pipelines an innermost loop by itself.
      if (!named && !loop->isInnermost()) continue;
      CheckPipelinedLoop(process, *loop, named ? pipeline->second : std::map<std::string, std::string>(),
                         [&](const llvm::Loop* outer) {
                           const auto flatten = pragmas[outer].find("LOOP_FLATTEN");
                           return flatten != pragmas[outer].end() && flatten->second.count("off") != 0;
                         });
    }
  }

  template <class IsKeptApart>
  void CheckPipelinedLoop(const Process& process, const llvm::Loop& loop,
                          const std::map<std::string, std::string>& pipeline, IsKeptApart is_kept_apart) {
    const Access* takes = nullptr;
    const Access* gives = nullptr;
    for (const Access& access : process.accesses) {
      if (!loop.contains(access.at)) continue;
      if (access.block) {
        findings_.Add("pipelined-block", PlaceOf(*access.at),
                      process.name + " takes or hands on a block in a pipelined loop");
      }
      if (!IsOnCycle(access)) continue;
      (access.access == StreamAccess::kTake ? takes : gives) = &access;
    }
    if (!takes && !gives) return;
    for (const llvm::Loop* outer = loop.getParentLoop(); outer; outer = outer->getParentLoop()) {
      if (is_kept_apart(outer)) continue;
      findings_.Add("cycle-flatten", PlaceOf(*(takes ? takes : gives)->at),
                    process.name + " is on a cycle; a loop around this one has no LOOP_FLATTEN off");
    }
    const auto style = pipeline.find("style");
    const bool drains = style != pipeline.end() && (style->second == "flp" || style->second == "frp");
    if (takes && gives && !drains) {
      findings_.Add("cycle-pipeline", PlaceOf(*takes->at),
                    process.name + " takes from " + NameOfFifo(takes->fifos.front()) + " and gives to " +
                        NameOfFifo(gives->fifos.front()) +
                        ", both on a cycle, in one pipelined loop that does not drain");
    }
  }

  llvm::Function& top_;
  const llvm::DataLayout& layout_;
  const size_t memory_ports_;
  Findings& findings_;
  std::vector<Fifo> fifos_;
  std::vector<Process> processes_;
  std::map<Fifo, std::pair<size_t, size_t>> ends_;  // writer, reader
  std::set<Fifo> on_cycle_;
};

}  // namespace

llvm::Instruction* FindDataflow(llvm::Module& module, const std::string& name, Findings& findings) {
  llvm::Instruction* dataflow = nullptr;
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      const std::optional<Pragma> pragma = PragmaOf(instruction);
      if (!pragma || pragma->name != "DATAFLOW") continue;
      if (dataflow) {
        findings.Add("top-shape", PlaceOf(instruction), "a second #pragma HLS DATAFLOW");
        return nullptr;
      }
      dataflow = &instruction;
    }
  }
  if (!dataflow) findings.Add("top-shape", name, "no function holds #pragma HLS DATAFLOW");
  return dataflow;
}

void CheckNetwork(llvm::Function& top, size_t memory_ports, Findings& findings) {
  Network(top, memory_ports, findings).Check();
}

}  // namespace hls_lint
