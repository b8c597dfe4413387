// SPDX-License-Identifier: Apache-2.0
#include "server/generation/generation_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/field_error.h"
#include "tests/server/generation/fake_model.h"

namespace streamtensor::server {
namespace {

using testing::FakeModel;
using ::testing::HasSubstr;
using testing::SimulatedClock;

constexpr char kAlice[] = "Bearer alice-0123456789abcdef";
constexpr char kBob[] = "Bearer bob-0123456789abcdef";

class GenerationServiceTest : public ::testing::Test {
 protected:
  GenerationService Make(bool log_prompts = false) {
    GenerationService::Options options;
    options.find_model =
        [this](const std::string& name) -> absl::StatusOr<std::shared_ptr<const LoadedModel>> {
      if (name == "loading") return absl::UnavailableError("model loading is LOADING");
      if (name != "m") return absl::NotFoundError("there is no such model");
      return model_.get();
    };
    options.load = [this] { return load_; };
    options.metrics = &metrics_;
    options.clock = &time_;
    options.access = &access_;
    options.log_prompts = log_prompts;
    return GenerationService(std::move(options));
  }
  static ClientRequest Ask(const std::string& model) {
    ClientRequest request;
    request.model = model;
    request.prompt = "hello";
    return request;
  }
  double Rejected(const std::string& reason) {
    const std::string name = "streamtensor_requests_rejected_total{reason=\"" + reason + "\"} ";
    const std::string text = metrics_.Render();
    const size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stod(text.substr(at + name.size()));
  }

