// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <numeric>

#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/pages.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/numerics.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult AttentionOp::verify() {
  if (mlir::failed(ExpectPositive(
          *this,
          {{"query_heads", getQueryHeads()}, {"kv_heads", getKvHeads()}, {"head_dim", getHeadDim()}})) ||
      mlir::failed(ExpectIndexMap(*this, "kv_head_map", getKvHeadMap())) ||
      mlir::failed(ExpectWindows(*this, getWindows()))) {
    return mlir::failure();
  }
  const auto kv_heads = static_cast<int64_t>(getKvHeads());
  for (int64_t head = 0; head < static_cast<int64_t>(getQueryHeads()); ++head) {
    const std::optional<int64_t> kv_head = getKvHead(head);
    if (!kv_head) return emitOpError("kv_head_map has no value at query head ") << head;
    if (*kv_head < 0 || *kv_head >= kv_heads) {
      return emitOpError("maps query head ") << head << " to KV head " << *kv_head << " of " << kv_heads;
    }
  }
  return mlir::success();
}

std::optional<int64_t> AttentionOp::getKvHead(int64_t query_head) {
  llvm::SmallVector<mlir::Attribute> result;
  auto index = mlir::IntegerAttr::get(mlir::IndexType::get(getContext()), query_head);
  if (mlir::failed(getKvHeadMap().constantFold({index}, result))) return std::nullopt;
  return llvm::cast<mlir::IntegerAttr>(result[0]).getInt();
}

mlir::LogicalResult AttentionOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  const ChannelKind words = ChannelKind::words, pages = ChannelKind::pages;
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, pages, pages, words, words, words}}, {{words}}))) {
    return mlir::failure();
  }
  const auto query = static_cast<int64_t>(getQueryHeads() * getHeadDim()),
             key = static_cast<int64_t>(getKvHeads() * getHeadDim());
  if (mlir::failed(ExpectWholeRows(*this, ends.read(3), kTokens, query)) ||
      mlir::failed(ExpectWholeRows(*this, ends.read(4), kTokens, key)) ||
      mlir::failed(ExpectWholeRows(*this, ends.read(5), kTokens, key)) ||
      mlir::failed(ExpectWholeRows(*this, ends.write(0), kTokens, query))) {
    return mlir::failure();
  }
  // What comes from memory must be what is expected.
  for (StreamOp stream : ends.reads_of(pages)) {
    auto loader = llvm::dyn_cast_or_null<LoadPagesOp>(
        mlir::SymbolTable::lookupSymbolIn(stream->getParentOp(), stream.getSourceAttr().getAttr()));
    if (!loader)
      return emitOpError("takes pages from @") << stream.getSource() << ", which does not load any";
    for (llvm::StringRef name : {"kv_heads", "head_dim", "mask_offset", "windows"}) {
      if ((*this)->getAttr(name) == loader->getAttr(name)) continue;
      return emitOpError("has the ") << name << ' ' << (*this)->getAttr(name) << ", @" << loader.getSymName()
                                     << " that loads its pages has " << loader->getAttr(name);
    }
  }
  return mlir::success();
}

std::optional<dataflow::Section> AttentionOp::getSection() { return dataflow::Section::layer; }

llvm::StringRef AttentionOp::getSourceName() { return dataflow::PagedAttentionOp::getOperationName(); }

mlir::LogicalResult AttentionOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  auto attention = llvm::cast<dataflow::PagedAttentionOp>(source);
  if (mlir::failed(PlanPages(source, attention.getPageTable(), attention.getSlot(), attention.getPosition(),
                             attention.getLayer(), plan)) ||
      mlir::failed(ExpectField(source, attention.getStart(), "start"))) {
    return mlir::failure();
  }
  const auto query = attention.getQ().getType(), key = attention.getKNew().getType();
  mlir::Builder builder(source->getContext());
  mlir::NamedAttrList shared;
  shared.set("kv_heads", builder.getI64IntegerAttr(key.getDimSize(1)));
  shared.set("head_dim", builder.getI64IntegerAttr(key.getDimSize(2)));
  shared.set("mask_offset", builder.getI64IntegerAttr(attention.getMaskOffset()));
  shared.set("windows", builder.getDenseI64ArrayAttr(attention.getWindows().value_or(std::nullopt)));
  plan.attributes = shared;
  plan.attributes.set("query_heads", builder.getI64IntegerAttr(query.getDimSize(1)));
  plan.attributes.set("scale", attention.getScaleAttr());
  plan.attributes.set("kv_head_map", attention.getKvHeadMapAttr());
  plan.reads = {attention.getQ(), attention.getKNew(), attention.getVNew()};
  auto& loader = plan.page_loader.emplace();
  loader.kind = LoadPagesOp::getOperationName();
  loader.attributes = shared;
  loader.attributes.set("page_map", mlir::AffineMapAttr::get(attention.getEffectivePageMap()));
  loader.memories = {PlanPool("k_read", attention.getKPool()), PlanPool("v_read", attention.getVPool())};
  return mlir::success();
}

