// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"

#include <algorithm>

#include "kernels/contract/word.h"

namespace streamtensor::compiler {

using dataflow::ChannelKind;
using dataflow::RowSymbol;
using dataflow::StreamOp;

Trace::Trace(Context* context, dataflow::ProcessOpInterface process, Network::Process* program)
    : context_(*context), ends_(context->symbols.EndsOf(process)), program_(*program) {}

int64_t Trace::PageTableWords() const {
  dataflow::DesignOp design = context_.design;
  const int64_t slots = std::max<int64_t>(design.getBound("T"), 1);
  return contract::WordsOf(slots * static_cast<int64_t>(design.getMaxPages()));
}

int64_t Trace::Count(const dataflow::RowCount& rows) const {
  switch (rows.symbol) {
    case RowSymbol::kTokens:
      return context_.shape.tokens;
    case RowSymbol::kLogits:
      return context_.shape.logits();
    case RowSymbol::kNone:
      break;
  }
  return rows.fixed;
}

int64_t Trace::Trips(itensor::ITensorType type, unsigned loop) const {
  return Count(dataflow::RowsOfLoop(type, loop));
}

int64_t Trace::Words(StreamOp stream, unsigned outer) const {
  auto type = llvm::cast<itensor::ITensorType>(*stream.getType());
  int64_t words = type.getElementWords();
  for (unsigned loop = outer; loop < type.getNumLoops(); ++loop) words *= Trips(type, loop);
  return words;
}

const TakenRows& Trace::ChooseRows() {
  const std::vector<TakenRows>& taken = context_.shape.taken;
  return taken[std::min(context_.choices_made++, taken.size() - 1)];
}

void Trace::ReadHeader() {
  for (StreamOp stream : ends_.reads_of(ChannelKind::header)) Read(stream, 1 + tokens());
}

void Trace::Read(StreamOp stream, int64_t times, double cycles) {
  if (const std::optional<int32_t> channel = Channel(stream)) program_.Read(*channel, times, cycles);
}

void Trace::Write(StreamOp stream, int64_t times, double cycles) {
  if (const std::optional<int32_t> channel = Channel(stream)) program_.Write(*channel, times, cycles);
}

void Trace::Add(Network::Operation::Kind kind, StreamOp stream) {
  if (const std::optional<int32_t> channel = Channel(stream)) program_.Add(kind, *channel);
}

std::optional<int32_t> Trace::Channel(StreamOp stream) const {
  const auto found = context_.channels.find(stream.getSymName());
  if (found == context_.channels.end()) return std::nullopt;
  return found->second;
}

void Trace::Loop(int64_t count, llvm::function_ref<void()> body) {
  program_.Loop(count, [&] { body(); });
}

void Trace::InSection(std::optional<dataflow::Section> section, llvm::function_ref<void()> body) {
  Loop(section == dataflow::Section::layer ? layers() : 1, body);
}

void Trace::Copy(StreamOp from, StreamOp to, int64_t words) {
  Loop(words, [&] {
    Read(from);
    Write(to, 1, 0);
  });
}

}  // namespace streamtensor::compiler
