// SPDX-License-Identifier: Apache-2.0
// verify-bound and the card agree. Each case runs the design's network without values, as the pass does, and
// the emitted text on the card's fibers, and compares what they say, the named cycle included.
//
// STREAMTENSOR_BOUNDS_CASES: random cases a design (default 100). STREAMTENSOR_BOUNDS_SEED: where they start.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>

#include "tests/integration/bounds/built_design.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string ModelPath(const std::string& name) {
  return name == "tiny_llama" ? std::string(ST_TINY_LLAMA) : ST_MODULES_DIR "/" + name + ".mlir";
}

class BoundsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    design_ = Built(GetParam());
    ASSERT_NE(design_, nullptr);
    layers_ = std::min(static_cast<int64_t>(design_->design().getLayers()), kLayersToProve);
    for (auto stream : design_->design().getBody().getOps<dataflow::StreamOp>()) {
      if (IsControl(stream.getKind())) continue;
      ASSERT_TRUE(stream.getMinimum().has_value());
      minimum_[stream.getSymName().str()] = static_cast<int64_t>(*stream.getMinimum());
      if (stream.getRole()) bounded_.push_back(stream.getSymName().str());
      if (stream.getKind() != dataflow::ChannelKind::blocks) chosen_.push_back(stream.getSymName().str());
    }
  }

  // Each design is built once.
  static BuiltDesign* Built(const std::string& name) {
    static std::map<std::string, std::unique_ptr<BuiltDesign>> designs;
    if (auto found = designs.find(name); found != designs.end()) return found->second.get();
    const fs::path folder =
        fs::path(testing::TempDir()) / ("bounds_" + name + "_" + std::to_string(getpid()));
    fs::create_directories(folder);
    absl::StatusOr<std::unique_ptr<BuiltDesign>> built = BuiltDesign::Build(ModelPath(name), folder);
    fs::remove_all(folder);
    EXPECT_TRUE(built.ok()) << built.status();
    return (designs[name] = built.ok() ? *std::move(built) : nullptr).get();
  }

  // Both sides on one step; true when it completes.
  bool Agree(const TakenRows& wanted, const Depths& depths) {
    const std::string pass =
        design_->AskPass({static_cast<int64_t>(wanted.size()), layers_, {wanted}}, depths);
    const std::string card = design_->AskCard(wanted, depths);
    EXPECT_EQ(pass, card) << "T = " << wanted.size();
    return card.empty();
  }

  // No row, one, about half and all of them, first and last.
  static std::vector<TakenRows> ChoicesOf(int64_t tokens) {
    std::vector<TakenRows> choices;
    for (int64_t logits : {int64_t{0}, int64_t{1}, tokens / 2, tokens}) {
      if (logits > tokens) continue;
      for (const TakenRows& rows : {FirstRows(tokens, logits), LastRows(tokens, logits)}) {
        if (std::find(choices.begin(), choices.end(), rows) == choices.end()) choices.push_back(rows);
      }
    }
    return choices;
  }

  BuiltDesign* design_ = nullptr;
  int64_t layers_ = 1;
  Depths minimum_;
  std::vector<std::string> bounded_;  // rings and reconvergent FIFOs
  std::vector<std::string> chosen_;   // all whose depth can be chosen
};

TEST_P(BoundsTest, TheBoundCompletesAndOneLessDeadlocksInTheSameCycle) {
  ASSERT_FALSE(bounded_.empty());
  for (int64_t tokens = 0; tokens <= 16; ++tokens) {
    for (const TakenRows& wanted : ChoicesOf(tokens)) EXPECT_TRUE(Agree(wanted, {})) << "T = " << tokens;
  }
  for (const std::string& name : bounded_) {
    SCOPED_TRACE(name);
    const Depths less = {{name, minimum_[name] - 1}};
    int deadlocks = 0, steps = 0;
    for (int64_t tokens = 0; tokens <= 16; ++tokens) {
      for (const TakenRows& wanted : ChoicesOf(tokens)) {
        ++steps;
        if (!Agree(wanted, less)) ++deadlocks;
      }
    }
    EXPECT_GT(deadlocks, 0) << "depth " << minimum_[name] - 1 << " is enough";
    std::printf("%s: '%s' needs %ld; one less stops %d of %d steps\n", GetParam(), name.c_str(),
                static_cast<long>(minimum_[name]), deadlocks, steps);
  }
}

TEST_P(BoundsTest, RandomDepthsAndRowsNeverSafeWhereTheCardStops) {
  const uint64_t cases = FromEnvironment("STREAMTENSOR_BOUNDS_CASES", 100);
  const uint64_t first = FromEnvironment("STREAMTENSOR_BOUNDS_SEED", 1);
  const mlir::FailureOr<std::vector<StepShape>> proved = ShapesToProve(design_->design());
  ASSERT_TRUE(mlir::succeeded(proved));
  uint64_t safe = 0, stopped = 0;
  for (uint64_t seed = first; seed < first + cases; ++seed) {
    SCOPED_TRACE("STREAMTENSOR_BOUNDS_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
    // Most FIFOs at their bound or a little above, a few below.
    Depths depths;
    for (const std::string& name : chosen_) {
      const int64_t least = minimum_[name];
      depths[name] = least + below(3);
      if (least > 1 && below(8) == 0) depths[name] = 1 + below(least);
    }
    const bool is_safe = std::all_of(proved->begin(), proved->end(), [&](const StepShape& shape) {
      return design_->AskPass(shape, depths).empty();
    });
    safe += is_safe ? 1 : 0;
    bool completes = true;
    for (int step = 0; step < 8; ++step) {
      TakenRows wanted(1 + below(16));
      for (size_t row = 0; row < wanted.size(); ++row) wanted[row] = below(2) != 0;
      completes = Agree(wanted, depths) && completes;
    }
    EXPECT_TRUE(completes || !is_safe) << "called safe, and the card stops";
    stopped += completes ? 0 : 1;
  }
  std::printf("%s: seeds %llu..%llu, %llu designs called safe, %llu stopped\n", GetParam(),
              static_cast<unsigned long long>(first), static_cast<unsigned long long>(first + cases - 1),
              static_cast<unsigned long long>(safe), static_cast<unsigned long long>(stopped));
  EXPECT_TRUE(cases < 100 || (safe > 0 && stopped > 0)) << "one side of the comparison is never tried";
}

INSTANTIATE_TEST_SUITE_P(Designs, BoundsTest, testing::Values("tiny_llama", "layers", "mlp", "streams"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace streamtensor::compiler
