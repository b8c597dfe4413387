// SPDX-License-Identifier: Apache-2.0
// Paged attention and the writes of keys and values: configurations of kernels/ templates.
#include "compiler/targets/hls/index_text.h"
#include "compiler/targets/hls/process_text.h"
#include "kernels/contract/kv_pages.h"

namespace streamtensor::compiler::hls {
namespace {

std::string Constant(const char* name, int64_t value) {
  return std::string("static constexpr int ") + name + " = " + std::to_string(value) + ";";
}

}  // namespace

mlir::LogicalResult ProcessWriter::EmitAttention() {
  const mlir::DictionaryAttr config = process_.getConfig().value_or(mlir::DictionaryAttr());
  const std::optional<int64_t> query_heads = Integer(config, "query_heads"),
                               kv_heads = Integer(config, "kv_heads"), head_dim = Integer(config, "head_dim"),
                               offset = Integer(config, "mask_offset");
  if (!query_heads || !kv_heads || !head_dim || !offset) return mlir::failure();
  auto scale = config.getAs<mlir::FloatAttr>("scale");
  auto head_map = config.getAs<mlir::AffineMapAttr>("kv_head_map");
  auto page_map = config.getAs<mlir::AffineMapAttr>("page_map");
  if (!scale || !head_map || !page_map) {
    return process_.emitOpError("needs `scale`, `kv_head_map` and `page_map` in its config");
  }
  if (process_.getSection() != dataflow::Section::layer) return process_.emitOpError("runs in the layers");
  if (DataReads().size() != 3 || DataWrites().size() != 1 || process_.getMemories().size() != 2) {
    return process_.emitOpError("reads q, k and v and two pools, and writes one stream");
  }

  // Query head to KV head, written out: the map's own text would have to divide negative numbers right.
  std::string heads;
  for (int64_t head = 0; head < *query_heads; ++head) {
    llvm::SmallVector<mlir::Attribute> result;
    auto index = mlir::IntegerAttr::get(mlir::IndexType::get(process_.getContext()), head);
    if (mlir::failed(head_map.getValue().constantFold({index}, result))) {
      return process_.emitOpError("has a kv_head_map that is undefined for query head ") << head;
    }
    const int64_t kv_head = llvm::cast<mlir::IntegerAttr>(result[0]).getInt();
    if (kv_head < 0 || kv_head >= *kv_heads) {
      return process_.emitOpError("maps query head ")
             << head << " to KV head " << kv_head << " of " << *kv_heads;
    }
    heads += (head == 0 ? "" : ", ") + std::to_string(kv_head);
  }
  const std::optional<std::string> column = AffineText(page_map.getValue().getResult(0), {"logical_page"});
  if (!column) return process_.emitOpError("has a page_map that can't be written as C++: ") << page_map;

  out_.line("constexpr int " + name_ + "_kv_head[] = {" + heads + "};");
  out_.open("struct " + name_ + "_config");
  out_.line(Constant("layers", network_.layers()));
  out_.line(Constant("query_heads", *query_heads));
  out_.line(Constant("kv_heads", *kv_heads));
  out_.line(Constant("head_dim", *head_dim));
  out_.line(Constant("step_tokens", network_.step_tokens()));
  out_.line(Constant("max_pages", network_.max_pages()));
  out_.line(Constant("mask_offset", *offset));
  out_.line("static constexpr float scale = " +
            FloatLiteral(static_cast<uint32_t>(scale.getValue().bitcastToAPInt().getZExtValue())) + ";");
  out_.line("static constexpr int kv_head(int query_head) { return " + name_ + "_kv_head[query_head]; }");
  // A column beyond the table is not one of this sequence: it is clamped, never read outside.
  out_.line("static constexpr int page_column(int logical_page) { return (" + *column + ") < 0 ? 0 : (" +
            *column + ") >= max_pages ? max_pages - 1 : (" + *column + "); }");
  out_.close(";");

  AddHeader();
  parameters_.push_back("hls::stream<st::word512>& page_table");
  text_.arguments.push_back("page_table");
  text_.reads_page_table = true;
  for (dataflow::StreamOp stream : DataReads()) AddWords(stream);
  for (mlir::Attribute name : process_.getMemories()) AddMemory(network_.memory(name));
  AddWords(DataWrites()[0]);
  Open();
  const std::vector<std::string>& names = text_.arguments;
  out_.line("st::attention<" + name_ + "_config>(headers, page_table, " + names[2] + ", " + names[3] + ", " +
            names[4] + ", " + names[5] + ", " + names[6] + ", " + names[7] + ");");
  out_.close();
  const int64_t tokens = network_.step_tokens();
  text_.local_bytes = 4 * tokens * (*query_heads + 2 * *kv_heads) * *head_dim +
                      4 * tokens * network_.max_pages() + 128 * network_.max_pages() * *query_heads +
                      4 * contract::kPageTokens * *head_dim + 4 * *query_heads * *head_dim;
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitKvAppend() {
  const mlir::DictionaryAttr config = process_.getConfig().value_or(mlir::DictionaryAttr());
  const std::optional<int64_t> kv_heads = Integer(config, "kv_heads"), head_dim = Integer(config, "head_dim");
  if (!kv_heads || !head_dim) return mlir::failure();
  if (process_.getSection() != dataflow::Section::layer) return process_.emitOpError("runs in the layers");
  if (DataReads().size() != 2 || process_.getMemories().size() != 2) {
    return process_.emitOpError("reads k and v, and writes two pools");
  }
  out_.open("struct " + name_ + "_config");
  out_.line(Constant("layers", network_.layers()));
  out_.line(Constant("kv_heads", *kv_heads));
  out_.line(Constant("head_dim", *head_dim));
  out_.close(";");
  AddHeader();
  for (dataflow::StreamOp stream : DataReads()) AddWords(stream);
  for (mlir::Attribute name : process_.getMemories()) AddMemory(network_.memory(name));
  AddDone();
  Open();
  const std::vector<std::string>& names = text_.arguments;
  out_.line("st::kv_append<" + name_ + "_config>(headers, " + names[1] + ", " + names[2] + ", " + names[3] +
            ", " + names[4] + ", done);");
  out_.close();
  text_.local_bytes = 4 * *kv_heads * *head_dim;
  return mlir::success();
}

}  // namespace streamtensor::compiler::hls
