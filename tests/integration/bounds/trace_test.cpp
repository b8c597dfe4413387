// SPDX-License-Identifier: Apache-2.0
// The trace of every kind is what its text does. The emitted text of designs that together hold every kind
// runs on the card's fibers with streams that record each operation; process by process, the record is the
// sequence that the kind's trace says, header, page table and done tokens included. Of weights and
// frames a trace tells blocks, and the plain text moves single words: those are counted. The text waits less
// than the trace does: weights wait for nothing, and a frame's words for room of as many frames.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include "compiler/analysis/row_layout.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "kernels/contract/word.h"
#include "tests/integration/bounds/built_design.h"
#include "tests/integration/bounds/readme_trace.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;
using dataflow::ChannelKind;
using Kind = Network::Operation::Kind;

const char* const kDesigns[] = {"tiny_llama", "attention", "layers", "mlp", "streams"};

// Each design is built once.
BuiltDesign* Recorded(const std::string& name) {
  static std::map<std::string, std::unique_ptr<BuiltDesign>> designs;
  if (auto found = designs.find(name); found != designs.end()) return found->second.get();
  const std::string model =
      name == "tiny_llama" ? std::string(ST_TINY_LLAMA) : ST_MODULES_DIR "/" + name + ".mlir";
  const fs::path folder = fs::path(testing::TempDir()) / ("traces_" + name + "_" + std::to_string(getpid()));
  fs::create_directories(folder);
  absl::StatusOr<std::unique_ptr<BuiltDesign>> built =
      BuiltDesign::Build(model, folder, BuiltDesign::Streams::kRecorded);
  fs::remove_all(folder);
  EXPECT_TRUE(built.ok()) << built.status();
  return (designs[name] = built.ok() ? *std::move(built) : nullptr).get();
}

// Appends what the program does from `at` to the end of its loop; returns where that stands.
size_t Expand(const Network& network, const std::vector<Network::Operation>& program, size_t at,
              std::vector<StreamEvent>& events) {
  static const std::map<Kind, char> kLetters = {{Kind::kRead, 'R'},    {Kind::kWrite, 'W'},
                                                {Kind::kOpen, '+'},    {Kind::kTake, '+'},
                                                {Kind::kPublish, '-'}, {Kind::kRelease, '-'}};
  for (; at < program.size() && program[at].kind != Kind::kEnd; ++at) {
    const Network::Operation& operation = program[at];
    if (operation.kind == Kind::kCompute) continue;
    if (operation.kind == Kind::kLoop) {
      for (int64_t i = 0; i < operation.count; ++i) Expand(network, program, at + 1, events);
      at = static_cast<size_t>(operation.other);
      continue;
    }
    const bool counted = operation.kind == Kind::kRead || operation.kind == Kind::kWrite;
    for (int64_t i = 0; i < (counted ? operation.count : 1); ++i) {
      events.push_back({kLetters.at(operation.kind), network.channels[operation.channel].name});
    }
  }
  return at;
}

// Where two sequences part, with what stands there.
std::string Difference(const std::vector<StreamEvent>& trace, const std::vector<StreamEvent>& record) {
  size_t at = 0;
  while (at < trace.size() && at < record.size() && trace[at] == record[at]) ++at;
  const auto show = [&](const std::vector<StreamEvent>& events) {
    return at < events.size() ? std::string(1, events[at].operation) + " " + events[at].stream : "the end";
  };
  return "operation " + std::to_string(at) + " is " + show(trace) + " by the trace, but " + show(record);
}

class TraceTest : public testing::TestWithParam<const char*> {
 protected:
  void ExpectTheSame(BuiltDesign& design, const TakenRows& wanted) {
    SCOPED_TRACE("T = " + std::to_string(wanted.size()));
    const int64_t layers = static_cast<int64_t>(design.design().getLayers());
    const mlir::FailureOr<DesignNetwork> built =
        BuildNetwork(design.design(), {static_cast<int64_t>(wanted.size()), layers, {wanted}}, {},
                     NetworkScope::kEverything);
    ASSERT_TRUE(mlir::succeeded(built));
    absl::StatusOr<std::map<std::string, std::vector<StreamEvent>>> record = design.Record(wanted);
    ASSERT_TRUE(record.ok()) << record.status();
    for (const Network::Process& process : built->network.processes) {
      std::vector<StreamEvent> trace;
      Expand(built->network, process.program, 0, trace);
      std::vector<StreamEvent> events = (*record)[process.name];
      const std::map<std::string, int64_t> frames = Take(ChannelKind::frames, design.design(), trace),
                                           rows = Take(ChannelKind::frames, design.design(), events),
                                           blocks = Take(ChannelKind::blocks, design.design(), trace),
                                           words = Take(ChannelKind::blocks, design.design(), events);
      EXPECT_TRUE(trace == events) << "@" << process.name << ": " << Difference(trace, events);
      ExpectAllFrames(design.design(), wanted, frames, rows);
      ExpectAllWeights(design.design(), blocks, words);
    }
  }

