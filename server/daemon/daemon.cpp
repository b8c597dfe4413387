// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/daemon.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "artifact/artifact.h"
#include "base/status_macros.h"
#include "server/access/tls_pair.h"
#include "server/models/reload_plan.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {
namespace {

absl::StatusOr<std::optional<ClientTokens>> ReadTokens(const AccessConfig& config) {
  if (config.tokens_file.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(ClientTokens tokens, ClientTokens::Read(config.tokens_file));
  return tokens;
}

absl::StatusOr<std::optional<TlsPair>> ReadTls(const ServerConfig& config) {
  if (config.tls_certificate.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(TlsPair tls, ReadTlsPair(config.tls_certificate, config.tls_key));
  if (const std::string warning = CheckValidity(tls, absl::Now()).warning; !warning.empty()) {
    spdlog::warn("TLS: the certificate {} {}", config.tls_certificate, warning);
  }
  return tls;
}

}  // namespace

absl::Status CheckAccessFiles(const Config& config) {
  RETURN_IF_ERROR(ReadTokens(config.access).status());
  return ReadTls(config.server).status();
}

Daemon::Daemon(const Config& config, const std::string& program_dir, const std::string& version,
               const std::function<uint64_t()>& dropped_log_lines)
    : config_(config), metrics_(version) {
  metrics_.SetDroppedLogLines(dropped_log_lines);
  ModelRegistry::Options options;
  options.config = config;
  options.compiler_program =
      config.compiler.program.empty() ? program_dir + "/streamtensorc" : config.compiler.program;
  options.open_decoder = &runtime::OpenDecoder;
  options.check_artifact = [](const std::string& folder) {
    return artifact::Artifact::Open(folder).status();
  };
  options.metrics = &metrics_;
  options.clock = &clock_;
  options.on_change = [this] {
    MutexLock lock(grpc_mutex_);
    if (grpc_ != nullptr) grpc_->UpdateHealth();
  };
  registry_ = std::make_unique<ModelRegistry>(std::move(options));
  metrics_.SetCards([this] { return registry_->CardReadings(); });
  metrics_.SetModels([this] {
    std::vector<ModelReading> readings;
    for (const ModelStatus& model : registry_->Models()) {
      readings.push_back({model.name, kModelStates[static_cast<int>(model.state)]});
    }
    return readings;
  });
  GenerationService::Options generation;
  generation.find_model = [this](const std::string& name) { return registry_->Get(name); };
  generation.load = [this] { return registry_->Load(); };
  generation.metrics = &metrics_;
  generation.clock = &clock_;
  generation.access = &access_;
  generation.log_prompts = config.log.prompts;
  generation_ = std::make_unique<GenerationService>(std::move(generation));
}

void Daemon::SetPolicy(const Config& config, std::optional<ClientTokens> tokens) {
  access_.SetPolicy(std::move(tokens), config.access.requests_per_minute);
  generation_->SetLimits({config.limits.max_prompt_tokens});
  generation_->SetSlowReaderTimeout(absl::Seconds(config.limits.slow_reader_seconds));
  drain_seconds_ = config.limits.drain_seconds;
}

Daemon::~Daemon() {
  Stop([](const char*) {});
}

// The servers' calls use the registry, so they are destroyed first.
void Daemon::Stop(const std::function<void(const char*)>& at_stage) {
  if (registry_ == nullptr) return;
  pages_.reset();
  at_stage("cards and compilations to end");
  registry_->Stop();
  at_stage("prompts that are being tokenized");
  generation_->Close();
  at_stage("clients");
  std::unique_ptr<GrpcServer> grpc;
  {
    MutexLock lock(grpc_mutex_);
    grpc = std::move(grpc_);
  }
  // All requests have their status by now, but it may still be in transit. Do not wait for clients that do
  // not read, nor for idle connections.
  for (int i = 0; i < 200 && generation_->generations() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (grpc != nullptr) grpc->Shutdown(absl::Milliseconds(250));
  grpc.reset();
  openai_.reset();
  registry_.reset();
}

absl::Status Daemon::Start() {
  ASSIGN_OR_RETURN(std::optional<ClientTokens> tokens, ReadTokens(config_.access));
  SetPolicy(config_, std::move(tokens));
  RETURN_IF_ERROR(registry_->ClaimCache());
  const StatusPages::Pages pages = {
      {"/metrics",
       [this] { return StatusPage{200, "text/plain; version=0.0.4; charset=utf-8", metrics_.Render()}; }},
      {"/healthz", [this] { return Health(); }},
      {"/readyz", [this] { return Readiness(); }}};
  const std::string& metrics_listen = config_.server.metrics_listen;
  if (!metrics_listen.empty()) {
    ASSIGN_OR_RETURN(pages_, StatusPages::Start(HttpOptions(metrics_listen, "metrics"), pages));
  }
  ASSIGN_OR_RETURN(const std::optional<TlsPair> tls, ReadTls(config_.server));
  ASSIGN_OR_RETURN(std::unique_ptr<GrpcServer> grpc,
                   GrpcServer::Start(config_.server, tls, generation_.get(), registry_.get(),
                                     [this] { metrics_.CountRefusedConnection("grpc"); }));
  {
    MutexLock lock(grpc_mutex_);
    grpc_ = std::move(grpc);
  }
  const std::string guards = absl::StrCat(tls.has_value() ? ", TLS" : "",
                                          config_.access.tokens_file.empty() ? "" : ", tokens needed");
  spdlog::info("listening on {} (gRPC{}){}", config_.server.listen, guards,
               metrics_listen.empty() ? "" : absl::StrCat(" and ", metrics_listen, " (HTTP)"));
  if (const std::string& listen = config_.server.http_listen; !listen.empty()) {
    http::Options options = HttpOptions(listen, "http");
    options.tls = tls;
    ASSIGN_OR_RETURN(openai_,
                     openai::OpenAiServer::Start(std::move(options), generation_.get(), registry_.get()));
    spdlog::info("listening on {} (OpenAI{})", listen, guards);
  }
  registry_->Start();
  return absl::OkStatus();
}

http::Options Daemon::HttpOptions(const std::string& listen, const char* port) {
  http::Options options;
  options.listen = listen;
  options.limits.max_body_bytes = static_cast<size_t>(config_.server.max_message_bytes);
  options.limits.max_body_memory = static_cast<size_t>(config_.server.http_memory);
  options.limits.max_connections = static_cast<size_t>(config_.server.max_connections);
  options.limits.max_connections_per_address =
      static_cast<size_t>(config_.server.max_connections_per_address);
  options.on_refused = [this, port] { metrics_.CountRefusedConnection(port); };
  return options;
}

void Daemon::Reload(const std::string& name, const absl::StatusOr<Config>& config) {
  if (!config.ok()) {
    spdlog::error("the configuration is not reloaded and stays unchanged: {}",
                  std::string(config.status().message()));
    return;
  }
  if (const absl::Status status = CheckReloadable(config_, *config); !status.ok()) {
    spdlog::error("the configuration is not reloaded and stays unchanged: {}", std::string(status.message()));
    return;
  }
  // Read once, now: the file may have changed by the time the models are ready.
  const absl::StatusOr<std::optional<ClientTokens>> tokens = ReadTokens(config->access);
  if (!tokens.ok()) {
    spdlog::error("the configuration is not reloaded and stays unchanged: {}",
                  std::string(tokens.status().message()));
    return;
  }
  spdlog::info("reloading {}", name);
  registry_->Reload(*config, [this, config = *config, tokens = *tokens] { SetPolicy(config, tokens); });
}

void Daemon::Drain(const std::function<bool()>& impatient) {
  registry_->BeginDrain();
  const int64_t running = registry_->Load();
  if (running > 0) {
    spdlog::info("draining {} requests for up to {} seconds", running, drain_seconds_.load());
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(drain_seconds_.load());
  while (registry_->Load() > 0 && std::chrono::steady_clock::now() < end && !impatient()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (const int64_t left = registry_->Load(); left > 0) spdlog::warn("ending {} requests UNAVAILABLE", left);
}

std::string Daemon::Stuck() const { return absl::StrJoin(registry_->StuckCards(), ", "); }

// The daemon is alive if it answers and its scheduler loops make progress. A stuck card is a lost card, not a
// dead daemon.
StatusPage Daemon::Health() const {
  if (const std::string stuck = Stuck(); !stuck.empty()) {
    return {503, "text/plain; charset=utf-8", absl::StrCat("stuck: the scheduler of ", stuck, "\n")};
  }
  return {200, "text/plain; charset=utf-8", "ok\n"};
}

StatusPage Daemon::Readiness() const {
  if (registry_->ServesAll()) return {200, "text/plain; charset=utf-8", "ready\n"};
  std::string body;
  static constexpr const char* kStates[] = {"COMPILING", "LOADING", "READY", "FAILED"};
  for (const ModelStatus& model : registry_->Models()) {
    absl::StrAppend(&body, model.name, ": ", kStates[static_cast<int>(model.state)],
                    model.error.empty() ? "" : absl::StrCat(": ", model.error),
                    registry_->Serves(model.name) ? "" : " (not serving)", "\n");
  }
  return {503, "text/plain; charset=utf-8", body};
}

}  // namespace streamtensor::server
