// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/network_address.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "base/yaml_reader.h"
#include "compiler/platform/platform_folders.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/limits.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::server {
namespace {

constexpr int64_t kMaxSeconds = 24 * 3600;
constexpr int64_t kMinMessageBytes = 64 << 10;
constexpr int64_t kMaxMessageBytes = 1 << 30;
// gRPC holds a message twice while it is put together, and ends calls before its memory is full.
constexpr int64_t kMessagesInMemory = 4;

using base::YamlReader;
using Keys = std::vector<YamlReader::Key>;

// The schema: the keys, the values they allow and the fields they set.
class ConfigReader {
 public:
  ConfigReader(YamlReader* yaml, Config* config) : yaml_(yaml), config_(config) {}

  Keys Root() {
    return {{"server", [this](auto& node, auto& path) { ReadServer(node, path); }},
            {"limits", [this](auto& node, auto& path) { yaml_->Map(node, path, Limits()); }},
            {"access", [this](auto& node, auto& path) { yaml_->Map(node, path, Access()); }},
            {"cards", [this](auto& node, auto& path) { ReadCards(node, path); }, true},
            {"models", [this](auto& node, auto& path) { ReadModels(node, path); }, true},
            {"compiler", [this](auto& node, auto& path) { yaml_->Map(node, path, Compiler()); }},
            {"cache", [this](auto& node, auto& path) { yaml_->Map(node, path, Cache()); }},
            {"log", [this](auto& node, auto& path) { yaml_->Map(node, path, Log()); }}};
  }

  Keys Server() {
    ServerConfig& server = config_->server;
    return {Address("listen", server.listen, /*unix_socket=*/true),
            Address("metrics_listen", server.metrics_listen),
            Address("http_listen", server.http_listen),
            Word("tls_certificate", server.tls_certificate),
            Word("tls_key", server.tls_key),
            Number("max_connections", 1, 1000000, server.max_connections),
            Number("max_connections_per_address", 1, 1000000, server.max_connections_per_address),
            Number("max_streams_per_connection", 1, 1000000, server.max_streams_per_connection),
            Number("max_calls", 1, 1000000, server.max_calls),
            Number("max_calls_per_address", 1, 1000000, server.max_calls_per_address),
            Size("max_message_bytes", kMinMessageBytes, server.max_message_bytes),
            Size("grpc_memory", kMinMessageBytes, server.grpc_memory),
            Size("http_memory", kMinMessageBytes, server.http_memory)};
  }

  Keys Limits() {
    LimitsConfig& limits = config_->limits;
    return {Number("max_queue", 1, 1000000, limits.max_queue),
            Number("max_running", 1, 4096, limits.max_running),
            Number("max_prompt_tokens", 1, 10000000, limits.max_prompt_tokens),
            Number("step_timeout_seconds", 1, kMaxSeconds, limits.step_timeout_seconds),
            Number("slow_reader_seconds", 1, kMaxSeconds, limits.slow_reader_seconds),
            Number("drain_seconds", 0, kMaxSeconds, limits.drain_seconds),
            Number("lost_card_seconds", 0, kMaxSeconds, limits.lost_card_seconds)};
  }

  Keys Access() {
    AccessConfig& access = config_->access;
    return {Word("tokens_file", access.tokens_file),
            Number("requests_per_minute", 0, 1000000000, access.requests_per_minute)};
  }

  Keys Card(CardEntry& entry, std::map<std::string, YAML::Mark>& given) {
    auto note = [&given](YamlReader::Key key) {
      auto read = key.read;
      const std::string name = key.name;
      key.read = [read, name, &given](const YAML::Node& node, const std::string& path) {
        given.emplace(name, node.Mark());
        read(node, path);
      };
      return key;
    };
    YamlReader::Key driver{"driver",
                           [this, &entry](auto& node, auto& path) {
                             const std::vector<std::string> names = runtime::DriverNames();
                             const int choice = yaml_->Choice(node, path, names);
                             if (choice >= 0) entry.card.driver = names[static_cast<size_t>(choice)];
                           },
                           true};
    YamlReader::Key index{"index", [this, &entry](auto& node, auto& path) {
                            int64_t value = entry.card.index;
                            yaml_->Integer(node, path, 0, 255, value);
                            entry.card.index = static_cast<uint32_t>(value);
                          }};
    YamlReader::Key threads{"threads", [this, &entry](auto& node, auto& path) {
                              int64_t value = entry.card.threads;
                              yaml_->Integer(node, path, 1, 2, value);
                              entry.card.threads = static_cast<uint32_t>(value);
                            }};
    return {note(driver),
            note(Word("platform", entry.card.platform)),
            note(index),
            note(Word("bdf", entry.card.bdf)),
            note(threads),
            note(Number("step_us", 0, 60000000, entry.card.dummy_step_us)),
            note({"faults",
                  [this, &entry](auto& node, auto& path) {
                    yaml_->Map(node, path, Faults(entry.card.dummy_faults));
                  }}),
            note(Size("kv_bytes", 1 << 20, entry.kv_bytes))};
  }

