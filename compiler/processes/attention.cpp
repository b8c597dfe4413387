// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/pages.h"
#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/numerics.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult AttentionOp::verify() {
  for (auto [name, value] : {std::pair("query_heads", getQueryHeads()), std::pair("kv_heads", getKvHeads()),
                             std::pair("head_dim", getHeadDim())}) {
    if (static_cast<int64_t>(value) < 1) return emitOpError() << name << " must be at least 1, got " << value;
  }
  for (auto [name, map] : {std::pair("kv_head_map", getKvHeadMap()), std::pair("page_map", getPageMap())}) {
    if (map.getNumDims() != 1 || map.getNumSymbols() != 0 || map.getNumResults() != 1) {
      return emitOpError() << name << " must take one index to one, got " << mlir::AffineMapAttr::get(map);
    }
  }
  const auto kv_heads = static_cast<int64_t>(getKvHeads());
  for (int64_t head = 0; head < static_cast<int64_t>(getQueryHeads()); ++head) {
    const std::optional<int64_t> kv_head = getKvHead(head);
    if (!kv_head) return emitOpError("kv_head_map has no value at query head ") << head;
    if (*kv_head < 0 || *kv_head >= kv_heads) {
      return emitOpError("maps query head ") << head << " to KV head " << *kv_head << " of " << kv_heads;
    }
  }
  for (int64_t window : getWindows()) {
    if (window < 0 || window > std::numeric_limits<int32_t>::max())
      return emitOpError("a window must be 0 or a number of positions below 2^31, got ") << window;
  }
  if (hls::AffineText(getPageMap().getResult(0), {"logical_page"})) return mlir::success();
  return emitOpError("page_map can't be written as C++: ") << mlir::AffineMapAttr::get(getPageMap());
}

std::optional<int64_t> AttentionOp::getKvHead(int64_t query_head) {
  llvm::SmallVector<mlir::Attribute> result;
  auto index = mlir::IntegerAttr::get(mlir::IndexType::get(getContext()), query_head);
  if (mlir::failed(getKvHeadMap().constantFold({index}, result))) return std::nullopt;
  return llvm::cast<mlir::IntegerAttr>(result[0]).getInt();
}

mlir::LogicalResult AttentionOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  const ChannelKind words = ChannelKind::words;
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::pages, words, words, words}},
                              {{words}}, {"k_read", "v_read"}))) {
    return mlir::failure();
  }
  const auto query = static_cast<int64_t>(getQueryHeads() * getHeadDim()),
             key = static_cast<int64_t>(getKvHeads() * getHeadDim());
  if (mlir::failed(ExpectWholeRows(*this, ends.read(2), kTokens, query)) ||
      mlir::failed(ExpectWholeRows(*this, ends.read(3), kTokens, key)) ||
      mlir::failed(ExpectWholeRows(*this, ends.read(4), kTokens, key)) ||
      mlir::failed(ExpectWholeRows(*this, ends.write(0), kTokens, query))) {
    return mlir::failure();
  }
  if (const auto layers =
          static_cast<size_t>(getOperation()->getParentOfType<dataflow::DesignOp>().getLayers());
      !getWindows().empty() && getWindows().size() != layers) {
    return emitOpError("has windows of ") << getWindows().size() << " layers, the design has " << layers;
  }
  return ExpectPools(*this, ends, static_cast<int64_t>(getKvHeads()), static_cast<int64_t>(getHeadDim()));
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
  plan.attributes.set("query_heads", builder.getI64IntegerAttr(query.getDimSize(1)));
  plan.attributes.set("kv_heads", builder.getI64IntegerAttr(key.getDimSize(1)));
  plan.attributes.set("head_dim", builder.getI64IntegerAttr(key.getDimSize(2)));
  plan.attributes.set("scale", attention.getScaleAttr());
  plan.attributes.set("kv_head_map", attention.getKvHeadMapAttr());
  plan.attributes.set("page_map", mlir::AffineMapAttr::get(attention.getEffectivePageMap()));
  plan.attributes.set("mask_offset", builder.getI64IntegerAttr(attention.getMaskOffset()));
  plan.attributes.set("windows", builder.getDenseI64ArrayAttr(attention.getWindows().value_or(std::nullopt)));
  plan.reads = {attention.getQ(), attention.getKNew(), attention.getVNew()};
  PlanPool("k_read", attention.getKPool(), plan);
  PlanPool("v_read", attention.getVPool(), plan);
  plan.reads_pages = true;
  return mlir::success();
}

