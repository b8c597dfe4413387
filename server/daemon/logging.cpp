// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/logging.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "server/daemon/line_writer.h"

namespace streamtensor::server {
namespace {

std::string_view Payload(const spdlog::details::log_msg& message) {
  return {message.payload.data(), message.payload.size()};
}

// %* in the pattern: the members of a JSON object. A leading request=..., model=..., "model NAME: " or "card
// NAME: " of a message becomes a separate member; invalid UTF-8 is replaced.
class JsonMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string_view text = Payload(message);
    for (const std::string_view key : {"request", "model"}) {
      if (text.substr(0, key.size()) != key || text.substr(key.size(), 1) != "=") continue;
      const size_t end = std::min(text.find(' '), text.size());
      Append(key, text.substr(key.size() + 1, end - key.size() - 1), out);
      out.push_back(',');
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    for (const std::string_view key : {"model", "card"}) {
      if (text.substr(0, key.size()) != key || text.substr(key.size(), 1) != " ") continue;
      const size_t end = std::min(text.find(' ', key.size() + 1), text.size());
      if (text[end - 1] != ':') continue;
      Append(key, text.substr(key.size() + 1, end - key.size() - 2), out);
      out.push_back(',');
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    Append("message", text, out);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }

 private:
  static void Append(std::string_view key, std::string_view value, spdlog::memory_buf_t& out) {
    const std::string text = absl::StrCat(
        "\"", std::string(key), "\":",
        nlohmann::json(std::string(value)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    out.append(text.data(), text.data() + text.size());
  }
};

// Same for text: a message stays on one line, whatever a client put into it.
class TextMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string line = base::Printable(Payload(message), std::string_view::npos, base::Quotes::kKeep);
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<TextMessage>(); }
};

constexpr char kLogger[] = "streamtensord";

std::string Format(spdlog::formatter& formatter, const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter.format(message, line);
  return {line.data(), line.size()};
}

// Formats on the thread that logs, writes on another.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StderrSink(const spdlog::formatter& formatter)
      : base_sink(formatter.clone()),
        writer_({.fd = STDERR_FILENO, .dropped_line = DroppedLine(formatter)}) {}

  uint64_t dropped_lines() const { return writer_.dropped(); }

 private:
  // Has a formatter of its own, because the writer's thread calls it.
  static std::function<std::string(uint64_t)> DroppedLine(const spdlog::formatter& formatter) {
    return [own = std::shared_ptr<spdlog::formatter>(formatter.clone())](uint64_t lines) {
      const std::string text = absl::StrCat("log: ", lines, " lines were dropped, because stderr took none");
      return Format(*own, spdlog::details::log_msg(kLogger, spdlog::level::warn, text));
    };
  }

  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_.Write(Format(*formatter_, message));
  }
  void flush_() override { writer_.Flush(); }

  LineWriter writer_;
};

}  // namespace

std::function<uint64_t()> SetUpLogging(const LogConfig& config) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (config.format == LogFormat::kJson) {
    formatter->add_flag<JsonMessage>('*');
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","thread":%t,%*})");
  } else {
    formatter->add_flag<TextMessage>('*');
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %*");
  }
  const auto sink = std::make_shared<StderrSink>(*formatter);
  auto logger = std::make_shared<spdlog::logger>(kLogger, sink);
  static constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                          spdlog::level::warn, spdlog::level::err};
  logger->set_level(kLevels[static_cast<int>(config.level)]);
  spdlog::set_default_logger(std::move(logger));
  return [sink] { return sink->dropped_lines(); };
}

}  // namespace streamtensor::server