  Keys Faults(runtime::DummyFaults& faults) {
    YamlReader::Key seed{"seed", [this, &faults](auto& node, auto& path) {
                           int64_t value = 0;
                           yaml_->Integer(node, path, 0, std::numeric_limits<int64_t>::max(), value);
                           faults.seed = static_cast<uint64_t>(value);
                         }};
    YamlReader::Key kinds{"kinds", [this, &faults](auto& node, auto& path) {
                            yaml_->List(node, path, [this, &faults](auto& item, auto& item_path, size_t) {
                              const int choice =
                                  yaml_->Choice(item, item_path, {"fail", "hang", "die", "slow"});
                              if (choice >= 0)
                                faults.kinds.push_back(static_cast<runtime::DummyFaults::Kind>(choice));
                            });
                          }};
    return {seed, Number("every_runs", 0, 1000000000, faults.every_runs), kinds,
            Number("failed_opens", 0, 1000000, faults.failed_opens),
            Number("hanging_opens", 0, 1000000, faults.hanging_opens)};
  }

  Keys Model(ModelEntry& entry) {
    return {{"name", [this, &entry](auto& node, auto& path) { ReadName(node, path, entry.name); }, true},
            Word("source", entry.source),
            Word("artifact", entry.artifact),
            Number("max_context", contract::kPageTokens, contract::kMaxContextTokens, entry.max_context),
            Number("step_tokens", 1, contract::kMaxStepTokens, entry.step_tokens),
            {"quantise",
             [this, &entry](auto& node, auto& path) {
               const std::vector<std::string> names = {"none", "w4g128", "w8"};
               const int choice = yaml_->Choice(node, path, names);
               if (choice >= 0) entry.quantise = names[static_cast<size_t>(choice)];
             }},
            Flag("content_special_tokens", entry.content_special_tokens),
            {"cards", [this, &entry](auto& node, auto& path) {
               yaml_->List(node, path, [this, &entry](auto& item, auto& item_path, size_t) {
                 int64_t card = -1;
                 yaml_->Integer(item, item_path, 0, 255, card);
                 entry.cards.push_back(card);
               });
             }}};
  }

  Keys Compiler() {
    CompilerConfig& compiler = config_->compiler;
    return {Word("program", compiler.program), Size("max_memory", 1 << 30, compiler.max_memory),
            Number("max_seconds", 1, kMaxSeconds, compiler.max_seconds)};
  }

  Keys Cache() {
    return {Word("dir", config_->cache.dir), Size("max_bytes", 1 << 20, config_->cache.max_bytes)};
  }

  Keys Log() {
    LogConfig& log = config_->log;
    return {{"level",
             [this, &log](auto& node, auto& path) {
               const int choice = yaml_->Choice(node, path, {"debug", "info", "warning", "error"});
               if (choice >= 0) log.level = static_cast<LogLevel>(choice);
             }},
            {"format",
             [this, &log](auto& node, auto& path) {
               const int choice = yaml_->Choice(node, path, {"text", "json"});
               if (choice >= 0) log.format = static_cast<LogFormat>(choice);
             }},
            Flag("prompts", log.prompts)};
  }

 private:
  YamlReader::Key Word(const char* name, std::string& value) {
    return {name, [this, &value](auto& node, auto& path) { yaml_->Text(node, path, value); }};
  }
  YamlReader::Key Flag(const char* name, bool& value) {
    return {name, [this, &value](auto& node, auto& path) {
              const int choice = yaml_->Choice(node, path, {"false", "true"});
              if (choice >= 0) value = choice == 1;
            }};
  }
  YamlReader::Key Number(const char* name, int64_t min, int64_t max, int64_t& value) {
    return {name, [=, this, &value](auto& node, auto& path) { yaml_->Integer(node, path, min, max, value); }};
  }
  YamlReader::Key Size(const char* name, int64_t min, int64_t& value) {
    return {name, [=, this, &value](auto& node, auto& path) { yaml_->Bytes(node, path, min, value); }};
  }

  YamlReader::Key Address(const char* name, std::string& value, bool unix_socket = false) {
    return {name, [this, &value, unix_socket](auto& node, auto& path) {
              std::string text;
              yaml_->Text(node, path, text);
              if (text.empty()) return;
              if (!base::IsHostAndPort(text) && (!unix_socket || base::UnixSocketPath(text).empty())) {
                yaml_->Error(node.Mark(),
                             absl::StrCat(path, " is \"", base::Printable(text, 300),
                                          "\"; allowed is HOST:PORT with a port from 1 to 65535, such as "
                                          "\"127.0.0.1:50051\" or \"[::1]:50051\"",
                                          unix_socket ? ", or \"unix:/PATH\"" : ""));
                return;
              }
              value = text;
            }};
  }