  // Counts the operations on streams of a kind, and removes them.
  static std::map<std::string, int64_t> Take(ChannelKind kind, dataflow::DesignOp design,
                                             std::vector<StreamEvent>& events) {
    std::map<std::string, int64_t> count;
    for (auto stream : design.getBody().getOps<dataflow::StreamOp>()) {
      if (stream.getKind() != kind) continue;
      const std::string name = stream.getSymName().str();
      const size_t before = events.size();
      llvm::erase_if(events, [&](const StreamEvent& event) { return event.stream == name; });
      if (events.size() < before) count[name] = static_cast<int64_t>(before - events.size());
    }
    return count;
  }

  // Of a process that gives or takes frames: one an issue, all words of its rows.
  static void ExpectAllFrames(dataflow::DesignOp design, const TakenRows& wanted,
                              const std::map<std::string, int64_t>& frames,
                              const std::map<std::string, int64_t>& words) {
    if (frames.empty() && words.empty()) return;
    process::EngineOp engine = *design.getBody().getOps<process::EngineOp>().begin();
    const auto tokens = static_cast<int64_t>(wanted.size()),
               logits = static_cast<int64_t>(std::count(wanted.begin(), wanted.end(), true));
    int64_t all_frames = 0, all_words = 0;
    const auto add = [&](mlir::ArrayAttr list, int64_t times) {
      for (auto issue : list.getAsRange<process::IssueAttr>()) {
        const dataflow::RowCount rows = issue.getRows();
        all_frames += times;
        all_words += times * issue.getGroups() *
                     (rows.is_fixed()                               ? rows.fixed
                      : rows.symbol == dataflow::RowSymbol::kTokens ? tokens
                                                                    : logits);
      }
    };
    add(engine.getPrologue(), 1);
    add(engine.getLayer(), static_cast<int64_t>(design.getLayers()));
    add(engine.getEpilogue(), 1);
    for (const auto& [name, count] : frames) EXPECT_EQ(count, 2 * all_frames) << name;
    for (const auto& [name, count] : words) EXPECT_EQ(count, all_words) << name;
    EXPECT_TRUE(!words.empty() || all_words == 0);
  }

  // Of a process that gives or takes weights: each channel passes all its words, and as many blocks as hold
  // them.
  static void ExpectAllWeights(dataflow::DesignOp design, const std::map<std::string, int64_t>& blocks,
                               const std::map<std::string, int64_t>& words) {
    if (blocks.empty() && words.empty()) return;
    process::EngineOp engine = *design.getBody().getOps<process::EngineOp>().begin();
    const auto layers = static_cast<int64_t>(design.getLayers());
    const auto channels = static_cast<int64_t>(
        dataflow::DesignSymbols(design).EndsOf(engine).reads_of(ChannelKind::blocks).size());
    int64_t all_blocks = 0;
    const auto add = [&](mlir::ArrayAttr list, int64_t times) {
      for (auto issue : list.getAsRange<process::IssueAttr>()) {
        const contract::IssueCut cut = issue.getCut(channels);
        all_blocks +=
            times * cut.rounds *
            contract::PartBlocks(static_cast<int>(issue.getBits()), static_cast<int>(issue.getScaleGroups()),
                                 static_cast<int>(cut.part_groups));
      }
    };
    add(engine.getPrologue(), 1);
    add(engine.getLayer(), layers);
    add(engine.getEpilogue(), 1);
    for (const auto& [name, count] : blocks) EXPECT_EQ(count, 2 * all_blocks) << name;
    EXPECT_EQ(blocks.size(), words.size());
    for (const auto& [name, count] : words) {
      EXPECT_EQ(count, engine.getChannelBytes(layers, channels) / contract::kWordBytes) << name;
    }
  }
};

TEST_P(TraceTest, IsWhatTheTextDoes) {
  BuiltDesign* design = Recorded(GetParam());
  ASSERT_NE(design, nullptr);
  for (const int64_t tokens : {0, 1, 2, 7, 16}) {
    for (const int64_t logits : {int64_t{0}, int64_t{1}, tokens / 2, tokens}) {
      if (logits > tokens) continue;
      ExpectTheSame(*design, FirstRows(tokens, logits));
      ExpectTheSame(*design, LastRows(tokens, logits));
    }
  }
  // Neither the first nor the last.
  ExpectTheSame(*design, {false, true, true, false, true, false, false});
}

INSTANTIATE_TEST_SUITE_P(Designs, TraceTest, testing::ValuesIn(kDesigns),
                         [](const auto& info) { return std::string(info.param); });

// The rows of kernels/README.md whose template is all of a process, and which process that is. The traces of
// the engine and of load_weights depend on blocks, which the README describes in words.
std::string TemplateOf(dataflow::ProcessOpInterface process, const dataflow::ProcessEnds& ends) {
  const llvm::StringRef kind = process->getName().stripDialect();
  if (kind == "header") return ends.writes.size() > 1 ? "header_with_pages" : "header";
  if (kind == "load") return "load_rows";
  if (kind == "store") {
    return FindRowLayout(process::TypeOf(ends.read(1)))->order == RowOrder::kTiles ? "store_tiles"
                                                                                   : "store_rows";
  }
  if (kind == "write_status" || kind == "attention" || kind == "kv_append" || kind == "load_pages") {
    return kind.str();
  }
  return "";
}

