// SPDX-License-Identifier: Apache-2.0
// The engine, what feeds it and what takes its results: one static order of issues.
#include "compiler/targets/hls/process_text.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler::hls {
namespace {

int64_t ListSize(std::optional<mlir::ArrayAttr> list) {
  return list ? static_cast<int64_t>(list->size()) : 0;
}

}  // namespace

mlir::LogicalResult ProcessWriter::EmitIssueList(const char* name, std::optional<mlir::ArrayAttr> list,
                                                 int64_t* fixed_rows) {
  if (ListSize(list) == 0) return mlir::success();
  out_.line(std::string("constexpr st::issue engine_") + name + "[] = {");
  for (mlir::Attribute attribute : *list) {
    auto issue = llvm::cast<mlir::DictionaryAttr>(attribute);
    const std::optional<int64_t> bits = Integer(issue, "bits"), groups = Integer(issue, "groups"),
                                 row_tiles = Integer(issue, "row_tiles");
    const mlir::FailureOr<RowCount> rows = Rows(issue);
    if (!bits || !groups || !row_tiles || mlir::failed(rows)) return mlir::failure();
    if (*bits != contract::kU4Bits && *bits != contract::kI8Bits)
      return process_.emitOpError("has an issue of ") << *bits << " bits; 4 or 8";
    if (rows->symbol.empty()) {
      if (*fixed_rows != 0 && *fixed_rows != rows->fixed) {
        return process_.emitOpError("has issues of ")
               << *fixed_rows << " and of " << rows->fixed << " rows; one fixed number is emitted";
      }
      *fixed_rows = rows->fixed;
    }
    out_.line("    {" + std::to_string(*bits) + ", " + std::to_string(*groups) + ", " +
              std::to_string(*row_tiles) + ", " + rows->SymbolText() + "},");
  }
  out_.line("};");
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitEngine() {
  int64_t fixed_rows = 0;
  int64_t max_groups = 1;
  const std::pair<const char*, std::optional<mlir::ArrayAttr>> lists[] = {
      {"prologue", process_.getPrologue()},
      {"layer", process_.getLayer()},
      {"epilogue", process_.getEpilogue()}};
  for (const auto& [name, list] : lists) {
    if (mlir::failed(EmitIssueList(name, list, &fixed_rows))) return mlir::failure();
    if (!list) continue;
    for (mlir::Attribute issue : *list) {
      max_groups = std::max(max_groups, *Integer(llvm::cast<mlir::DictionaryAttr>(issue), "groups"));
    }
  }
  const int64_t rows_bound = std::max(network_.step_tokens(), fixed_rows);
  if (network_.frame_words() != rows_bound * max_groups) {
    return process_.emitOpError("takes frames of ")
           << network_.frame_words() << " words; " << rows_bound << " rows of " << max_groups
           << " groups need " << rows_bound * max_groups;
  }
  const int64_t channels = static_cast<int64_t>(network_.weight_streams().size());
  if (channels == 0) return process_.emitOpError("has no weight stream");

  auto constant = [&](const char* name, int64_t value) {
    out_.line(std::string("static constexpr int ") + name + " = " + std::to_string(value) + ";");
  };
  out_.open("struct engine_config");
  constant("channels", channels);
  constant("step_tokens", rows_bound);
  constant("max_groups", max_groups);
  constant("layers", ListSize(process_.getLayer()) == 0 ? 0 : network_.layers());
  constant("fixed_rows", fixed_rows);
  const mlir::DictionaryAttr config = process_.getConfig().value_or(mlir::DictionaryAttr());
  constant("unroll", config ? Integer(config, "unroll").value_or(1) : 1);
  for (const auto& [name, list] : lists) {
    const int64_t size = ListSize(list);
    constant((std::string(name) + "_issues").c_str(), size);
    out_.line(std::string("static constexpr st::issue ") + name + (size == 0 ? "(int)" : "(int i)") +
              " { return " + (size == 0 ? "st::issue()" : std::string("engine_") + name + "[i]") + "; }");
  }
  out_.close(";");

  AddHeader();
  for (dataflow::StreamOp stream : DataReads()) {
    if (stream.getKind() == dataflow::ChannelKind::frames) AddFrames(stream);
  }
  parameters_.push_back("weight_stream (&weights)[" + std::to_string(channels) + "]");
  text_.arguments.push_back("weights");
  AddWords(DataWrites()[0]);
  Open();
  out_.line("st::engine<engine_config>(headers, " + text_.arguments[1] + ", weights, " + text_.arguments[3] +
            ");");
  out_.close();
  // The frame as the dot product wants it; the sums and the blocks' addresses of the row tiles that are
  // shared.
  text_.local_bytes =
      contract::kWordBytes * (network_.frame_words() + contract::kSharedRowTiles * rows_bound) + (64 << 10);
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitLoadWeights() {
  if (!network_.engine()) return process_.emitOpError("loads weights for an engine that is not there");
  const auto streams = network_.weight_streams();
  if (DataWrites().size() != 1 || process_.getMemories().size() != 1) {
    return process_.emitOpError("needs one memory and one stream of weights");
  }
  const auto* found = llvm::find(streams, DataWrites()[0]);
  if (found == streams.end()) return process_.emitOpError("writes a stream that the engine does not read");
  const std::string channel = std::to_string(found - streams.begin());
  dataflow::MemoryOp memory = network_.memory(process_.getMemories()[0]);
  if (memory.getChannel().value_or(~0u) != static_cast<uint64_t>(found - streams.begin())) {
    return process_.emitOpError("reads the memory of another channel than its stream's");
  }
  out_.line("struct " + name_ + "_config : engine_config { static constexpr int channel = " + channel +
            "; };");
  AddMemory(memory);
  parameters_.push_back("hls::stream_of_blocks<st::weight_block>& blocks");
  text_.arguments.push_back("weights[" + channel + "]");
  Open();
  out_.line("st::load_weights<" + name_ + "_config>(" + text_.arguments[0] + ", blocks);");
  out_.close();
  return mlir::success();
}

mlir::LogicalResult ProcessWriter::EmitLists(
    llvm::function_ref<mlir::LogicalResult(mlir::DictionaryAttr)> emit) {
  auto run = [&](std::optional<mlir::ArrayAttr> list) -> mlir::LogicalResult {
    if (!list) return mlir::success();
    for (mlir::Attribute operation : *list) {
      if (mlir::failed(emit(llvm::cast<mlir::DictionaryAttr>(operation)))) return mlir::failure();
    }
    return mlir::success();
  };
  if (mlir::failed(run(process_.getPrologue()))) return mlir::failure();
  if (ListSize(process_.getLayer()) > 0) {
    out_.open("for (int layer = 0; layer < " + std::to_string(network_.layers()) + "; ++layer)");
    out_.directive("#pragma HLS LOOP_FLATTEN off");
    if (mlir::failed(run(process_.getLayer()))) return mlir::failure();
    out_.close();
  }
  return run(process_.getEpilogue());
}

mlir::LogicalResult ProcessWriter::EmitActivationSwitch() {
  const std::vector<dataflow::StreamOp> sources = DataReads();
  AddHeader();
  for (dataflow::StreamOp stream : sources) AddWords(stream);
  if (DataWrites().size() != 1) return process_.emitOpError("needs one stream of frames to fill");
  AddFrames(DataWrites()[0]);
  const std::string frames = text_.arguments.back();
  OpenWithHeader();
  const mlir::LogicalResult result = EmitLists([&](mlir::DictionaryAttr issue) -> mlir::LogicalResult {
    const std::optional<int64_t> source = Integer(issue, "source"), groups = Integer(issue, "groups");
    const mlir::FailureOr<RowCount> rows = Rows(issue);
    if (!source || !groups || mlir::failed(rows)) return mlir::failure();
    if (*source < 0 || *source >= static_cast<int64_t>(sources.size())) {
      return process_.emitOpError("has no stream ") << *source;
    }
    auto order = issue.getAs<mlir::StringAttr>("order");
    const bool tiles = order && order.getValue() == "tiles";
    if (order && !tiles && order.getValue() != "rows") {
      return process_.emitOpError("has order ") << order << "; \"rows\" or \"tiles\"";
    }
    const int64_t bound = std::max(network_.step_tokens(), rows->fixed);
    const std::string function =
        tiles ? "st::fill_frame_from_tiles<" + std::to_string(*groups) + ", " + std::to_string(bound) + ">"
              : "st::fill_frame<" + std::to_string(*groups) + ">";
    out_.line(function + "(" + StreamName(sources[*source]) + ", " + rows->CountText() + ", " + frames +
              ");");
    return mlir::success();
  });
  out_.close();
  return result;
}

mlir::LogicalResult ProcessWriter::EmitResultSwitch() {
  const std::vector<dataflow::StreamOp> sinks = DataWrites();
  AddHeader();
  if (DataReads().size() != 1) return process_.emitOpError("needs one stream of results");
  AddWords(DataReads()[0]);
  const std::string results = text_.arguments.back();
  for (dataflow::StreamOp stream : sinks) AddWords(stream);
  OpenWithHeader();
  const mlir::LogicalResult result = EmitLists([&](mlir::DictionaryAttr route) -> mlir::LogicalResult {
    auto targets = route.getAs<mlir::DenseI64ArrayAttr>("sinks");
    const std::optional<int64_t> row_tiles = Integer(route, "row_tiles");
    const mlir::FailureOr<RowCount> rows = Rows(route);
    if (!row_tiles || mlir::failed(rows)) return mlir::failure();
    if (!targets || targets.empty()) return process_.emitOpError("needs `sinks` in ") << route;
    std::vector<std::string> names;
    for (int64_t target : targets.asArrayRef()) {
      if (target < 0 || target >= static_cast<int64_t>(sinks.size())) {
        return process_.emitOpError("has no stream ") << target;
      }
      names.push_back(StreamName(sinks[target]));
    }
    if (names.size() == 1) {
      out_.line("st::route(" + results + ", " + std::to_string(*row_tiles) + ", " + rows->CountText() + ", " +
                names[0] + ");");
      return mlir::success();
    }
    if (names.size() == 2) {
      out_.line("st::route_alternating(" + results + ", " + std::to_string(*row_tiles) + ", " +
                rows->CountText() + ", " + names[0] + ", " + names[1] + ");");
      return mlir::success();
    }
    out_.open("for (int tile = 0; tile < " + std::to_string(*row_tiles) + "; ++tile)");
    out_.directive("#pragma HLS LOOP_FLATTEN off");
    for (const std::string& name : names) {
      out_.line("st::copy_words(" + results + ", " + rows->CountText() + ", " + name + ");");
    }
    out_.close();
    return mlir::success();
  });
  out_.close();
  return result;
}

}  // namespace streamtensor::compiler::hls
