// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hls/process_writer.h"

#include "llvm/ADT/StringExtras.h"

namespace streamtensor::compiler::hls {
namespace {

// What a process' function takes; only the declaration of a stream knows its depth.
const char* StreamType(dataflow::ChannelKind kind) {
  switch (kind) {
    case dataflow::ChannelKind::words:
    case dataflow::ChannelKind::pages:
      return "hls::stream<st::word512>";
    case dataflow::ChannelKind::header:
      return "hls::stream<st::header_word>";
    case dataflow::ChannelKind::blocks:
      return "st::weight_port";
    case dataflow::ChannelKind::frames:
      return "frame_port";
    case dataflow::ChannelKind::done:
      return "hls::stream<st::done_token>";
  }
  llvm_unreachable("no such kind of channel");
}

}  // namespace

ProcessWriter::ProcessWriter(const DesignIndex& design, dataflow::ProcessOpInterface process, TextWriter* out,
                             ConstantPool* constants)
    : design_(design), ends_(design.symbols().EndsOf(process)), out_(*out), constants_(*constants) {
  text_.function = design.Name(process.getSymName());
}

void ProcessWriter::AddParameter(const std::string& type_and_name, const std::string& argument) {
  text_.parameters.push_back(type_and_name);
  text_.arguments.push_back(argument);
}

std::string ProcessWriter::AddStream(dataflow::StreamOp stream, llvm::StringRef parameter) {
  const std::string name = parameter.empty() ? design_.Name(stream.getSymName()) : parameter.str();
  AddParameter(std::string(StreamType(stream.getKind())) + "& " + name, design_.StreamText(stream));
  return name;
}

std::string ProcessWriter::AddMemory(dataflow::MemoryOp memory, llvm::StringRef parameter) {
  const std::string argument = design_.Name(memory.getSymName());
  const std::string name = parameter.empty() ? argument : parameter.str();
  // EmitDesign has refused memories without a pointer's type.
  AddParameter(*PointerType(memory) + " " + name, argument);
  return name;
}

void ProcessWriter::AddHeader() {
  for (dataflow::StreamOp stream : ends_.reads_of(dataflow::ChannelKind::header)) {
    AddStream(stream, "headers");
  }
}

void ProcessWriter::Open() {
  out_.line("static void " + name() + "(" + llvm::join(text_.parameters, ", ") + ") {");
  out_.set_depth(out_.depth() + 1);
}

void ProcessWriter::OpenWithHeader() {
  Open();
  out_.line("st::step_header header;");
  out_.line("st::read_header(headers, header);");
}

void ProcessWriter::OpenSection(std::optional<dataflow::Section> section) {
  if (section == dataflow::Section::layer) {
    OpenLayers();
  } else {
    out_.open("");
  }
}

void ProcessWriter::OpenLayers(int first) {
  out_.open("for (int layer = " + std::to_string(first) + "; layer < " + std::to_string(design_.layers()) +
            "; ++layer)");
  out_.directive("#pragma HLS LOOP_FLATTEN off");
}

void ProcessWriter::Constant(llvm::StringRef constant, int64_t value) {
  out_.line("static constexpr int " + constant + " = " + std::to_string(value) + ";");
}

void ProcessWriter::RowConstants(const dataflow::RowCount& rows) {
  out_.line("static constexpr st::row_symbol rows = " + RowSymbolText(rows) + ";");
  Constant("fixed_rows", rows.fixed);
}

}  // namespace streamtensor::compiler::hls
