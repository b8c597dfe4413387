// SPDX-License-Identifier: Apache-2.0
// The daemon's configuration file, parsed strictly. configs/streamtensord.yaml documents every key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/contract/limits.h"
#include "streamtensor/runtime/card_config.h"

namespace streamtensor::server {

struct ServerConfig {
  std::string listen = "127.0.0.1:50051";         // or "unix:/PATH"
  std::string metrics_listen = "127.0.0.1:9464";  // empty: off
  std::string http_listen;                        // OpenAI-compatible; empty: off
  std::string tls_certificate;                    // PEM files, both or neither
  std::string tls_key;
  // Of each port; a connection beyond them is refused.
  int64_t max_connections = 2048;
  int64_t max_connections_per_address = 512;
  // gRPC: calls that are open at once.
  int64_t max_streams_per_connection = 100;
  int64_t max_calls = 8192;
  int64_t max_calls_per_address = 2048;
  int64_t max_message_bytes = 4ll << 20;  // of a request, over gRPC or HTTP
  int64_t grpc_memory = 512ll << 20;      // bytes that gRPC may hold for connections and requests
  int64_t http_memory = 64ll << 20;       // bytes of request bodies that an HTTP port may hold
  bool operator==(const ServerConfig&) const = default;
};

struct LimitsConfig {
  int64_t max_queue = 256;           // waiting requests per card
  int64_t max_running = 64;          // requests per card that hold KV pages
  int64_t max_prompt_tokens = 8192;  // the model's context may allow less
  int64_t step_timeout_seconds = 60;
  int64_t slow_reader_seconds = 60;
  int64_t drain_seconds = 30;
  int64_t lost_card_seconds = 30;  // how long a request waits after its card was lost
};

struct AccessConfig {
  std::string tokens_file;          // empty: no authentication
  int64_t requests_per_minute = 0;  // per client; 0: no limit
};

struct CardEntry {
  runtime::CardConfig card;
  int64_t kv_bytes = 512ll << 20;  // of one pool, K or V
  std::string name;                // "emulated:0"
  bool operator==(const CardEntry&) const = default;
};

// A model's name is also a service name and a metric label.
inline constexpr size_t kMaxModelNameBytes = 128;
bool IsModelNameCharacter(char c);

// As max_context: the model's own context, up to the compiler's default.
inline constexpr int64_t kDefaultContext = 0;

struct ModelEntry {
  std::string name;
  std::string source;          // a model to compile, a file or a folder; or
  std::string artifact;        // a compiled folder
  int64_t max_context = 2048;  // or kDefaultContext
  int64_t step_tokens = contract::kMaxStepTokens;
  std::string quantise = "none";        // as streamtensorc compile --quantise; "none" without it
  bool content_special_tokens = false;  // special tokens that clients spell in a message's content count
  std::vector<int64_t> cards;           // indices into Config::cards; filled in if not set
  bool operator==(const ModelEntry&) const = default;
};

struct CompilerConfig {
  std::string program;              // empty: streamtensorc beside the daemon
  int64_t max_memory = 16ll << 30;  // bytes of address space
  int64_t max_seconds = 3600;
};

struct CacheConfig {
  std::string dir;
  int64_t max_bytes = 20ll << 30;
};

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  bool prompts = false;  // requests are logged in full
  bool operator==(const LogConfig&) const = default;
};

struct Config {
  ServerConfig server;
  LimitsConfig limits;
  AccessConfig access;
  std::vector<CardEntry> cards;
  std::vector<ModelEntry> models;
  CompilerConfig compiler;
  CacheConfig cache;
  LogConfig log;
};

// INVALID_ARGUMENT lists every error, one per line: "FILE:LINE:COLUMN: what was found; what is allowed".
// NOT_FOUND if the file cannot be read.
absl::StatusOr<Config> ReadConfig(const std::string& path);

// Same for a text; `name` stands for the file in errors.
absl::StatusOr<Config> ParseConfig(std::string_view text, const std::string& name);

// Every key as a path ("limits.max_queue", "cards[].driver"), in documentation order.
std::vector<std::string> ConfigKeys();

// $STREAMTENSOR_CACHE_DIR, or $XDG_CACHE_HOME/streamtensor, or $HOME/.cache/streamtensor.
std::string DefaultCacheDir();

}  // namespace streamtensor::server