  void ReadName(const YAML::Node& node, const std::string& path, std::string& name) {
    std::string text;
    yaml_->Text(node, path, text);
    if (text.empty()) return;
    if (text.size() > kMaxModelNameBytes || !std::ranges::all_of(text, IsModelNameCharacter)) {
      yaml_->Error(node.Mark(), absl::StrCat(path, " is \"", base::Printable(text, 200),
                                             "\"; allowed are up to 128 letters, digits and - _ . / :"));
      return;
    }
    name = text;
  }

  void ReadServer(const YAML::Node& node, const std::string& path) {
    yaml_->Map(node, path, Server());
    const ServerConfig& server = config_->server;
    if (server.tls_certificate.empty() != server.tls_key.empty()) {
      yaml_->Error(node.Mark(),
                   absl::StrCat(path, " has only one of tls_certificate and tls_key; TLS needs both"));
    }
    if (server.max_message_bytes > kMaxMessageBytes) {
      yaml_->Error(node.Mark(), absl::StrCat(path, ".max_message_bytes is ", server.max_message_bytes,
                                             "; allowed is up to ", kMaxMessageBytes));
      return;
    }
    const std::pair<const char*, int64_t> budgets[] = {{"grpc_memory", server.grpc_memory},
                                                       {"http_memory", server.http_memory}};
    for (const auto& [name, bytes] : budgets) {
      if (bytes >= kMessagesInMemory * server.max_message_bytes) continue;
      yaml_->Error(node.Mark(), absl::StrCat(path, ".", name, " is ", bytes, "; ", path,
                                             ".max_message_bytes needs at least ", kMessagesInMemory,
                                             " times ", server.max_message_bytes, ", ",
                                             kMessagesInMemory * server.max_message_bytes));
    }
  }

  void ReadCards(const YAML::Node& node, const std::string& list_path) {
    std::map<std::string, YAML::Mark> names;
    yaml_->List(node, list_path, [&](const YAML::Node& item, const std::string& path, size_t) {
      CardEntry entry;
      std::map<std::string, YAML::Mark> given;
      yaml_->Map(item, path, Card(entry, given));
      CheckCard(entry, path, given);
      const auto [first, is_new] = names.emplace(entry.name, item.Mark());
      if (!is_new) {
        yaml_->Error(item.Mark(),
                     absl::StrCat(path, " is card ", base::Printable(entry.name),
                                  " again; it is first listed in line ", first->second.line + 1));
      }
      config_->cards.push_back(std::move(entry));
    });
    if (node.IsSequence() && node.size() == 0)
      yaml_->Error(node.Mark(), "cards is empty; at least one card is needed");
  }

  void CheckCard(CardEntry& entry, const std::string& path, const std::map<std::string, YAML::Mark>& given) {
    const std::string& name = entry.card.driver;
    for (const auto& [key, mark] : given) {
      std::vector<std::string> takers;
      for (const runtime::Driver* const driver : runtime::Drivers()) {
        if (std::ranges::count(driver->config_keys, key) > 0) takers.emplace_back(driver->name);
      }
      if (takers.empty() || std::ranges::count(takers, name) > 0) continue;
      yaml_->Error(mark, absl::StrCat(path, ".", key, " is set for driver ", name,
                                      "; it is allowed for driver ", absl::StrJoin(takers, " or ")));
    }
    if (given.contains("bdf") && given.contains("index")) {
      yaml_->Error(given.at("bdf"), absl::StrCat(path, " has both index and bdf; only one is allowed"));
    }
    entry.name =
        absl::StrCat(name, ":", entry.card.bdf.empty() ? absl::StrCat(entry.card.index) : entry.card.bdf);
  }

  void ReadModels(const YAML::Node& node, const std::string& list_path) {
    std::map<std::string, YAML::Mark> names;
    yaml_->List(node, list_path, [&](const YAML::Node& item, const std::string& path, size_t) {
      ModelEntry entry;
      yaml_->Map(item, path, Model(entry));
      if (item.IsMap() && entry.source.empty() == entry.artifact.empty()) {
        yaml_->Error(item.Mark(), absl::StrCat(path,
                                               entry.source.empty() ? " has neither source nor artifact"
                                                                    : " has both source and artifact",
                                               "; exactly one is required"));
      }
      const auto [first, is_new] = names.emplace(entry.name, item.Mark());
      if (!is_new && !entry.name.empty()) {
        yaml_->Error(item.Mark(),
                     absl::StrCat(path, ".name is \"", entry.name, "\" again; it is first listed in line ",
                                  first->second.line + 1));
      }
      marks_.push_back(item.Mark());
      config_->models.push_back(std::move(entry));
    });
    if (node.IsSequence() && node.size() == 0) {
      yaml_->Error(node.Mark(), "models is empty; at least one model is needed");
    }
  }

