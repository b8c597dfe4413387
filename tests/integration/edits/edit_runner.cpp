// SPDX-License-Identifier: Apache-2.0
// Runs a design's shared object in this process, under AddressSanitizer: one allocation an argument, so
// that an access past its end is noticed. Usage: edit_runner DESIGN.so PLAN.json LOGITS.bin
//
// The plan: {"weights": FILE, "arguments": [{"bytes", "offset" (in the file, optional), "same_as"
// (another argument's index, optional)}], "descriptor", "status", "logits" (indices), "width",
// "steps": [{"words": [descriptor], "rows": W}]}. Memory that no file fills holds 0xff.
// Ends with 0 and the logits of all steps in LOGITS.bin, 3 when a launch fails, 4 when the design
// reports an error in its status, 9 when AddressSanitizer found something, 2 when it is used wrongly.
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "runtime/card/design_launcher.h"

extern "C" const char* __asan_default_options() { return "exitcode=9:detect_leaks=0:log_path=stderr"; }

namespace {

using streamtensor::runtime::card::DesignLauncher;
using streamtensor::runtime::card::LaunchCode;

constexpr size_t kAlignment = 64;  // of a word512

[[noreturn]] void Fail(int code, const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::_Exit(code);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(2, path + ": can't be read");
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::vector<void*> Arguments(const nlohmann::json& plan) {
  const std::string weights = ReadFile(plan.at("weights"));
  std::vector<void*> arguments;
  for (const nlohmann::json& argument : plan.at("arguments")) {
    if (argument.contains("same_as")) {
      arguments.push_back(arguments.at(argument["same_as"]));
      continue;
    }
    const size_t bytes = argument.at("bytes");
    void* memory = nullptr;
    if (posix_memalign(&memory, kAlignment, bytes) != 0) Fail(2, "no memory for an argument");
    std::memset(memory, 0xff, bytes);
    if (argument.contains("offset")) {
      const size_t offset = argument["offset"];
      if (offset + bytes > weights.size()) Fail(2, "an argument lies outside of the weights");
      std::memcpy(memory, weights.data() + offset, bytes);
    }
    arguments.push_back(memory);
  }
  return arguments;
}

void RunSteps(DesignLauncher* launcher, const nlohmann::json& plan, std::ofstream* out) {
  const std::vector<void*> arguments = Arguments(plan);
  auto* const descriptor = static_cast<uint32_t*>(arguments.at(plan.at("descriptor")));
  auto* const status = static_cast<uint32_t*>(arguments.at(plan.at("status")));
  const auto* const logits = static_cast<const char*>(arguments.at(plan.at("logits")));
  const size_t row_bytes = plan.at("width").get<size_t>() * sizeof(float);
  for (const nlohmann::json& step : plan.at("steps")) {
    const auto words = step.at("words").get<std::vector<uint32_t>>();
    std::memcpy(descriptor, words.data(), words.size() * sizeof(uint32_t));
    std::memset(status, 0xff, 64);
    const auto report = launcher->Launch(arguments);
    if (report.code != LaunchCode::kCompleted) Fail(3, report.message);
    if (status[0] != 1) Fail(4, "status " + std::to_string(status[0]));
    out->write(logits, static_cast<std::streamsize>(step.at("rows").get<size_t>() * row_bytes));
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) Fail(2, "usage: edit_runner DESIGN.so PLAN.json LOGITS.bin");
  void* const object = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) Fail(2, dlerror());
  void* const launch = dlsym(object, ST_LAUNCH_SYMBOL);
  if (launch == nullptr) Fail(2, dlerror());
  const nlohmann::json plan = nlohmann::json::parse(ReadFile(words[2]), nullptr, /*allow_exceptions=*/false);
  if (plan.is_discarded()) Fail(2, std::string(words[2]) + ": not JSON");
  std::ofstream out(words[3], std::ios::binary);
  const auto launcher = DesignLauncher::FromFunction(reinterpret_cast<st_launch_function>(launch));
  RunSteps(launcher.get(), plan, &out);
  out.close();
  if (!out) Fail(2, std::string(words[3]) + ": can't be written");
  return 0;  // by way of exit(): counts of executed lines are written then
}
