// SPDX-License-Identifier: Apache-2.0
// The sampler against a slow reference written from the definitions, and its draws against the exact
// probabilities.
#include "server/sampling/sampler.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

namespace streamtensor::server {
namespace {

// Probability of each token: bias, penalties, temperature, top-k, top-p, min-p, each step on its own.
std::vector<double> Reference(const SamplingParams& params, std::vector<float> logits,
                              const std::vector<uint32_t>& prompt, const std::vector<uint32_t>& reply) {
  for (const auto& [id, bias] : params.logit_bias) logits[id] += bias;
  for (uint32_t id = 0; id < logits.size(); ++id) {
    const auto count = std::count(reply.begin(), reply.end(), id);
    if (count > 0 || std::count(prompt.begin(), prompt.end(), id) > 0) {
      logits[id] =
          logits[id] > 0 ? logits[id] / params.repetition_penalty : logits[id] * params.repetition_penalty;
    }
    if (count > 0)
      logits[id] -= params.presence_penalty + params.frequency_penalty * static_cast<float>(count);
  }
  std::vector<uint32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return logits[a] > logits[b]; });
  std::vector<double> p(logits.size(), 0);
  if (params.temperature == 0) {
    p[order[0]] = 1;
    return p;
  }
  auto normalise = [&] {
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& value : p) value /= sum;
  };
  for (uint32_t id = 0; id < logits.size(); ++id) {
    p[id] = std::exp((static_cast<double>(logits[id]) - logits[order[0]]) / params.temperature);
  }
  if (params.top_k > 0) {
    for (size_t i = params.top_k; i < order.size(); ++i) p[order[i]] = 0;
  }
  normalise();
  if (params.top_p < 1) {
    double reached = 0;
    for (uint32_t id : order) {
      if (reached >= params.top_p) p[id] = 0;
      reached += p[id];
    }
    normalise();
  }
  const double most = *std::max_element(p.begin(), p.end());
  for (double& value : p) {
    if (value < most * params.min_p) value = 0;
  }
  normalise();
  return p;
}

SamplingParams RandomParams(std::mt19937_64& random, uint32_t vocabulary) {
  auto one_of = [&](std::initializer_list<float> values) {
    return *(values.begin() + random() % values.size());
  };
  SamplingParams params;
  params.temperature = one_of({0.0f, 0.3f, 1.0f, 2.0f});
  params.top_k = static_cast<uint32_t>(one_of({0, 1, 3, 10, 1000}));
  params.top_p = one_of({1.0f, 0.9f, 0.5f, 0.05f});
  params.min_p = one_of({0.0f, 0.05f, 0.3f});
  params.repetition_penalty = one_of({1.0f, 1.3f, 0.8f});
  params.presence_penalty = one_of({0.0f, 0.7f, -0.5f});
  params.frequency_penalty = one_of({0.0f, 0.4f});
  if (random() % 2)
    params.logit_bias = {{static_cast<uint32_t>(random() % vocabulary), one_of({-5.0f, 5.0f, 1.0f})}};
  params.seed = random();
  return params;
}

TEST(Sampler, DrawsFollowTheExactProbabilities) {
  constexpr uint32_t kVocabulary = 40;
  constexpr int kDraws = 4000;
  SamplerBuffers buffers;  // one for all, as on a card
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal(0, 2);
    std::vector<float> logits(kVocabulary);
    for (float& logit : logits) logit = normal(random);
    SamplingParams params = RandomParams(random, kVocabulary);
    const std::vector<uint32_t> prompt = {1, 2, 3, 3};
    const std::vector<uint32_t> reply = {4, 4, 5};
    const std::vector<double> exact = Reference(params, logits, prompt, reply);

    std::vector<int> seen(kVocabulary, 0);
    for (int i = 0; i < kDraws; ++i) {
      params.seed = seed * 1000003 + i;
      Sampler sampler(params, prompt);
      for (uint32_t id : reply) sampler.Accept(id);
      const auto id = sampler.Sample(logits, {}, buffers);
      ASSERT_TRUE(id.ok()) << id.status();
      ++seen[*id];
    }
    double chi_square = 0;
    int cells = 0;
    double rest_expected = 0;
    int rest_seen = 0;
    for (uint32_t id = 0; id < kVocabulary; ++id) {
      if (exact[id] == 0) {
        EXPECT_EQ(seen[id], 0) << "token " << id << " is filtered out";
        continue;
      }
      const double expected = exact[id] * kDraws;
      if (expected < 5) {
        rest_expected += expected;
        rest_seen += seen[id];
        continue;
      }
      chi_square += (seen[id] - expected) * (seen[id] - expected) / expected;
      ++cells;
    }
    if (rest_expected >= 5) {
      chi_square += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
      ++cells;
    }
    // Mean cells - 1, variance twice that: five standard deviations and a little for the skew.
    const double freedom = std::max(cells - 1, 1);
    EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom) + 10);
  }
}

