// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/conversation.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "server/ctl/line_reader.h"
#include "server/ctl/reply_report.h"
#include "server/ctl/reply_stream.h"
#include "server/ctl/terminal_style.h"

namespace streamtensor::ctl {
namespace {

constexpr char kHelp[] =
    "  /help         this text\n"
    "  /clear        forget the conversation; the system message stays\n"
    "  /system TEXT  set the system message and forget the conversation; without TEXT show it\n"
    "  /stats        speed and length of the last reply\n"
    "  Ctrl-C stops a reply, Ctrl-D ends the chat. To say something that begins with /, put a space "
    "before.\n";

// The messages so far.
class Conversation {
 public:
  Conversation(const Client& client, const ChatOptions& options) : client_(client), options_(options) {
    options.reply.Write(request_);
    SetSystem(options.system);
  }

  const std::string& system() const { return system_; }

  void SetSystem(const std::string& text) {
    system_ = text;
    Clear();
  }

  void Clear() {
    request_.mutable_chat()->clear_messages();
    if (!system_.empty()) Add("system", system_);
  }

  // Streams the answer to stdout. A turn that fails is forgotten; of a reply that was cancelled the model is
  // later shown what came.
  grpc::Status Ask(const std::string& line, const Interrupts& interrupts) {
    Add("user", line);
    FinishedReply reply;
    const CallOptions call = {options_.reply.timeout_seconds.value_or(0), options_.reply.request_id,
                              &interrupts};
    const grpc::Status status = StreamReply(client_, request_, call, &Print, reply);
    Print("\n");
    const bool partial = status.error_code() == grpc::StatusCode::CANCELLED && !reply.response.text().empty();
    if (status.ok() || partial) {
      Add("assistant", reply.response.text());
    } else {
      request_.mutable_chat()->mutable_messages()->RemoveLast();
    }
    if (status.ok()) last_reply_ = std::move(reply);
    return status;
  }

  std::string Stats() const {
    return last_reply_ ? ReportAsText(*last_reply_, client_) : "there is no complete reply yet\n";
  }

 private:
  void Add(const std::string& role, const std::string& content) {
    v1::ChatMessage* message = request_.mutable_chat()->add_messages();
    message->set_role(role);
    message->set_content(content);
  }

  const Client& client_;
  const ChatOptions& options_;
  v1::GenerateRequest request_;
  std::string system_;
  std::optional<FinishedReply> last_reply_;
};

void RunCommand(const std::string& line, Conversation& conversation) {
  const size_t space = line.find(' ');
  const std::string command = line.substr(0, space);
  const size_t begin = line.find_first_not_of(' ', space);
  const std::string argument =
      space == std::string::npos || begin == std::string::npos ? "" : line.substr(begin);
  if (command == "/help") {
    Print(kHelp);
  } else if (command == "/clear") {
    conversation.Clear();
  } else if (command == "/system" && argument.empty()) {
    Print(conversation.system().empty() ? "there is no system message\n" : conversation.system() + "\n");
  } else if (command == "/system") {
    conversation.SetSystem(argument);
  } else if (command == "/stats") {
    Print(conversation.Stats());
  } else {
    Print(absl::StrCat("unknown command ", base::Printable(command, 40), "; /help lists them\n"));
  }
}

// True: the conversation goes on after a signal.
bool GoesOn(Interrupts& interrupts, bool interactive) {
  int last = 0;
  for (int number = interrupts.Take(); number != 0; number = interrupts.Take()) {
    if (last == 0 || last == SIGINT) last = number;
  }
  return last == 0 || (last == SIGINT && interactive);
}

int InterruptedCode() { return 128 + SIGINT; }

}  // namespace

int Converse(const Client& client, const ChatOptions& options, Interrupts& interrupts) {
  Conversation conversation(client, options);
  LineReader reader(StyledPrompt("> ", Style::kBold), &interrupts);
  const bool interactive = reader.interactive();
  std::string line;
  for (;;) {
    const LineReader::Outcome outcome = reader.Read(line);
    if (outcome == LineReader::Outcome::kEnd) return 0;
    if (!GoesOn(interrupts, interactive)) return InterruptedCode();
    if (outcome == LineReader::Outcome::kInterrupted) continue;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (interactive && line.front() == '/') {
      RunCommand(line, conversation);
      continue;
    }
    if (!base::IsUtf8(line)) {
      const int code = Fail("the line is not valid UTF-8");
      if (!interactive) return code;
      continue;
    }
    const grpc::Status status = conversation.Ask(line, interrupts);
    if (!GoesOn(interrupts, interactive)) return InterruptedCode();
    if (status.error_code() == grpc::StatusCode::CANCELLED && interactive) {
      std::puts(Styled("(stopped)", Style::kDim, STDOUT_FILENO).c_str());
    } else if (!status.ok()) {
      const int code = Fail(status, client);
      if (!interactive) return code;
    } else if (options.reply.stats) {
      std::fputs(absl::StrCat("\n", conversation.Stats()).c_str(), stderr);
    }
  }
}

int AskOnce(const Client& client, const ChatOptions& options, const std::string& question,
            Interrupts& interrupts) {
  Conversation conversation(client, options);
  const grpc::Status status = conversation.Ask(question, interrupts);
  if (!GoesOn(interrupts, /*interactive=*/false)) return InterruptedCode();
  if (!status.ok()) return Fail(status, client);
  if (options.reply.stats) std::fputs(conversation.Stats().c_str(), stderr);
  return 0;
}

}  // namespace streamtensor::ctl