 public:
  // A card serves one model. Cards that no model lists are assigned round-robin to the models that list none.
  void AssignCards() {
    std::vector<int> owner(config_->cards.size(), -1);
    std::vector<size_t> open;
    for (size_t m = 0; m < config_->models.size(); ++m) {
      if (config_->models[m].cards.empty()) open.push_back(m);
      for (int64_t card : config_->models[m].cards) {
        const std::string path = absl::StrCat("models[", m, "].cards");
        if (card < 0) continue;
        if (card >= static_cast<int64_t>(owner.size())) {
          yaml_->Error(marks_[m],
                       absl::StrCat(path, " names card ", card, "; the cards are 0 to ", owner.size() - 1));
        } else if (owner[card] >= 0) {
          yaml_->Error(marks_[m], absl::StrCat(path, " names card ", card, ", which models[", owner[card],
                                               "] already names; a card serves one model"));
        } else {
          owner[card] = static_cast<int>(m);
        }
      }
    }
    size_t next = 0;
    for (size_t card = 0; card < owner.size() && !open.empty(); ++card) {
      if (owner[card] >= 0) continue;
      config_->models[open[next++ % open.size()]].cards.push_back(static_cast<int64_t>(card));
    }
    CheckPlatforms();
    for (size_t m : open) {
      if (config_->models[m].cards.empty()) {
        yaml_->Error(marks_[m],
                     absl::StrCat("models[", m, "] has no card left: a card serves one model, and there are ",
                                  owner.size(), " cards for ", config_->models.size(), " models"));
      }
    }
  }

 private:
  // A model is compiled only for a card whose model file is there; an artifact needs none.
  void CheckPlatforms() {
    const std::vector<std::string> known = compiler::PlatformNames();
    for (size_t m = 0; m < config_->models.size(); ++m) {
      if (config_->models[m].source.empty()) continue;
      for (int64_t card : config_->models[m].cards) {
        if (card < 0 || card >= static_cast<int64_t>(config_->cards.size())) continue;
        const std::string& platform = config_->cards[card].card.platform;
        if (std::ranges::count(known, platform) > 0) continue;
        yaml_->Error(marks_[m],
                     absl::StrCat("models[", m, "] is compiled for cards[", card, "], whose platform is \"",
                                  base::Printable(platform), "\"; known are ", absl::StrJoin(known, ", ")));
      }
    }
  }

  YamlReader* const yaml_;
  Config* const config_;
  std::vector<YAML::Mark> marks_;  // of the models
};

}  // namespace

bool IsModelNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("-_./:").find(c) != std::string_view::npos;
}

absl::StatusOr<Config> ReadConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadYamlFile(path));
  return ParseConfig(text, path);
}

absl::StatusOr<Config> ParseConfig(std::string_view text, const std::string& name) {
  YamlReader yaml(name, "the configuration");
  Config config;
  config.cache.dir = DefaultCacheDir();
  RETURN_IF_ERROR(yaml.Read(text, [&](const YAML::Node& root) {
    ConfigReader reader(&yaml, &config);
    yaml.Map(root, "", reader.Root());
    if (yaml.ok()) reader.AssignCards();
  }));
  return config;
}

std::vector<std::string> ConfigKeys() {
  YamlReader yaml("", "");
  Config config;
  ConfigReader reader(&yaml, &config);
  CardEntry card;
  ModelEntry model;
  std::map<std::string, YAML::Mark> given;
  std::vector<std::string> keys;
  auto add = [&](const char* prefix, const Keys& group) {
    for (const YamlReader::Key& key : group) keys.push_back(absl::StrCat(prefix, key.name));
  };
  add("server.", reader.Server());
  add("limits.", reader.Limits());
  add("access.", reader.Access());
  add("cards[].", reader.Card(card, given));
  add("cards[].faults.", reader.Faults(card.card.dummy_faults));
  add("models[].", reader.Model(model));
  add("compiler.", reader.Compiler());
  add("cache.", reader.Cache());
  add("log.", reader.Log());
  return keys;
}

std::string DefaultCacheDir() {
  if (const char* dir = std::getenv("STREAMTENSOR_CACHE_DIR"); dir != nullptr && *dir != 0) return dir;
  if (const char* dir = std::getenv("XDG_CACHE_HOME"); dir != nullptr && *dir != 0) {
    return absl::StrCat(dir, "/streamtensor");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home != nullptr && *home != 0 ? home : "/var/tmp", "/.cache/streamtensor");
}

}  // namespace streamtensor::server
