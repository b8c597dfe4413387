// SPDX-License-Identifier: Apache-2.0
// models, cards and tokenize.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/ctl/client.h"
#include "server/ctl/commands.h"
#include "server/ctl/text_options.h"

namespace streamtensor::ctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kColumns = 100;

// "MODEL_STATE_READY" -> "READY".
std::string WithoutPrefix(const std::string& name, const std::string& prefix) {
  return name.rfind(prefix, 0) == 0 ? name.substr(prefix.size()) : name;
}

std::string StateOf(const v1::Model& model) {
  return WithoutPrefix(v1::ModelState_Name(model.state()), "MODEL_STATE_");
}
std::string StateOf(const v1::Card& card) {
  return WithoutPrefix(v1::CardState_Name(card.state()), "CARD_STATE_");
}

const char* WordFor(v1::ReadingSource source) {
  return source == v1::READING_SOURCE_MEASURED ? "measured" : "modelled";
}

Json ModelAsJson(const v1::Model& model) {
  Json json = {{"name", model.name()}, {"state", StateOf(model)}, {"progress", model.progress()}};
  if (!model.stage().empty()) json["stage"] = model.stage();
  if (!model.error().empty()) json["error"] = model.error();
  json["max_context"] = model.max_context();
  if (model.step_tokens() > 0) json["step_tokens"] = model.step_tokens();
  if (model.vocabulary() > 0) json["vocabulary"] = model.vocabulary();
  json["platform"] = model.platform();
  json["target"] = model.target();
  for (const v1::ModelledDecode& decode : model.modelled_decode()) {
    json["modelled_decode"].push_back({{"tokens_per_step", decode.tokens_per_step()},
                                       {"modelled_cycles", decode.modelled_cycles()},
                                       {"modelled_tokens_per_second", decode.modelled_tokens_per_second()},
                                       {"modelled_joules", decode.modelled_joules()}});
  }
  return json;
}

// Prints lines of at most kColumns, indented, broken at spaces where that is possible.
void PutNote(std::string text) {
  constexpr size_t kIndent = 2;
  while (!text.empty()) {
    size_t end = text.size();
    if (end > kColumns - kIndent) {
      end = text.rfind(' ', kColumns - kIndent);
      if (end == std::string::npos || end == 0) end = std::min(text.find(' '), text.size());
    }
    absl::PrintF("%*s%s\n", static_cast<int>(kIndent), "", text.substr(0, end));
    text.erase(0, std::min(end + 1, text.size()));
  }
}

// A name at the beginning of a row; one that is too long has a line of its own.
void PutName(const std::string& name, size_t width) {
  if (name.size() > width) {
    absl::PrintF("%s\n%*s ", name, static_cast<int>(width), "");
  } else {
    absl::PrintF("%-*s ", static_cast<int>(width), name);
  }
}

// One line for one stream alone, one for as many as a step carries.
std::vector<std::string> ModelledLines(const v1::Model& model) {
  std::vector<std::string> lines;
  const auto& shapes = model.modelled_decode();
  for (const v1::ModelledDecode& decode : shapes) {
    if (&decode != &shapes[0] && &decode != &shapes[shapes.size() - 1]) continue;
    lines.push_back(absl::StrFormat(
        "modelled: %d %s: %d cycles a step, %.1f tok/s, %.4f J a token", decode.tokens_per_step(),
        decode.tokens_per_step() == 1 ? "stream" : "streams", decode.modelled_cycles(),
        decode.modelled_tokens_per_second(), decode.modelled_joules() / decode.tokens_per_step()));
  }
  return lines;
}

Json CardAsJson(const v1::Card& card) {
  Json json = {{"name", card.name()},
               {"driver", card.driver()},
               {"platform", card.platform()},
               {"model", card.model()},
               {"state", StateOf(card)}};
  if (!card.error().empty()) json["error"] = card.error();
  json["running_requests"] = card.running_requests();
  json["waiting_requests"] = card.waiting_requests();
  json["kv_pages"] = {
      {"held", card.kv_pages_held()}, {"cached", card.kv_pages_cached()}, {"free", card.kv_pages_free()}};
  json["resets"] = card.resets();
  if (card.has_power_watts()) json[WordFor(card.power_source())]["power_watts"] = card.power_watts();
  if (card.has_temperature_celsius()) json["measured"]["temperature_celsius"] = card.temperature_celsius();
  if (card.step_joules() > 0) json[WordFor(card.step_joules_source())]["step_joules"] = card.step_joules();
  return json;
}

