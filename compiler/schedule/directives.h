// SPDX-License-Identifier: Apache-2.0
// HLS pragmas as the scheduler needs them: properties of loops are loop metadata, properties of arrays and
// FIFOs are a table by function and name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"

namespace streamtensor::schedule {

struct Partition {
  enum class Kind { kComplete, kCyclic, kBlock };
  Kind kind = Kind::kComplete;
  int64_t dimension = 1;  // from 1; 0: all
  int64_t factor = 0;     // of kCyclic and kBlock
};

// What pragmas or Vitis' own rules say about an array, pointer or FIFO.
struct ObjectDirectives {
  std::vector<Partition> partitions;
  bool axi = false;          // INTERFACE m_axi
  bool copies = false;       // RAM_1WNR: a copy for each pair of readers
  bool uram = false;         // BIND_STORAGE impl=uram
  bool independent = false;  // DEPENDENCE inter false
  int64_t distance = 0;      // DEPENDENCE distance=N; 0: none given
  int64_t depth = 0;         // STREAM depth=N; 0: none given
  // INTERFACE num_read_outstanding and max_read_burst_length, or those of writes, the larger; 0: none given.
  int64_t outstanding = 0, burst_beats = 0;
};

// The name under which pragmas speak of an object: of an argument, a global or a local array.
std::string ObjectName(const llvm::Value* object);
void SetObjectName(llvm::Instruction& object, llvm::StringRef name);

// Not thread-safe.
class DirectiveTable {
 public:
  ObjectDirectives& At(const llvm::Function& function, const std::string& name) {
    return objects_[{&function, name}];
  }
  // Those of a value that ObjectName() names.
  const ObjectDirectives& Find(const llvm::Function& function, const llvm::Value* object) const;

 private:
  std::map<std::pair<const llvm::Function*, std::string>, ObjectDirectives> objects_;
};

// Keys of loop metadata.
inline constexpr char kLoopPipeline[] = "st.pipeline";      // its value: the II asked for, 0 if none
inline constexpr char kLoopNoPipeline[] = "st.nopipeline";  // PIPELINE off
inline constexpr char kLoopUnroll[] = "llvm.loop.unroll.count";
inline constexpr char kLoopUnrollFull[] = "llvm.loop.unroll.full";
inline constexpr char kLoopNoFlatten[] = "st.noflatten";  // LOOP_FLATTEN off
inline constexpr char kLoopApart[] = "st.apart";          // can't be flattened into the loop around it
inline constexpr char kLoopLine[] = "st.line";

// Adds a key, or replaces its value.
void SetLoopDirective(llvm::Loop& loop, llvm::StringRef key, std::optional<int64_t> value = std::nullopt);
// The value of a key, 0 for one without; nothing if the loop doesn't have it.
std::optional<int64_t> LoopDirective(const llvm::Loop& loop, llvm::StringRef key);

// The value of an option of a pragma's text, as in "interface port=a bundle=b"; empty: it has none.
std::string PragmaOption(llvm::StringRef text, llvm::StringRef option);

// Applies a pragma to what it stands in or names. `text` as front_end.h describes it; `loop` is null
// outside of loops, `object` if none is named; `symbolic` is the value of an option that isn't a literal.
void ApplyPragma(llvm::StringRef text, int64_t symbolic, llvm::Function& function, llvm::Loop* loop,
                 llvm::Value* object, DirectiveTable& table);

}  // namespace streamtensor::schedule