namespace {

// What the text makes of the heads (kernels/st/attention_plain.h): a unit of a row is a word of float16 or
// less, a set the query heads that are computed side by side.
struct HeadShape {
  int64_t units, sets, heads;
};

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
  const auto kv_heads = static_cast<int64_t>(getKvHeads()), head_dim = static_cast<int64_t>(getHeadDim());
  const HeadShape shape = ShapeOf(*this);
  const StreamOp query = trace.ends().read(2);
  trace.ReadHeader();
  trace.Read(trace.ends().read(1), trace.PageTableWords());
  trace.InSection(getSection(), [&] {
    // A page is loaded once for the tokens of a sequence (here all are of one), a unit of it a cycle scored,
    // weighed and added for each token and set of heads.
    constexpr int64_t kRows = contract::kPageTokens;
    const int64_t load = kv_heads * head_dim;
    const int64_t compute = trace.tokens() * shape.sets * (2 * shape.units * kRows + kRows + 1);
    const int64_t page = load + compute + 4 * kFloatLoopFill;
    trace.Read(query, trace.Words(query));
    trace.Compute(static_cast<double>(trace.costs().context_pages * page));
    for (StreamOp rows : trace.ends().reads_of(ChannelKind::words)) {
      if (rows != query) trace.Read(rows, trace.Words(rows));
    }
    // The step's own rows are a page more.
    const int64_t divide = 8 * trace.tokens() * shape.sets * (shape.units + 1);
    trace.Compute(static_cast<double>(page + divide));
    trace.Write(trace.ends().write(0), trace.Words(trace.ends().write(0)));
  });
  return mlir::success();
}

mlir::LogicalResult AttentionOp::emit(hls::ProcessWriter& writer) {
  const auto query_heads = static_cast<int64_t>(getQueryHeads()),
             kv_heads = static_cast<int64_t>(getKvHeads()), head_dim = static_cast<int64_t>(getHeadDim());
  const int64_t step_tokens = writer.design().step_tokens(), max_pages = writer.design().max_pages();
  // Query head to KV head, written out: the map's own text would have to divide negative numbers right.
  std::string heads;
  for (int64_t head = 0; head < query_heads; ++head) {
    heads += (head == 0 ? "" : ", ") + std::to_string(*getKvHead(head));
  }
  const std::string column = *hls::AffineText(getPageMap().getResult(0), {"logical_page"});

  hls::TextWriter& out = writer.out();
  out.line("constexpr int " + writer.name() + "_kv_head[] = {" + heads + "};");
  if (!getWindows().empty()) {
    std::string windows;
    for (int64_t window : getWindows()) windows += (windows.empty() ? "" : ", ") + std::to_string(window);
    out.line("constexpr int " + writer.name() + "_window[] = {" + windows + "};");
  }
  writer.OpenConfig();
  writer.Constant("layers", writer.design().layers());
  writer.Constant("query_heads", query_heads);
  writer.Constant("kv_heads", kv_heads);
  writer.Constant("head_dim", head_dim);
  writer.Constant("step_tokens", step_tokens);
  writer.Constant("max_pages", max_pages);
  writer.Constant("mask_offset", static_cast<int64_t>(getMaskOffset()));
  out.line("static constexpr float scale = " +
           hls::FloatLiteral(static_cast<uint32_t>(getScale().bitcastToAPInt().getZExtValue())) + ";");
  out.line("static constexpr int kv_head(int query_head) { return " + writer.name() +
           "_kv_head[query_head]; }");
  // A column beyond the table is not one of this sequence: it is clamped, never read outside.
  out.line("static constexpr int page_column(int logical_page) { return (" + column + ") < 0 ? 0 : (" +
           column + ") >= max_pages ? max_pages - 1 : (" + column + "); }");
  if (!getWindows().empty()) {
    out.line("static constexpr int window(int layer) { return " + writer.name() + "_window[layer]; }");
  }
  writer.CloseConfig();

  writer.AddHeader();
  std::string arguments = ", " + writer.AddStream(writer.ends().read(1), "page_table");
  for (StreamOp rows : writer.ends().reads_of(ChannelKind::words)) arguments += ", " + writer.AddStream(rows);
  for (dataflow::MemoryOp pool : writer.ends().memories) arguments += ", " + writer.AddMemory(pool);
  arguments += ", " + writer.AddStream(writer.ends().write(0));
  writer.Open();
  out.line("st::attention<" + writer.name() + "_config>(headers" + arguments + ");");
  writer.Close();
  // The card's text needs the most: partial sums of the outputs, queries, scores and weights, the step's own
  // rows, two pages. The host's holds both of a page as float32, and the sums of a few tokens.
  const HeadShape shape = ShapeOf(*this);
  const int64_t sets = step_tokens * shape.sets * shape.heads;
  const int64_t sums = (contract::kRowPartials + 1) * (head_dim + shape.units);
  writer.set_local_bytes(4 * sets * (sums + 2 * contract::kPageTokens + 8) +
                         4 * step_tokens * (query_heads + 2 * kv_heads) * head_dim +
                         4 * step_tokens * max_pages + 8 * contract::kPageTokens * kv_heads * head_dim +
                         4 * contract::kPageTokens * contract::kSumPartials * shape.heads);
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