namespace {

// What the text makes of the heads (kernels/st/attention_plain.h): a unit of a row is a word of float16 or
// less, a set the query heads that are computed side by side.
struct HeadShape {
  int64_t units, sets, heads;
};

// From a row's score to its weight, from there to its weighed values (attention_plain.h).
constexpr int64_t kStagesFill = 64 + 136;

HeadShape ShapeOf(AttentionOp attention) {
  constexpr int64_t kMostHeadsAtOnce = 4;
  std::map<int64_t, int64_t> of_kv_head;
  for (int64_t head = 0; head < static_cast<int64_t>(attention.getQueryHeads()); ++head) {
    ++of_kv_head[*attention.getKvHead(head)];
  }
  int64_t group = 1;
  for (const auto& [kv_head, count] : of_kv_head) group = std::max(group, count);
  const auto dim = static_cast<int64_t>(attention.getHeadDim());
  const int64_t sets = contract::CeilDiv<int64_t>(group, kMostHeadsAtOnce);
  return {dim / std::gcd<int64_t>(dim, contract::kFloat16Lanes),
          static_cast<int64_t>(attention.getKvHeads()) * sets, contract::CeilDiv<int64_t>(group, sets)};
}

}  // namespace

mlir::LogicalResult AttentionOp::trace(Trace& trace) {
  const HeadShape shape = ShapeOf(*this);
  const StreamOp query = trace.ends().read(3);
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    // A page passes through four stages, a unit of it a cycle for each token and set of heads; here all
    // tokens are of one sequence.
    constexpr int64_t kRows = contract::kPageTokens;
    const int64_t page = trace.tokens() * shape.sets * std::max<int64_t>(shape.units, 2) * kRows;
    const int64_t fill = 2 * shape.units * kRows + kStagesFill + kFloatLoopFill;
    trace.Read(query, trace.Words(query));
    trace.Compute(static_cast<double>(trace.costs().context_pages * page));
    for (StreamOp rows : trace.ends().reads_of(ChannelKind::words)) {
      if (rows != query) trace.Read(rows, trace.Words(rows));
    }
    // The step's own rows are a page more.
    const int64_t divide = 8 * trace.tokens() * shape.sets * (shape.units + 1);
    trace.Compute(static_cast<double>(page + fill + divide));
    trace.Write(trace.ends().write(0), trace.Words(trace.ends().write(0)));
  });
  return mlir::success();
}

mlir::LogicalResult AttentionOp::emit(hls::ProcessWriter& writer) {
  const auto query_heads = static_cast<int64_t>(getQueryHeads()),
             kv_heads = static_cast<int64_t>(getKvHeads()), head_dim = static_cast<int64_t>(getHeadDim());
  const int64_t step_tokens = writer.design().step_tokens();
  // Query head to KV head, written out: the map's own text would have to divide negative numbers right.
  std::string heads;
  for (int64_t head = 0; head < query_heads; ++head) {
    heads += (head == 0 ? "" : ", ") + std::to_string(*getKvHead(head));
  }

  hls::TextWriter& out = writer.out();
  out.line("constexpr int " + writer.name() + "_kv_head[] = {" + heads + "};");
  WriteWindows(writer, getWindows());
  writer.OpenConfig();
  writer.Constant("query_heads", query_heads);
  WritePageConstants(writer, kv_heads, head_dim, static_cast<int64_t>(getMaskOffset()), getWindows());
  out.line("static constexpr float scale = " +
           hls::FloatLiteral(static_cast<uint32_t>(getScale().bitcastToAPInt().getZExtValue())) + ";");
  out.line("static constexpr int kv_head(int query_head) { return " + writer.name() +
           "_kv_head[query_head]; }");
  writer.CloseConfig();

  writer.AddHeader();
  const llvm::SmallVector<StreamOp> pages = writer.ends().reads_of(ChannelKind::pages);
  std::string arguments = ", " + writer.AddStream(pages[0], "key_words");
  arguments += ", " + writer.AddStream(pages[1], "value_words");
  for (StreamOp rows : writer.ends().reads_of(ChannelKind::words)) arguments += ", " + writer.AddStream(rows);
  arguments += ", " + writer.AddStream(writer.ends().write(0));
  writer.Open();
  out.line("st::attention<" + writer.name() + "_config>(headers" + arguments + ");");
  writer.Close();
  // The card's text needs the most: partial sums of the outputs, queries, the step's own rows, scores and
  // weights, up to 8 pages. The host's holds two pages as float32, the sums of a few tokens, the page table.
  constexpr int64_t kHeld = 8;
  const HeadShape shape = ShapeOf(*this);
  const int64_t sets = step_tokens * shape.sets * shape.heads;
  const int64_t sums = (contract::kRowPartials + 1) * (head_dim + shape.units);
  writer.set_local_bytes(4 * sets * (sums + 2) + 4 * step_tokens * (query_heads + 2 * kv_heads) * head_dim +
                         8 * kHeld * shape.sets * shape.heads * (contract::kPageTokens + 1) +
                         4 * kHeld * contract::kPageTokens * kv_heads * head_dim +
                         4 * step_tokens * writer.design().max_pages() +
                         4 * contract::kPageTokens * contract::kSumPartials * shape.heads);
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
