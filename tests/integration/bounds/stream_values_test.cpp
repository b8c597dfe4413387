// SPDX-License-Identifier: Apache-2.0
// Kinds that stand for one operation on itensors put each value where it belongs: the text of small modules,
// built as for the card and once more from its synthesis side, runs on fibers, in shapes of more than one
// kind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/integration/bounds/built_design.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

using Row = std::vector<float>;
using Rows = std::vector<Row>;

constexpr unsigned kSeed = 12;

// `columns` columns of every row, then the next, `count` times.
std::string Tiles(int64_t count, int64_t columns) {
  return absl::StrCat("!itensor.itensor<1x", columns, "xf32, [", count, ", T max 16]*[", columns,
                      ", 1], (d0, d1) -> (d1, d0)>");
}

// A step function on itensors, written line by line.
class StreamModule {
 public:
  // An input of `columns` columns, as an itensor of this type; its name.
  std::string Take(const std::string& type, int64_t columns) {
    const std::string input = absl::StrCat("x", inputs_.size());
    inputs_.push_back(columns);
    Add(absl::StrCat("%i_", input, " = builtin.unrealized_conversion_cast %", input, " : ", Tensor(columns),
                     " to ", type));
    return "%i_" + input;
  }
  void Add(const std::string& line) { absl::StrAppend(&body_, line, "\n"); }
  // An itensor of this type is the next result, brought into the order of rows.
  void Give(const std::string& itensor, const std::string& type, int64_t columns) {
    const std::string result = absl::StrCat("%r", outputs_.size());
    const std::string rows =
        absl::StrCat("!itensor.itensor<1x", columns, "xf32, [T max 16]*[1], (d0) -> (d0, 0)>");
    Add(absl::StrCat(result, "_rows = itensor.converter ", itensor, " {buffer = array<i64: 16, ", columns,
                     ">, shared_loops = 0 : i64} : ", type, " to ", rows));
    Add(absl::StrCat(result, " = builtin.unrealized_conversion_cast ", result, "_rows : ", rows, " to ",
                     Tensor(columns)));
    outputs_.push_back(columns);
  }

  std::string Text() const {
    std::vector<std::string> arguments, results, types;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      arguments.push_back(absl::StrCat("%x", i, ": ", Tensor(inputs_[i]), " {dataflow.input = \"x", i,
                                       "\", dataflow.symbol = \"T\"}"));
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      results.push_back(absl::StrCat("%r", i));
      types.push_back(Tensor(outputs_[i]));
    }
    const std::string given = absl::StrJoin(types, ", ");
    return absl::StrCat("module attributes {dataflow.symbols = {T = 16 : i64}} {\nfunc.func @step(",
                        absl::StrJoin(arguments, ", "), ") -> (", given, ") {\n", body_, "return ",
                        absl::StrJoin(results, ", "), " : ", given, "\n}\n}\n");
  }
  const std::vector<int64_t>& inputs() const { return inputs_; }
  const std::vector<int64_t>& outputs() const { return outputs_; }

 private:
  static std::string Tensor(int64_t columns) { return absl::StrCat("tensor<?x", columns, "xf32>"); }

  std::string body_;
  std::vector<int64_t> inputs_, outputs_;  // columns
};

// What the results must be, row by row of the inputs.
using Expected = std::function<std::vector<Row>(const std::vector<Row>& inputs)>;

