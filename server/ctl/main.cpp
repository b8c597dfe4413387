// SPDX-License-Identifier: Apache-2.0
// streamtensorctl: client and operator tool.
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/program.h"
#include "server/ctl/commands.h"
#include "server/ctl/text_options.h"

namespace {

using namespace streamtensor::ctl;

constexpr char kGroup[] = "Connection";

// Reads the file that an option names. For Option::check(), which wants an error's text or none.
std::string ReadFile(const std::string& path, std::string* text) {
  std::ifstream file(path);
  std::ostringstream read;
  read << file.rdbuf();  // throws nothing, whatever the path names
  *text = read.str();
  if (!file.is_open() || text->empty()) return path + " cannot be read or is empty";
  return "";
}

// gRPC aborts on a metadata value of anything but printable ASCII.
std::string ReadToken(const std::string& path, std::string* token) {
  if (std::string error = ReadFile(path, token); !error.empty()) return error;
  *token = std::string(absl::StripAsciiWhitespace(*token));
  if (!token->empty() && streamtensor::base::IsPrintableAscii(*token)) return "";
  return path + " holds no token; it must be one line of printable ASCII";
}

void AddConnectionOptions(CLI::App& app, Target& target) {
  app.add_option("--server", target.server, "The daemon's address (default 127.0.0.1:50051)")
      ->type_name("HOST:PORT")
      ->check(Address())
      ->group(kGroup);
  app.add_option("--token-file")
      ->description("File that holds the bearer token to send")
      ->type_name("FILE")
      ->check(
          CLI::Validator([&target](const std::string& path) { return ReadToken(path, &target.token); }, ""))
      ->group(kGroup);
  app.add_option("--tls-ca")
      ->description("Connect by TLS; PEM file of who signed the daemon's certificate")
      ->type_name("FILE")
      ->check(
          CLI::Validator([&target](const std::string& path) { return ReadFile(path, &target.tls_ca); }, ""))
      ->group(kGroup);
}

}  // namespace

int main(int argc, char** argv) {
  Target target;
  streamtensor::base::Program program("streamtensorctl", "Client and operator tool of streamtensord.",
                                      [] { return ST_VERSION; });
  AddConnectionOptions(program.app(), target);
  AddRunCommand(program);
  AddGenerateCommand(program, target);
  AddChatCommand(program, target);
  AddTokenizeCommand(program, target);
  AddModelsCommand(program, target);
  AddCardsCommand(program, target);
  AddDoctorCommand(program, target);
  AddBenchCommand(program, target);
  return program.Main(argc, argv);
}
