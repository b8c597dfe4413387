// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/control_machine.h"

#include <algorithm>

namespace streamtensor::compiler {

using schedule::ControlOp;
using schedule::ControlStep;

namespace {

constexpr unsigned kWordBits = 64;

uint64_t Masked(uint64_t bits, unsigned width) {
  return width >= kWordBits ? bits : bits & ((uint64_t{1} << width) - 1);
}

int64_t Signed(uint64_t bits, unsigned width) {
  if (width >= kWordBits) return static_cast<int64_t>(bits);
  const unsigned shift = kWordBits - width;
  return static_cast<int64_t>(bits << shift) >> shift;
}

}  // namespace

ControlMachine::ControlMachine(const schedule::ProcessCode& code)
    : code_(code), registers_(static_cast<size_t>(code.registers)) {
  for (const auto& [reg, value] : code.constants) registers_[static_cast<size_t>(reg)] = {value, true};
  for (const auto& [reg, words] : code.wide_constants) {
    registers_[static_cast<size_t>(reg)].known = true;
    wide_.insert({reg, llvm::APInt(static_cast<unsigned>(kWordBits * words.size()), words)});
  }
  arrays_.resize(static_cast<size_t>(code.parameters) + code.arrays.size());
  for (size_t i = 0; i < code.arrays.size(); ++i) {
    const schedule::ControlArray& given = code.arrays[i];
    Array& array = arrays_[static_cast<size_t>(code.parameters) + i];
    array.size = given.bytes;
    if (!given.constant.empty()) {
      array.constant = given.constant.data();
    } else {
      array.bytes.resize(static_cast<size_t>(given.bytes));
      array.known.resize(static_cast<size_t>(given.bytes));
    }
  }
}

void ControlMachine::SetKnown(int32_t parameter, const std::vector<uint8_t>& bytes) {
  Array& array = arrays_[static_cast<size_t>(parameter)];
  array.constant = bytes.data();
  array.size = static_cast<int64_t>(bytes.size());
}

ControlValue ControlMachine::Get(int32_t reg, unsigned width) const {
  const Register& given = registers_[static_cast<size_t>(reg)];
  ControlValue value{given.known, llvm::APInt(width, 0)};
  if (!given.known) return value;
  if (width <= kWordBits) {
    value.bits = llvm::APInt(width, Masked(given.bits, width));
  } else {
    value.bits = wide_.at(reg).zextOrTrunc(width);
  }
  return value;
}

void ControlMachine::Set(int32_t reg, unsigned width, const ControlValue& value) {
  Register& result = registers_[static_cast<size_t>(reg)];
  result.known = value.known;
  if (!value.known) return;
  if (width <= kWordBits) {
    result.bits = value.bits.zextOrTrunc(kWordBits).getZExtValue();
  } else {
    wide_.insert_or_assign(reg, value.bits.zextOrTrunc(width));
  }
}

void ControlMachine::Copy(const std::vector<std::pair<int32_t, int32_t>>& copies) {
  if (copies.size() == 1) {
    const auto [to, from] = copies[0];
    registers_[static_cast<size_t>(to)] = registers_[static_cast<size_t>(from)];
    if (const auto found = wide_.find(from); found != wide_.end())
      wide_.insert_or_assign(to, llvm::APInt(found->second));
    return;
  }
  copied_.clear();
  copied_wide_.clear();
  for (const auto& [to, from] : copies) {
    copied_.push_back(registers_[static_cast<size_t>(from)]);
    const auto found = wide_.find(from);
    copied_wide_.push_back(found == wide_.end() ? llvm::APInt(1, 0) : found->second);
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    registers_[static_cast<size_t>(copies[i].first)] = copied_[i];
    if (copied_wide_[i].getBitWidth() > kWordBits) wide_.insert_or_assign(copies[i].first, copied_wide_[i]);
  }
}

ControlMachine::Array* ControlMachine::Find(uint64_t address, int64_t& offset) {
  const uint64_t half = uint64_t{1} << (schedule::kObjectShift - 1);
  const uint64_t object = (address + half) >> schedule::kObjectShift;
  if (object == 0 || object > arrays_.size()) return nullptr;
  offset = static_cast<int64_t>(address - (object << schedule::kObjectShift));
  Array& array = arrays_[object - 1];
  return array.size < 0 ? nullptr : &array;
}

bool ControlMachine::Load(const ControlStep& step) {
  Register& result = registers_[static_cast<size_t>(step.dest)];
  result.known = false;
  if (!known(step.a)) return true;
  int64_t offset = 0;
  const Array* array = Find(value(step.a), offset);
  if (!array) return true;
  const int64_t bytes = (step.width + 7) / 8;
  // What lies outside is read only where its value isn't used.
  if (offset < 0 || offset + bytes > array->size) return true;
  const auto at = static_cast<size_t>(offset);
  if (!array->constant) {
    for (size_t i = 0; i < static_cast<size_t>(bytes); ++i) {
      if (!array->known[at + i]) return true;
    }
  }
  const uint8_t* data = array->constant ? array->constant + at : array->bytes.data() + at;
  result.known = true;
  if (step.width <= kWordBits) {
    uint64_t bits = 0;
    for (int64_t i = 0; i < bytes; ++i) bits |= static_cast<uint64_t>(data[i]) << (8 * i);
    result.bits = Masked(bits, step.width);
    return true;
  }
  llvm::APInt bits(step.width, 0);
  for (int64_t i = 0; i < bytes; ++i) {
    const auto bit = static_cast<unsigned>(8 * i);
    bits.insertBits(data[i], bit, std::min(8u, step.width - bit));
  }
  wide_.insert_or_assign(step.dest, bits);
  return true;
}

bool ControlMachine::Store(const ControlStep& step) {
  int64_t offset = 0;
  Array* array = known(step.a) ? Find(value(step.a), offset) : nullptr;
  if (!known(step.a)) {
    // It may be any.
    for (Array& any : arrays_) any.known.assign(any.known.size(), false);
    return true;
  }
  if (!array || array->constant) return true;
  const int64_t bytes = (step.width + 7) / 8;
  if (offset < 0 || offset + bytes > array->size) return false;
  const ControlValue value = Get(step.b, std::max<unsigned>(step.width, 1));
  for (int64_t i = 0; i < bytes; ++i) {
    const auto at = static_cast<size_t>(offset + i);
    array->known[at] = value.known;
    if (!value.known) continue;
    const auto bit = static_cast<unsigned>(8 * i);
    array->bytes[at] =
        static_cast<uint8_t>(value.bits.extractBitsAsZExtValue(std::min(8u, step.width - bit), bit));
  }
  return true;
}

// kClear and kMove.
bool ControlMachine::Fill(const ControlStep& step) {
  int64_t to = 0, from = 0;
  Array* array = known(step.a) ? Find(value(step.a), to) : nullptr;
  if (!array || array->constant) return true;
  if (to < 0 || to + step.number > array->size) return false;
  const Array* source = nullptr;
  if (step.op == ControlOp::kMove && known(step.b)) {
    source = Find(value(step.b), from);
    if (source && (from < 0 || from + step.number > source->size)) return false;
  }
  for (int64_t i = 0; i < step.number; ++i) {
    const auto at = static_cast<size_t>(to + i);
    if (step.op == ControlOp::kClear) {
      array->known[at] = known(step.b);
      array->bytes[at] = static_cast<uint8_t>(value(step.b));
      continue;
    }
    const auto other = static_cast<size_t>(from + i);
    array->known[at] = source && (source->constant || source->known[other]);
    if (array->known[at])
      array->bytes[at] = source->constant ? source->constant[other] : source->bytes[other];
  }
  return true;
}

bool ControlMachine::ComputeNarrow(const ControlStep& step) {
  switch (step.op) {
    case ControlOp::kLoad:
      return Load(step);
    case ControlOp::kStore:
      return Store(step);
    case ControlOp::kClear:
    case ControlOp::kMove:
      return Fill(step);
    default:
      break;
  }
  Register& result = registers_[static_cast<size_t>(step.dest)];
  const Register& a = registers_[static_cast<size_t>(step.a)];
  if (step.op == ControlOp::kSelect) {
    const Register& yes = registers_[static_cast<size_t>(step.b)];
    const Register& no = registers_[static_cast<size_t>(step.c)];
    if (a.known) {
      result = (a.bits & 1) != 0 ? yes : no;
    } else {
      result = {yes.bits, yes.known && no.known && yes.bits == no.bits};
    }
    return true;
  }
  if (step.b < 0) {
    if (!a.known) {
      result.known = false;
      return true;
    }
    const auto from = static_cast<unsigned>(step.number);
    const uint64_t bits = step.op == ControlOp::kSExt ? static_cast<uint64_t>(Signed(a.bits, from)) : a.bits;
    result = {Masked(bits, step.width), true};
    return true;
  }
  const Register& b = registers_[static_cast<size_t>(step.b)];
  if (!a.known || !b.known) {
    // 0 decides a product and a conjunction.
    const bool zero = (a.known && a.bits == 0) || (b.known && b.bits == 0);
    result = {0, zero && (step.op == ControlOp::kAnd || step.op == ControlOp::kMul)};
    return true;
  }
  const unsigned width = step.width;
  const uint64_t x = a.bits, y = b.bits;
  uint64_t bits = 0;
  switch (step.op) {
    case ControlOp::kAdd:
      bits = x + y;
      break;
    case ControlOp::kSub:
      bits = x - y;
      break;
    case ControlOp::kMul:
      bits = x * y;
      break;
    case ControlOp::kUDiv:
    case ControlOp::kURem:
      if (y == 0) {
        result.known = false;
        return true;
      }
      bits = step.op == ControlOp::kUDiv ? x / y : x % y;
      break;
    case ControlOp::kSDiv:
    case ControlOp::kSRem: {
      const int64_t p = Signed(x, width), q = Signed(y, width);
      if (q == 0 || (q == -1 && p == INT64_MIN)) {
        result.known = false;
        return true;
      }
      bits = static_cast<uint64_t>(step.op == ControlOp::kSDiv ? p / q : p % q);
      break;
    }
    case ControlOp::kAnd:
      bits = x & y;
      break;
    case ControlOp::kOr:
      bits = x | y;
      break;
    case ControlOp::kXor:
      bits = x ^ y;
      break;
    case ControlOp::kShl:
      bits = y < kWordBits ? x << y : 0;
      break;
    case ControlOp::kLShr:
      bits = y < kWordBits ? x >> y : 0;
      break;
    case ControlOp::kAShr:
      bits = static_cast<uint64_t>(Signed(x, width) >> std::min<uint64_t>(y, kWordBits - 1));
      break;
    case ControlOp::kUMin:
      bits = std::min(x, y);
      break;
    case ControlOp::kUMax:
      bits = std::max(x, y);
      break;
    case ControlOp::kSMin:
      bits = Signed(x, width) < Signed(y, width) ? x : y;
      break;
    case ControlOp::kSMax:
      bits = Signed(x, width) < Signed(y, width) ? y : x;
      break;
    case ControlOp::kEqual:
      bits = x == y;
      break;
    case ControlOp::kNotEqual:
      bits = x != y;
      break;
    case ControlOp::kULess:
      bits = x < y;
      break;
    case ControlOp::kULessEqual:
      bits = x <= y;
      break;
    case ControlOp::kSLess:
      bits = Signed(x, width) < Signed(y, width);
      break;
    case ControlOp::kSLessEqual:
      bits = Signed(x, width) <= Signed(y, width);
      break;
    case ControlOp::kScale:
      result = {x + static_cast<uint64_t>(Signed(y, width) * step.number), true};
      return true;
    default:
      result.known = false;
      return true;
  }
  const bool compares = step.op >= ControlOp::kEqual && step.op <= ControlOp::kSLessEqual;
  result = {compares ? bits : Masked(bits, width), true};
  return true;
}

bool ControlMachine::ComputeWide(const ControlStep& step) {
  if (step.op == ControlOp::kLoad) return Load(step);
  if (step.op == ControlOp::kStore) return Store(step);
  const unsigned width = step.width;
  const auto unary = [&](unsigned from) { return Get(step.a, from); };
  ControlValue result{false, llvm::APInt(width, 0)};
  const auto from = static_cast<unsigned>(step.number);
  switch (step.op) {
    case ControlOp::kTrunc:
      result = unary(from);
      result.bits = result.bits.trunc(width);
      break;
    case ControlOp::kZExt:
      result = unary(from);
      result.bits = result.bits.zext(width);
      break;
    case ControlOp::kSExt:
      result = unary(from);
      result.bits = result.bits.sext(width);
      break;
    case ControlOp::kCopy:
      result = unary(width);
      break;
    case ControlOp::kSelect:
      if (known(step.a)) result = Get((value(step.a) & 1) != 0 ? step.b : step.c, width);
      break;
    default: {
      if (step.b < 0) break;
      const ControlValue a = Get(step.a, width), b = Get(step.b, width);
      result.known = a.known && b.known;
      if (!result.known) break;
      const uint64_t shift = b.bits.getLimitedValue(width);
      bool truth = false, compares = true;
      switch (step.op) {
        case ControlOp::kEqual:
          truth = a.bits == b.bits;
          break;
        case ControlOp::kNotEqual:
          truth = a.bits != b.bits;
          break;
        case ControlOp::kULess:
          truth = a.bits.ult(b.bits);
          break;
        case ControlOp::kULessEqual:
          truth = a.bits.ule(b.bits);
          break;
        case ControlOp::kSLess:
          truth = a.bits.slt(b.bits);
          break;
        case ControlOp::kSLessEqual:
          truth = a.bits.sle(b.bits);
          break;
        default:
          compares = false;
          break;
      }
      if (compares) {
        Set(step.dest, 1, {true, llvm::APInt(1, truth ? 1 : 0)});
        return true;
      }
      switch (step.op) {
        case ControlOp::kAdd:
          result.bits = a.bits + b.bits;
          break;
        case ControlOp::kSub:
          result.bits = a.bits - b.bits;
          break;
        case ControlOp::kMul:
          result.bits = a.bits * b.bits;
          break;
        case ControlOp::kAnd:
          result.bits = a.bits & b.bits;
          break;
        case ControlOp::kOr:
          result.bits = a.bits | b.bits;
          break;
        case ControlOp::kXor:
          result.bits = a.bits ^ b.bits;
          break;
        case ControlOp::kShl:
          result.bits = a.bits.shl(static_cast<unsigned>(shift));
          break;
        case ControlOp::kLShr:
          result.bits = a.bits.lshr(static_cast<unsigned>(shift));
          break;
        case ControlOp::kAShr:
          result.bits = a.bits.ashr(static_cast<unsigned>(shift));
          break;
        default:
          result.known = false;
          break;
      }
      break;
    }
  }
  Set(step.dest, width, result);
  return true;
}

}  // namespace streamtensor::compiler
