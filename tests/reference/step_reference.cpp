// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/step_reference.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "kernels/contract/kv_pages.h"

namespace streamtensor::reference {
namespace {

constexpr uint16_t kNotANumber = 0x7e00;  // float16

}  // namespace

absl::StatusOr<std::unique_ptr<StepReference>> StepReference::Create(mlir::ModuleOp module,
                                                                     const compiler::WeightSource& weights,
                                                                     int64_t pages) {
  auto function = module.lookupSymbol<mlir::func::FuncOp>("step");
  if (!function) return absl::NotFoundError("the module has no function @step");
  auto reference = std::unique_ptr<StepReference>(new StepReference);
  absl::StatusOr<std::vector<ArgumentRole>> roles = ReadArgumentRoles(function);
  if (!roles.ok()) return roles.status();
  reference->roles_ = *roles;
  reference->pages_ = pages;
  for (size_t i = 0; i < roles->size(); ++i) {
    const ArgumentRole& role = (*roles)[i];
    reference->values_.emplace_back();
    Array& value = reference->values_.back();
    switch (role.kind) {
      case ArgumentKind::kField:
        if (role.name == "page_table") {
          reference->step_tokens_ = role.type.getDimSize(0);
          reference->max_pages_ = role.type.getDimSize(1);
        }
        break;
      case ArgumentKind::kPool: {
        std::vector<int64_t> dims(role.type.getShape().begin(), role.type.getShape().end());
        dims[0] = pages;
        value = Array::Zeros(Element::kF16, dims);
        std::fill_n(value.as<uint16_t>(), value.elements(), kNotANumber);
        (role.name == "k" ? reference->k_pool_ : reference->v_pool_) = static_cast<int64_t>(i);
        break;
      }
      case ArgumentKind::kWeight: {
        absl::StatusOr<Array> weight = ReadWeight(role, weights);
        if (!weight.ok()) return weight.status();
        value = *std::move(weight);
        break;
      }
      case ArgumentKind::kInput:
        return absl::InvalidArgumentError(
            absl::StrCat("@step takes the input ", role.name, ": it is a general module, not a decoder"));
    }
  }
  if (function.getNumResults() == 1) {
    auto logits = llvm::dyn_cast<mlir::RankedTensorType>(function.getResultTypes()[0]);
    if (logits && logits.getRank() == 2) reference->vocabulary_ = logits.getDimSize(1);
  }
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Create(module, "step");
  if (!program.ok()) return program.status();
  reference->program_ = *std::move(program);
  return reference;
}

absl::Status StepReference::Check(const Step& step) const {
  auto bad = [](auto... what) { return absl::InvalidArgumentError(absl::StrCat(what...)); };
  const int64_t tokens = step.tokens.size(), slots = step.page_tables.size();
  if (step_tokens_ > 0 && (tokens < 1 || tokens > step_tokens_))
    return bad("a step has 1..", step_tokens_, " tokens, got ", tokens);
  if (step_tokens_ > 0 && slots > step_tokens_)
    return bad("a step has at most ", step_tokens_, " slots, got ", slots);
  for (int64_t slot = 0; slot < slots; ++slot) {
    if (static_cast<int64_t>(step.page_tables[slot].size()) > max_pages_)
      return bad("slot ", slot, " has ", step.page_tables[slot].size(), " pages, at most ", max_pages_);
    for (int32_t page : step.page_tables[slot])
      if (page < 0 || page >= pages_) return bad("slot ", slot, " names page ", page, ", there are ", pages_);
  }
  std::set<int32_t> ended;
  for (int64_t t = 0; t < tokens; ++t) {
    const StepToken& token = step.tokens[t];
    if (vocabulary_ > 0 && (token.token_id < 0 || token.token_id >= vocabulary_))
      return bad("token ", t, " has id ", token.token_id, ", expected 0..", vocabulary_ - 1);
    if (token.slot < 0 || token.slot >= slots)
      return bad("token ", t, " has slot ", token.slot, " of ", slots);
    const StepToken* before = t > 0 && step.tokens[t - 1].slot == token.slot ? &step.tokens[t - 1] : nullptr;
    if (t > 0 && before == nullptr) ended.insert(step.tokens[t - 1].slot);
    if (ended.count(token.slot)) return bad("tokens of slot ", token.slot, " are not consecutive");
    const int32_t expected = before ? before->position + 1 : token.start;
    if (token.position != expected || (before && token.start != before->start))
      return bad("token ", t, " has position ", token.position, " and start ", token.start,
                 ", expected position ", expected);
    const int64_t covered = static_cast<int64_t>(step.page_tables[token.slot].size()) * contract::kPageTokens;
    if (token.position < 0 || token.position >= covered)
      return bad("token ", t, " has position ", token.position, ", the pages of its slot cover ", covered);
  }
  return absl::OkStatus();
}

Array StepReference::Field(const ArgumentRole& role, const Step& step) const {
  if (role.name == "page_table") {
    Array table = Array::Zeros(Element::kI32, {step_tokens_, max_pages_});
    for (size_t slot = 0; slot < step.page_tables.size(); ++slot)
      std::copy(step.page_tables[slot].begin(), step.page_tables[slot].end(),
                table.as<int32_t>() + slot * max_pages_);
    return table;
  }
  Array field = Array::Zeros(Element::kI32, {static_cast<int64_t>(step.tokens.size())});
  for (size_t t = 0; t < step.tokens.size(); ++t) {
    const StepToken& token = step.tokens[t];
    field.as<int32_t>()[t] = role.name == "token_id"   ? token.token_id
                             : role.name == "position" ? token.position
                             : role.name == "start"    ? token.start
                             : role.name == "slot"     ? token.slot
                                                       : token.wants_logits;
  }
  return field;
}

void StepReference::Append(const AppendedRows& rows) {
  const int64_t tokens = rows.k_new.dims[0], heads = rows.k_new.dims[1], size = rows.k_new.dims[2];
  for (auto [pool, source] : {std::pair(k_pool_, &rows.k_new), std::pair(v_pool_, &rows.v_new)}) {
    if (pool < 0) continue;
    Array& target = values_[pool];
    const int64_t layers = target.dims[1];
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t row =
            ((rows.page[t] * layers + rows.layer) * heads + h) * contract::kPageTokens + rows.row[t];
        std::memcpy(target.as<uint16_t>() + row * size, source->as<uint16_t>() + (t * heads + h) * size,
                    size * sizeof(uint16_t));
      }
  }
}