int Models(const Target& target, bool json) {
  const Client client(target);
  grpc::ClientContext context;
  client.PrepareShort(context);
  v1::ListModelsResponse response;
  const grpc::Status status = client.inference->ListModels(&context, v1::ListModelsRequest(), &response);
  if (!status.ok()) return Fail(status, client);
  if (json) {
    Json list = Json::array();
    for (const v1::Model& model : response.models()) list.push_back(ModelAsJson(model));
    std::puts(Json{{"models", list}}.dump(2).c_str());
    return 0;
  }
  std::puts("NAME                                     STATE      CONTEXT  PLATFORM  TARGET");
  for (const v1::Model& model : response.models()) {
    PutName(model.name(), 40);
    absl::PrintF("%-10s %7d  %-8s  %s\n", StateOf(model), model.max_context(), model.platform(),
                 model.target());
    for (const std::string& line : ModelledLines(model)) PutNote(line);
    if (!model.error().empty()) PutNote(model.error());
    if (!model.stage().empty()) {
      PutNote(absl::StrFormat("%s, %.0f %%", model.stage(), model.progress() * 100));
    }
  }
  return 0;
}

int Cards(const Target& target, bool json) {
  const Client client(target);
  grpc::ClientContext context;
  client.PrepareShort(context);
  v1::ListCardsResponse response;
  const grpc::Status status = client.operations->ListCards(&context, v1::ListCardsRequest(), &response);
  if (!status.ok()) return Fail(status, client);
  if (json) {
    Json list = Json::array();
    for (const v1::Card& card : response.cards()) list.push_back(CardAsJson(card));
    std::puts(Json{{"cards", list}}.dump(2).c_str());
    return 0;
  }
  std::puts("CARD             PLATFORM  STATE     RUN  WAIT  KV HELD/CACHED/FREE  POWER            MODEL");
  for (const v1::Card& card : response.cards()) {
    const std::string pages =
        absl::StrCat(card.kv_pages_held(), "/", card.kv_pages_cached(), "/", card.kv_pages_free());
    const std::string power = card.has_power_watts() ? absl::StrFormat("%.1f W %s", card.power_watts(),
                                                                       WordFor(card.power_source()))
                                                     : std::string("-");
    const std::string row = absl::StrFormat("%-9s %-7s %5d %5d  %-19s  %-15s", card.platform(), StateOf(card),
                                            card.running_requests(), card.waiting_requests(), pages, power);
    constexpr size_t kNameWidth = 16;
    PutName(card.name(), kNameWidth);
    if (kNameWidth + 1 + row.size() + 2 + card.model().size() <= kColumns) {
      absl::PrintF("%s  %s\n", row, card.model());
    } else {
      absl::PrintF("%s\n", row);
      PutNote(absl::StrCat("model ", card.model()));
    }
    if (!card.error().empty()) PutNote(card.error());
  }
  return 0;
}

struct TokenizeOptions {
  std::string model;
  std::string text;
  bool special = false;
  bool json = false;
};

int Tokenize(const Target& target, const TokenizeOptions& options) {
  const Client client(target);
  grpc::ClientContext context;
  client.PrepareShort(context);
  v1::TokenizeRequest request;
  request.set_model(options.model);
  request.set_text(options.text);
  request.set_parse_special(options.special);
  v1::TokenizeResponse response;
  const grpc::Status status = client.inference->Tokenize(&context, request, &response);
  if (!status.ok()) return Fail(status, client);
  if (options.json) {
    Json ids = Json::array();
    for (uint32_t id : response.token_ids()) ids.push_back(id);
    std::puts(Json{{"model", options.model}, {"token_ids", ids}}.dump().c_str());
    return 0;
  }
  std::string line;
  for (uint32_t id : response.token_ids()) absl::StrAppend(&line, line.empty() ? "" : " ", id);
  std::puts(line.c_str());
  return 0;
}

// models and cards take one flag.
void AddListCommand(base::Program& program, const std::string& name, const std::string& summary,
                    const Target& target, int (*run)(const Target&, bool)) {
  auto json = std::make_shared<bool>(false);
  CLI::App& app = program.AddCommand(name, summary, [&target, json, run] { return run(target, *json); });
  app.add_flag("--json", *json, "Print one object");
}

}  // namespace

void AddModelsCommand(base::Program& program, const Target& target) {
  AddListCommand(program, "models", "List what is served, and its state", target, &Models);
}

void AddCardsCommand(base::Program& program, const Target& target) {
  AddListCommand(program, "cards", "List the cards, their load and sensors", target, &Cards);
}

void AddTokenizeCommand(base::Program& program, const Target& target) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App& app = program.AddCommand("tokenize", "Print the token ids of a text",
                                     [&target, options] { return Tokenize(target, *options); });
  app.add_option("TEXT", options->text, "The text")->required()->check(Utf8());
  app.add_option("--model", options->model, "The model whose tokenizer is asked")
      ->type_name("NAME")
      ->required()
      ->check(Utf8());
  app.add_flag("--special", options->special, "Recognise special tokens written as text");
  app.add_flag("--json", options->json, "Print one object");
}

}  // namespace streamtensor::ctl
