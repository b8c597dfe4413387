// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/process_text.h"

#include "llvm/ADT/StringExtras.h"

namespace streamtensor::compiler::hls {

ProcessWriter::ProcessWriter(const Network& network, dataflow::ProcessOp process, TextWriter* out,
                             ConstantPool* constants)
    : network_(network),
      process_(process),
      out_(*out),
      constants_(*constants),
      name_(network.Name(process.getSymName())) {
  text_.function = name_;
}

mlir::FailureOr<ProcessText> ProcessWriter::Emit() {
  auto emit = [&]() -> mlir::LogicalResult {
    switch (process_.getKind()) {
      case dataflow::ProcessKind::kernel:
        return EmitKernel();
      case dataflow::ProcessKind::load_weights:
        return EmitLoadWeights();
      case dataflow::ProcessKind::engine:
        return EmitEngine();
      case dataflow::ProcessKind::activation_switch:
        return EmitActivationSwitch();
      case dataflow::ProcessKind::result_switch:
        return EmitResultSwitch();
      case dataflow::ProcessKind::convert:
        return EmitConvert();
      case dataflow::ProcessKind::fork:
        return EmitFork();
      case dataflow::ProcessKind::carry:
        return EmitCarry();
      case dataflow::ProcessKind::attention:
        return EmitAttention();
      case dataflow::ProcessKind::kv_append:
        return EmitKvAppend();
      case dataflow::ProcessKind::take_rows:
        return EmitTakeRows();
      case dataflow::ProcessKind::load:
        return EmitLoad();
      case dataflow::ProcessKind::store:
        return EmitStore();
      case dataflow::ProcessKind::header:
        break;
    }
    return process_.emitOpError("is emitted with the top function");
  };
  if (mlir::failed(emit())) return mlir::failure();
  return text_;
}

std::vector<dataflow::StreamOp> ProcessWriter::DataReads() const {
  std::vector<dataflow::StreamOp> streams;
  for (mlir::Attribute name : dataflow::ProcessOp(process_).getReads()) {
    dataflow::StreamOp stream = network_.stream(name);
    if (stream.getKind() != dataflow::ChannelKind::header) streams.push_back(stream);
  }
  return streams;
}

std::vector<dataflow::StreamOp> ProcessWriter::DataWrites() const {
  std::vector<dataflow::StreamOp> streams;
  for (mlir::Attribute name : dataflow::ProcessOp(process_).getWrites())
    streams.push_back(network_.stream(name));
  return streams;
}

void ProcessWriter::AddHeader() {
  for (mlir::Attribute name : process_.getReads()) {
    dataflow::StreamOp stream = network_.stream(name);
    if (stream.getKind() != dataflow::ChannelKind::header) continue;
    parameters_.push_back("hls::stream<st::header_word>& headers");
    text_.arguments.push_back(StreamName(stream));
  }
}

void ProcessWriter::AddWords(dataflow::StreamOp stream) {
  parameters_.push_back("hls::stream<st::word512>& " + StreamName(stream));
  text_.arguments.push_back(StreamName(stream));
}

void ProcessWriter::AddFrames(dataflow::StreamOp stream) {
  parameters_.push_back("hls::stream_of_blocks<activation_frame>& " + StreamName(stream));
  text_.arguments.push_back(StreamName(stream));
}

void ProcessWriter::AddMemory(dataflow::MemoryOp memory) {
  const std::string name = network_.Name(memory.getSymName());
  parameters_.push_back(PointerType(memory).value_or("const void*") + " " + name);
  text_.arguments.push_back(name);
}

void ProcessWriter::AddDone() {
  parameters_.push_back("hls::stream<st::done_token>& done");
  text_.arguments.push_back("done_" + name_);
  text_.sends_done = true;
}

void ProcessWriter::Open() {
  text_.parameters = parameters_;
  out_.line("static void " + name_ + "(" + llvm::join(parameters_, ", ") + ") {");
  out_.set_depth(out_.depth() + 1);
}

void ProcessWriter::OpenWithHeader() {
  Open();
  out_.line("st::step_header header;");
  out_.line("st::read_header(headers, header);");
}

void ProcessWriter::OpenSection() {
  if (process_.getSection() == dataflow::Section::layer) {
    out_.open("for (int layer = 0; layer < " + std::to_string(network_.layers()) + "; ++layer)");
    out_.directive("#pragma HLS LOOP_FLATTEN off");
  } else {
    out_.open("");
  }
}

void ProcessWriter::CloseSection() { out_.close(); }

std::string ProcessWriter::WordsText(itensor::ITensorType type) const {
  int64_t fixed = type.getElementWords();
  std::string symbols;
  for (unsigned loop = 0; loop < type.getNumLoops(); ++loop) {
    if (type.isSymbolic(loop)) {
      symbols += " * " + RowsOfLoop(type, loop).CountText();
    } else {
      fixed *= type.getTripBounds()[loop];
    }
  }
  return std::to_string(fixed) + symbols;
}

std::optional<int64_t> ProcessWriter::Integer(mlir::DictionaryAttr dictionary, llvm::StringRef key) const {
  auto value = dictionary ? dictionary.getAs<mlir::IntegerAttr>(key) : mlir::IntegerAttr();
  if (!value) {
    dataflow::ProcessOp(process_).emitOpError("needs an integer `") << key << "` in " << dictionary;
    return std::nullopt;
  }
  return value.getInt();
}

mlir::FailureOr<RowCount> ProcessWriter::Rows(mlir::DictionaryAttr dictionary) const {
  const std::optional<RowCount> rows = ParseRows(dictionary ? dictionary.get("rows") : mlir::Attribute());
  if (!rows) {
    return dataflow::ProcessOp(process_).emitOpError("needs `rows` of \"T\", \"W\" or a number in ")
           << dictionary;
  }
  return *rows;
}

mlir::FailureOr<RowLayout> ProcessWriter::Layout(dataflow::StreamOp stream) const {
  auto type = llvm::dyn_cast<itensor::ITensorType>(stream.getType().value_or(mlir::Type()));
  const std::optional<RowLayout> layout = type ? FindRowLayout(type) : std::nullopt;
  if (!layout) {
    return stream.emitOpError("carries neither rows nor row tiles of float32, which @")
           << dataflow::ProcessOp(process_).getSymName()
           << " takes: " << stream.getType().value_or(mlir::Type());
  }
  return *layout;
}

}  // namespace streamtensor::compiler::hls