void ExpectValues(const StreamModule& module, const Expected& expected) {
  SCOPED_TRACE(absl::StrCat("seed ", kSeed, "\n", module.Text()));
  const fs::path folder =
      fs::path(testing::TempDir()) / absl::StrCat("stream_values_", static_cast<int64_t>(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "streams.mlir") << module.Text();
  for (const BuiltDesign::Streams streams :
       {BuiltDesign::Streams::kChosenDepths, BuiltDesign::Streams::kRecorded}) {
    const bool plain = streams == BuiltDesign::Streams::kRecorded;
    SCOPED_TRACE(plain ? "plain" : "fast");
    absl::StatusOr<std::unique_ptr<BuiltDesign>> design =
        BuiltDesign::Build(folder / "streams.mlir", folder, streams);
    ASSERT_TRUE(design.ok()) << design.status();
    std::mt19937 random(kSeed);
    for (const size_t tokens : {1, 5, 16}) {
      std::vector<Rows> inputs;  // by row
      for (size_t t = 0; t < tokens; ++t) {
        std::vector<Row>& row = inputs.emplace_back();
        for (size_t i = 0; i < module.inputs().size(); ++i) {
          row.emplace_back(module.inputs()[i]);
          for (float& value : row.back()) value = static_cast<float>(random() % 20000) / 1000.0f - 10.0f;
          std::copy(row.back().begin(), row.back().end(),
                    (*design)->rows(absl::StrCat("x", i)) + t * row.back().size());
        }
      }
      if (plain) {
        ASSERT_TRUE((*design)->Record(FirstRows(static_cast<int64_t>(tokens), 0)).ok());
      } else {
        ASSERT_EQ((*design)->AskCard(FirstRows(static_cast<int64_t>(tokens), 0), {}), "");
      }
      for (size_t t = 0; t < tokens; ++t) {
        const std::vector<Row> rows = expected(inputs[t]);
        ASSERT_EQ(rows.size(), module.outputs().size());
        for (size_t i = 0; i < rows.size(); ++i) {
          const float* const got = (*design)->rows(absl::StrCat("output", i)) + t * module.outputs()[i];
          EXPECT_EQ(Row(got, got + module.outputs()[i]), rows[i])
              << "output " << i << ", row " << t << " of " << tokens;
        }
      }
    }
  }
  fs::remove_all(folder);
}

// A stream of `parts` column tiles each, of `columns` columns.
struct Cut {
  int64_t columns;
  std::vector<int64_t> parts;
  int64_t tiles() const { return std::accumulate(parts.begin(), parts.end(), int64_t{0}); }
};
// Halves; elements of more than one word, the last not full; three parts.
const Cut kCuts[] = {{16, {2, 2}}, {24, {1, 2}}, {16, {5, 1, 2}}};

TEST(StreamValues, OfChunkAreThoseOfTheSourceInOrder) {
  StreamModule module;
  for (const Cut& cut : kCuts) {
    const std::string whole = Tiles(cut.tiles(), cut.columns);
    const std::string source = module.Take(whole, cut.tiles() * cut.columns);
    std::vector<std::string> names, types;
    for (const int64_t part : cut.parts) {
      names.push_back(absl::StrCat(source, "_", names.size()));
      types.push_back(Tiles(part, cut.columns));
    }
    module.Add(absl::StrCat(absl::StrJoin(names, ", "), " = itensor.chunk ", source, " dim 1 : ", whole,
                            " to ", absl::StrJoin(types, ", ")));
    for (size_t i = 0; i < names.size(); ++i) module.Give(names[i], types[i], cut.parts[i] * cut.columns);
  }
  ExpectValues(module, [](const std::vector<Row>& inputs) {
    std::vector<Row> rows;
    for (size_t i = 0; i < std::size(kCuts); ++i) {
      auto at = inputs[i].begin();
      for (const int64_t part : kCuts[i].parts) {
        rows.emplace_back(at, at + part * kCuts[i].columns);
        at += part * kCuts[i].columns;
      }
    }
    return rows;
  });
}

TEST(StreamValues, OfConcatAreThoseOfTheSourcesOneAfterAnother) {
  StreamModule module;
  for (const Cut& cut : kCuts) {
    std::vector<std::string> names, types;
    for (const int64_t part : cut.parts) {
      types.push_back(Tiles(part, cut.columns));
      names.push_back(module.Take(types.back(), part * cut.columns));
    }
    const std::string whole = Tiles(cut.tiles(), cut.columns), result = names[0] + "_whole";
    module.Add(absl::StrCat(result, " = itensor.concat ", absl::StrJoin(names, ", "),
                            " dim 1 : ", absl::StrJoin(types, ", "), " to ", whole));
    module.Give(result, whole, cut.tiles() * cut.columns);
  }
  ExpectValues(module, [](const std::vector<Row>& inputs) {
    std::vector<Row> rows;
    auto input = inputs.begin();
    for (const Cut& cut : kCuts) {
      Row& row = rows.emplace_back();
      for (size_t i = 0; i < cut.parts.size(); ++i, ++input)
        row.insert(row.end(), input->begin(), input->end());
    }
    return rows;
  });
}

TEST(StreamValues, OfJoinAreElementsOfTheSourcesInTurn) {
  // Column tiles of two streams; whole rows of two, the last word not full; wide elements of three.
  struct Merge {
    size_t streams;
    int64_t columns, elements;
  };
  static constexpr Merge kMerges[] = {{2, 16, 3}, {2, 20, 1}, {3, 40, 2}};
  StreamModule module;
  for (const Merge& merge : kMerges) {
    const std::string type = Tiles(merge.elements, merge.columns);
    std::vector<std::string> names;
    for (size_t i = 0; i < merge.streams; ++i)
      names.push_back(module.Take(type, merge.elements * merge.columns));
    const std::string result = names[0] + "_merged";
    const int64_t round = static_cast<int64_t>(merge.streams) * merge.columns;
    const std::string merged = absl::StrCat("!itensor.itensor<1x", merge.columns, "xf32, [", merge.elements,
                                            ", T max 16, ", merge.streams, "]*[", round, ", 1, ",
                                            merge.columns, "], (d0, d1, d2) -> (d1, d0 + d2)>");
    module.Add(absl::StrCat(result, " = itensor.join ", absl::StrJoin(names, ", "), " : ",
                            absl::StrJoin(std::vector<std::string>(merge.streams, type), ", "), " to ",
                            merged));
    module.Give(result, merged, merge.elements * round);
  }
  ExpectValues(module, [](const std::vector<Row>& inputs) {
    std::vector<Row> rows;
    size_t first = 0;
    for (const Merge& merge : kMerges) {
      Row& row = rows.emplace_back();
      for (int64_t element = 0; element < merge.elements; ++element) {
        for (size_t i = 0; i < merge.streams; ++i) {
          const auto at = inputs[first + i].begin() + element * merge.columns;
          row.insert(row.end(), at, at + merge.columns);
        }
      }
      first += merge.streams;
    }
    return rows;
  });
}

}  // namespace
}  // namespace streamtensor::compiler