absl::StatusOr<Array> StepReference::Run(const Step& step) {
  if (absl::Status status = Check(step); !status.ok()) return status;
  std::vector<Argument> arguments(roles_.size());
  for (size_t i = 0; i < roles_.size(); ++i) {
    if (roles_[i].kind == ArgumentKind::kField) values_[i] = Field(roles_[i], step);
    arguments[i].array = &values_[i];
  }
  // A launch reads from pages only what was there before it.
  std::vector<AppendedRows> appended;
  absl::StatusOr<std::vector<Array>> results =
      program_->Run(arguments, [&](AppendedRows rows) { appended.push_back(std::move(rows)); });
  if (!results.ok()) return results.status();
  for (const AppendedRows& rows : appended) Append(rows);
  if (results->size() != 1)
    return absl::InvalidArgumentError(
        absl::StrCat("@step returns ", results->size(), " values, expected logits"));
  return std::move((*results)[0]);
}

absl::StatusOr<std::vector<Array>> RunModule(mlir::ModuleOp module, const std::string& name,
                                             const compiler::WeightSource& weights,
                                             const std::vector<std::pair<std::string, Array>>& inputs) {
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  if (!function) return absl::NotFoundError(absl::StrCat("the module has no function @", name));
  absl::StatusOr<std::vector<ArgumentRole>> roles = ReadArgumentRoles(function);
  if (!roles.ok()) return roles.status();
  std::map<std::string, const Array*> by_name;
  for (const auto& [input, array] : inputs) by_name[input] = &array;
  std::vector<Array> owned;
  owned.reserve(roles->size());
  std::vector<Argument> arguments;
  for (const ArgumentRole& role : *roles) {
    if (role.kind == ArgumentKind::kWeight) {
      absl::StatusOr<Array> weight = ReadWeight(role, weights);
      if (!weight.ok()) return weight.status();
      owned.push_back(*std::move(weight));
      arguments.push_back({&owned.back()});
    } else if (role.kind == ArgumentKind::kInput && by_name.count(role.name)) {
      arguments.push_back({by_name[role.name]});
    } else {
      return absl::NotFoundError(absl::StrCat("no value for ", role.name, " of @", name));
    }
  }
  absl::StatusOr<std::unique_ptr<JitProgram>> program = JitProgram::Create(module, name);
  if (!program.ok()) return program.status();
  return (*program)->Run(arguments);
}

}  // namespace streamtensor::reference