TEST(Sampler, GreedyTakesTheFirstOfEqualLogits) {
  SamplingParams params;
  params.temperature = 0;
  Sampler sampler(params, {});
  SamplerBuffers buffers;
  EXPECT_EQ(*sampler.Sample(std::vector<float>{1, 7, 7, 2}, {}, buffers), 1u);
  const std::vector<uint32_t> banned = {1};
  EXPECT_EQ(*sampler.Sample(std::vector<float>{1, 7, 7, 2}, banned, buffers), 2u);
}

// Rows are read in blocks and in lanes, with a rest.
TEST(Sampler, GreedyFindsTheLargestAndTheNaNAnywhere) {
  SamplingParams params;
  params.temperature = 0;
  Sampler sampler(params, {});
  SamplerBuffers buffers;
  for (const size_t size : {1u, 15u, 16u, 17u, 1023u, 1024u, 1025u, 2049u}) {
    std::vector<float> logits(size, -3.5f);
    for (size_t i = 0; i < size; ++i) {
      logits[i] = -1;
      logits[size - 1 - (size - 1 - i) / 2] = -1;  // an equal one, later or the same
      EXPECT_EQ(*sampler.Sample(logits, {}, buffers), i) << "of " << size;
      logits[size - 1 - (size - 1 - i) / 2] = -3.5f;
      logits[i] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_EQ(sampler.Sample(logits, {}, buffers).status().code(), absl::StatusCode::kInternal)
          << i << " of " << size;
      logits[i] = -3.5f;
    }
  }
}

TEST(Sampler, TheSameSeedAndPlaceGiveTheSameToken) {
  std::vector<float> logits(1000);
  std::mt19937_64 random(7);
  for (float& logit : logits) logit = static_cast<float>(random() % 1000) / 200;
  SamplingParams params;
  params.seed = 42;
  Sampler first(params, {});
  SamplerBuffers buffers;
  std::vector<uint32_t> tokens;
  for (int i = 0; i < 20; ++i) {
    tokens.push_back(*first.Sample(logits, {}, buffers));
    first.Accept(tokens.back());
  }
  // A second one, asked twice at each place, as after a preemption.
  Sampler second(params, {});
  for (uint32_t token : tokens) {
    EXPECT_EQ(*second.Sample(logits, {}, buffers), token);
    EXPECT_EQ(*second.Sample(logits, {}, buffers), token);
    second.Accept(token);
  }
  EXPECT_GT(std::set<uint32_t>(tokens.begin(), tokens.end()).size(), 10u);
}

TEST(Sampler, UniformDrawsAreUniform) {
  std::vector<int> seen(100, 0);
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (uint64_t index = 0; index < 1000; ++index) {
      const double draw = UniformDraw(seed, index);
      ASSERT_GE(draw, 0);
      ASSERT_LT(draw, 1);
      ++seen[static_cast<size_t>(draw * 100)];
    }
  }
  double chi_square = 0;
  for (int count : seen) chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  EXPECT_LT(chi_square, 99 + 5 * std::sqrt(2 * 99.0));
}

// A card samples for many sequences: what a row of logits needs belongs to the card.
TEST(Sampler, ASequenceHoldsNothingOfTheVocabularysSize) {
  constexpr size_t kVocabulary = 50000;
  constexpr size_t kSequences = 100;
  std::vector<float> logits(kVocabulary);
  std::mt19937_64 random(11);
  for (float& logit : logits) logit = static_cast<float>(random() % 1000) / 100;
  SamplerBuffers buffers;
  std::vector<SamplingParams> params;
  for (uint64_t i = 0; i < kSequences; ++i) {
    params.push_back(RandomParams(random, kVocabulary));
    params.back().repetition_penalty = 1.5f;
  }
  std::vector<Sampler> samplers;
  samplers.reserve(2 * kSequences);
  const auto sample_with_all = [&] {
    for (const SamplingParams& each : params) {
      samplers.emplace_back(each, std::vector<uint32_t>{1, 2, 3});
      const auto token = samplers.back().Sample(logits, {}, buffers);
      ASSERT_TRUE(token.ok()) << token.status();
      samplers.back().Accept(*token);
    }
  };
  sample_with_all();  // the buffers grow to what these need
  const auto allocated = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const size_t before = allocated();
  sample_with_all();
  EXPECT_LT((allocated() - before) / kSequences, 1024u) << "bytes a sequence";
}

TEST(Sampler, RefusesNaNAndNothingLeft) {
  Sampler sampler(SamplingParams(), {});
  SamplerBuffers buffers;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(sampler.Sample(std::vector<float>{0, nan}, {}, buffers).status().code(),
            absl::StatusCode::kInternal);
  const std::vector<uint32_t> all = {0, 1};
  EXPECT_EQ(sampler.Sample(std::vector<float>{0, 1}, all, buffers).status().code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace streamtensor::server