  const SystemClock clock_;
  const FakeModel model_{&clock_, nullptr};
  SimulatedClock time_;
  Metrics metrics_{"test"};
  AccessControl access_;
  int64_t load_ = 0;
};

TEST_F(GenerationServiceTest, AClientsRequestIdIsKeptIfItFits) {
  GenerationService service = Make();
  EXPECT_EQ(service.RequestId("shop-42.a:b_C"), "shop-42.a:b_C");
  EXPECT_EQ(service.RequestId(std::string(64, 'x')), std::string(64, 'x'));
  EXPECT_EQ(service.RequestId(""), "r1");
  for (const char* bad : {"with space", "quote\"", "new\nline", "\xc3\xa9"}) {
    EXPECT_EQ(service.RequestId(bad).substr(0, 1), "r") << bad;
  }
  EXPECT_EQ(service.RequestId(std::string(65, 'x')), "r6");
}

TEST_F(GenerationServiceTest, RefusalsOfAccessAreCounted) {
  access_.SetPolicy(
      *ClientTokens::Parse("alice alice-0123456789abcdef\nbob bob-0123456789abcdef other\n", "t"), 6);
  GenerationService service = Make();
  EXPECT_TRUE(service.Admit({kAlice, "ipv4:1.1.1.1:1"}, "m").ok());
  EXPECT_EQ(service.Admit({"", "ipv4:1.1.1.1:1"}, "").code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(service.Admit({kBob, "ipv4:1.1.1.1:1"}, "m").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Rejected("unauthenticated"), 1);
  EXPECT_EQ(Rejected("permission_denied"), 1);
  EXPECT_FALSE(service.CheckAccess({kBob, "ipv4:1.1.1.1:1"}, "m").ok());
  EXPECT_TRUE(service.CheckAccess({kBob, "ipv4:1.1.1.1:1"}, "other").ok());
  EXPECT_EQ(Rejected("permission_denied"), 1) << "a question is no refusal";
}

TEST_F(GenerationServiceTest, RequestsOfEachKindCountAgainstTheRate) {
  access_.SetPolicy(std::nullopt, 6);  // one in ten seconds
  GenerationService service = Make();
  const Caller caller{"", "ipv4:1.1.1.1:1"};
  EXPECT_TRUE(service.AdmitGeneration("r1", caller, "m").ok());
  EXPECT_TRUE(service.CheckAccess(caller, "m").ok());
  for (const absl::Status& refused :
       {service.AdmitGeneration("r2", caller, "m"), service.Admit(caller, "m")}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(service.RetryAfterMs(refused), 10000);
  }
  EXPECT_EQ(Rejected("resource_exhausted"), 2);
  time_.now += absl::Seconds(10);
  EXPECT_TRUE(service.Admit(caller, "m").ok());
  EXPECT_FALSE(service.AdmitGeneration("r3", caller, "m").ok());
}

TEST_F(GenerationServiceTest, LongRequestsNeverDelayShortOnes) {
  GenerationService service = Make();
  const int64_t room = model_.get()->cards().room();
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  std::atomic<int> prepared = 0;
  const auto wait = [&, opened] {
    opened.wait();
    ++prepared;
  };
  const size_t bytes = PromptQueue::kMaxShortBytes + 1;
  int64_t accepted = 0;
  absl::Status refused;
  while ((refused = service.Prepare("r1", "m", bytes, wait)).ok()) ++accepted;
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Rejected("resource_exhausted"), 1);
  EXPECT_GE(accepted, room);
  EXPECT_LE(accepted, room + 2) << "those that are being prepared do not wait";
  bool is_prepared = false;
  EXPECT_TRUE(service.Prepare("r2", "m", bytes - 1, [&] { is_prepared = true; }).ok());
  EXPECT_TRUE(is_prepared);
  gate.set_value();
  service.Close();
  EXPECT_EQ(prepared, accepted);
  EXPECT_TRUE(absl::IsUnavailable(service.Prepare("r3", "m", bytes, [] {})));
}

TEST_F(GenerationServiceTest, LongRequestsHoldSoManyBytesWhileTheyWait) {
  GenerationService service = Make();
  std::promise<void> gate;
  const std::shared_future<void> opened = gate.get_future().share();
  const size_t bytes = PromptQueue::kMaxWaitingBytes / 4;
  int accepted = 0;
  while (service.Prepare("r1", "m", bytes, [opened] { opened.wait(); }).ok()) ++accepted;
  gate.set_value();
  EXPECT_GE(accepted, 4);
  EXPECT_LE(accepted, 6);
}

TEST_F(GenerationServiceTest, TextsToTokenizeHaveTheLimitsOfPrompts) {
  GenerationService service = Make();
  const size_t max_tokens = FakeModel::kContext;  // more than
  service.SetLimits({4});
  const std::string longest(max_tokens, 'a');
  EXPECT_EQ(service.Tokenize(*model_.get(), longest, false, nullptr)->size(), max_tokens);
  EXPECT_EQ(FieldOf(service.Tokenize(*model_.get(), longest + "a", false, nullptr).status()), "text");
  const auto gone = [] { return absl::CancelledError("gone"); };
  service.SetLimits({1 << 20});
  EXPECT_EQ(service.Tokenize(*model_.get(), std::string(1 << 20, 'a'), false, gone).status(), gone());
  service.SetLimits({4});
  EXPECT_TRUE(service.Detokenize(*model_.get(), std::vector<uint32_t>(max_tokens)).ok());
  const auto refused = service.Detokenize(*model_.get(), std::vector<uint32_t>(max_tokens + 1));
  EXPECT_EQ(FieldOf(refused.status()), "token_ids");
}

TEST_F(GenerationServiceTest, AFullQueueIsTriedAgainWhenARequestMayHaveEnded) {
  GenerationService service = Make();
  EXPECT_EQ(service.RetryAfterMs(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(service.RetryAfterMs(absl::UnavailableError("")), std::nullopt);
  // Requests take a second, as long as nothing else is known.
  EXPECT_EQ(service.RetryAfterMs(absl::ResourceExhaustedError("")), 1000);
  load_ = 4;
  EXPECT_EQ(service.RetryAfterMs(absl::ResourceExhaustedError("")), 250);
  load_ = 1000000;
  EXPECT_EQ(service.RetryAfterMs(absl::ResourceExhaustedError("")), 50);
}

TEST_F(GenerationServiceTest, AModelThatCanNotBeAskedIsARefusal) {
  const GenerationService service = Make();
  const auto never = []() -> std::string {
    ADD_FAILURE() << "prompts are not logged";
    return "";
  };
  EXPECT_EQ(service.Check("r1", Ask("nope"), nullptr, never).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(service.Check("r1", Ask("loading"), nullptr, never).status().code(),
            absl::StatusCode::kUnavailable);
  const absl::Status nameless = service.Check("r1", Ask(""), nullptr, never).status();
  EXPECT_EQ(FieldOf(nameless), "model");
  EXPECT_EQ(Rejected("not_found"), 1);
  EXPECT_EQ(Rejected("unavailable"), 1);
  EXPECT_EQ(Rejected("invalid_argument"), 1);
  const auto checked = service.Check("r1", Ask("m"), nullptr, never);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->model, model_.get());
  EXPECT_EQ(checked->generation.prompt.size(), 5u);
}

TEST_F(GenerationServiceTest, LimitsHoldFromWhenTheyAreSet) {
  GenerationService service = Make();
  const auto text = [] { return std::string(); };
  service.SetLimits({4});
  EXPECT_THAT(std::string(service.Check("r1", Ask("m"), nullptr, text).status().message()),
              HasSubstr("limits.max_prompt_tokens allows 4"));
  service.SetLimits({5});
  EXPECT_TRUE(service.Check("r1", Ask("m"), nullptr, text).ok());
}

TEST_F(GenerationServiceTest, ARequestIsDescribedForTheLogWhenPromptsMayBeLogged) {
  const GenerationService service = Make(/*log_prompts=*/true);
  int described = 0;
  EXPECT_TRUE(service
                  .Check("r1", Ask("m"), nullptr,
                         [&] {
                           ++described;
                           return std::string("text");
                         })
                  .ok());
  EXPECT_EQ(described, 1);
}

TEST(Shortened, KeepsCodePayloadAndWholeCharacters) {
  const absl::Status status = FieldError("model", std::string(3000, 'x'));
  EXPECT_LE(Shortened(status).message().size(), 2051u);
  EXPECT_EQ(FieldOf(Shortened(status)), "model");
  std::string characters;
  for (int i = 0; i < 2000; ++i) characters += "\xc3\xa9";
  const std::string message(Shortened(absl::NotFoundError("x" + characters)).message());
  EXPECT_EQ(message.substr(message.size() - 5), "\xc3\xa9...");
  EXPECT_EQ(Shortened(absl::NotFoundError("short")), absl::NotFoundError("short"));
}

}  // namespace
}  // namespace streamtensor::server