TraceSymbols SymbolsOf(dataflow::ProcessOpInterface process, const dataflow::ProcessEnds& ends, double tokens,
                       double logits) {
  auto design = process->getParentOfType<dataflow::DesignOp>();
  TraceSymbols symbols = {{"T", tokens},
                          {"W", logits},
                          {"P", 0},  // the steps here have no context
                          {"S", static_cast<double>(design.getBound("T"))},
                          {"M", static_cast<double>(design.getMaxPages())},
                          {"L", static_cast<double>(design.getLayers())}};
  if (auto attention = llvm::dyn_cast<process::AttentionOp>(*process)) {
    symbols["Q"] = contract::WordsOf(static_cast<int>(attention.getQueryHeads() * attention.getHeadDim()));
    symbols["K"] = contract::WordsOf(static_cast<int>(attention.getKvHeads() * attention.getHeadDim()));
  }
  if (auto append = llvm::dyn_cast<process::KvAppendOp>(*process)) {
    symbols["K"] = contract::WordsOf(static_cast<int>(append.getKvHeads() * append.getHeadDim()));
  }
  if (llvm::isa<process::LoadOp, process::StoreOp>(*process)) {
    const bool loads = llvm::isa<process::LoadOp>(*process);
    const RowLayout layout = *FindRowLayout(process::TypeOf(loads ? ends.write(0) : ends.read(1)));
    symbols["width"] = static_cast<double>(layout.width);
    symbols["rows"] = layout.rows.is_fixed() ? static_cast<double>(layout.rows.fixed)
                      : layout.rows.symbol == dataflow::RowSymbol::kTokens ? tokens
                                                                           : logits;
  }
  return symbols;
}

std::vector<std::string> Names(llvm::ArrayRef<dataflow::StreamOp> streams) {
  std::vector<std::string> names;
  for (dataflow::StreamOp stream : streams) names.push_back(stream.getSymName().str());
  return names;
}

TEST(Readme, ListsTheTracesOfTheKinds) {
  std::ifstream file(ST_KERNELS_DIR "/README.md");
  const ReadmeTraces readme = ReadmeTraces::Parse({std::istreambuf_iterator<char>(file), {}});
  std::set<std::string> seen;
  for (const char* name : kDesigns) {
    BuiltDesign* design = Recorded(name);
    ASSERT_NE(design, nullptr) << name;
    const dataflow::DesignSymbols symbols(design->design());
    for (const int64_t tokens : {0, 1, 5, 16}) {
      const int64_t logits = tokens / 2, layers = static_cast<int64_t>(design->design().getLayers());
      const mlir::FailureOr<DesignNetwork> built = BuildNetwork(
          design->design(), {tokens, layers, {FirstRows(tokens, logits)}}, {}, NetworkScope::kEverything);
      ASSERT_TRUE(mlir::succeeded(built));
      for (auto process : design->design().getBody().getOps<dataflow::ProcessOpInterface>()) {
        const dataflow::ProcessEnds ends = symbols.EndsOf(process);
        const std::string row = TemplateOf(process, ends);
        if (row.empty()) continue;
        SCOPED_TRACE(row + " in " + name + ", T = " + std::to_string(tokens));
        seen.insert(row);
        const std::vector<StreamEvent> listed =
            readme.Of(row, SymbolsOf(process, ends, static_cast<double>(tokens), static_cast<double>(logits)),
                      Names(ends.reads), Names(ends.writes));
        for (const Network::Process& in_network : built->network.processes) {
          if (in_network.name != process.getSymName()) continue;
          std::vector<StreamEvent> trace;
          Expand(built->network, in_network.program, 0, trace);
          EXPECT_TRUE(trace == listed) << Difference(trace, listed);
        }
      }
    }
  }
  EXPECT_EQ(seen,
            (std::set<std::string>{"attention", "header", "header_with_pages", "kv_append", "load_pages",
                                   "load_rows", "store_rows", "store_tiles", "write_status"}));
}

TEST(TraceCoverage, HasEveryKind) {
  std::set<std::string> seen, kinds;
  for (const char* name : kDesigns) {
    BuiltDesign* design = Recorded(name);
    ASSERT_NE(design, nullptr) << name;
    for (auto process : design->design().getBody().getOps<dataflow::ProcessOpInterface>()) {
      seen.insert(process->getName().getStringRef().str());
    }
    for (mlir::RegisteredOperationName kind : design->design().getContext()->getRegisteredOperations()) {
      if (kind.hasInterface<dataflow::ProcessOpInterface>()) kinds.insert(kind.getStringRef().str());
    }
  }
  EXPECT_EQ(seen, kinds) << "a kind without a design here has a trace that nobody has seen";
}

}  // namespace
}  // namespace streamtensor::compiler
