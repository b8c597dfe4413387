// SPDX-License-Identifier: Apache-2.0
// The server on a loopback port, asked through plain sockets: what leaves them is what it must take.
#include "server/http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::server::http {
namespace {

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  close(fd);
  return ntohs(address.sin_port);
}

class Client {
 public:
  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{30, 0};  // a server that never answers fails the test
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Client() { Close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void Send(const std::string& text) const {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // As much as the server takes: it may hang up.
  void SendSome(const std::string& text) const {
    size_t sent = 0;
    ssize_t count = 0;
    while (sent < text.size() &&
           (count = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL)) > 0) {
      sent += static_cast<size_t>(count);
    }
  }
  // Until `end` has come.
  std::string ReadUntil(const std::string& end) {
    std::string got;
    while (!absl::StrContains(got, end)) {
      char byte = 0;
      if (recv(fd_, &byte, 1, 0) <= 0) {
        ADD_FAILURE() << "the connection ended after \"" << got << "\"";
        break;
      }
      got += byte;
    }
    return got;
  }
  // Until the server hangs up.
  std::string ReadAll() const {
    std::string got;
    char bytes[4096];
    ssize_t count = 0;
    while ((count = recv(fd_, bytes, sizeof(bytes), 0)) > 0) got.append(bytes, static_cast<size_t>(count));
    EXPECT_TRUE(count == 0 || errno == ECONNRESET) << std::strerror(errno);
    return got;
  }

 private:
  int fd_;
};

std::string Post(const std::string& path, const std::string& body, const std::string& headers = "") {
  return absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: test\r\n", headers, "Content-Length: ", body.size(),
                      "\r\n\r\n", body);
}

// Sends so many pieces, each after the one before has left, then "end".
class Pieces : public ExchangeListener {
 public:
  Pieces(std::shared_ptr<Exchange> exchange, int count) : exchange_(std::move(exchange)), left_(count) {}
  void Begin() {
    exchange_->Begin({200, {{"Content-Type", "text/plain"}}, ""});
    exchange_->Send("piece\n");
  }
  void OnSent() override {
    if (--left_ > 0) return exchange_->Send("piece\n");
    exchange_->SendLast("end\n");
  }
  void OnClosed() override {}

 private:
  const std::shared_ptr<Exchange> exchange_;
  int left_;
};

struct Waiting : ExchangeListener {
  void OnSent() override {}
  void OnClosed() override { closed.set_value(); }
  std::promise<void> closed;
};

class HttpServerTest : public ::testing::Test {
 protected:
  explicit HttpServerTest() { options_.limits.max_body_bytes = 1000; }

  void Start() {
    options_.listen = absl::StrCat("127.0.0.1:", port_);
    options_.handle = [this](std::shared_ptr<Exchange> exchange) { Handle(std::move(exchange)); };
    options_.describe_error = [](int status, const std::string& message) {
      return Response{status, {}, absl::StrCat("refused: ", message)};
    };
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Listen(options_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Run();
  }

  void Handle(std::shared_ptr<Exchange> exchange) {
    const Request& request = exchange->request();
    if (request.target == "/pieces") {
      const auto pieces = std::make_shared<Pieces>(exchange, 3);
      exchange->Listen(pieces);
      server_->PostToIo([pieces] { pieces->Begin(); });
    } else if (request.target == "/wait") {
      waiting_ = std::make_shared<Waiting>();
      exchange->Listen(waiting_);
      has_begun_.set_value(exchange);
    } else {
      exchange->Respond(
          {200, {{"x-test", "1"}}, absl::StrCat(request.method, " ", request.target, " ", request.body)});
    }
  }

  const int port_ = FreePort();
  Options options_;
  std::shared_ptr<Waiting> waiting_;
  std::promise<std::shared_ptr<Exchange>> has_begun_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpServerTest, AConnectionServesOneRequestAfterTheOther) {
  Start();
  Client client(port_);
  for (int i = 0; i < 3; ++i) {
    client.Send(Post("/echo", absl::StrCat("body ", i)));
    const std::string answer = client.ReadUntil(absl::StrCat("POST /echo body ", i));
    EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 200 OK\r\nDate: ")) << answer;
    EXPECT_TRUE(absl::StrContains(answer, "x-test: 1\r\nContent-Length: 17\r\n")) << answer;
  }
}

TEST_F(HttpServerTest, RequestsSentAtOnceAreAnsweredInOrder) {
  Start();
  Client client(port_);
  client.Send(Post("/a", "1") + Post("/pieces", "") + Post("/b", "2") +
              "GET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string answers = client.ReadAll();
  const size_t a = answers.find("POST /a 1");
  const size_t pieces = answers.find("piece\n");
  const size_t b = answers.find("POST /b 2");
  const size_t c = answers.find("GET /c ");
  EXPECT_TRUE(a < pieces && pieces < b && b < c && c != std::string::npos) << answers;
}

TEST_F(HttpServerTest, ToHeadTheBodyIsLeftOut) {
  Start();
  Client client(port_);
  client.Send("HEAD /echo HTTP/1.1\r\n\r\n");
  const std::string answer = client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(absl::StrContains(answer, "Content-Length: 11\r\n")) << answer;
  client.Send(Post("/echo", "next"));
  EXPECT_TRUE(absl::StartsWith(client.ReadUntil("POST /echo next"), "HTTP/1.1 200 OK"))
      << "nothing between them";
}

TEST_F(HttpServerTest, AResponseInPiecesIsChunked) {
  Start();
  Client client(port_);
  client.Send(Post("/pieces", ""));
  const std::string answer = client.ReadUntil("\r\n0\r\n\r\n");
  EXPECT_TRUE(absl::StrContains(answer, "Transfer-Encoding: chunked\r\n")) << answer;
  EXPECT_TRUE(absl::EndsWith(
      answer, "\r\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n4\r\nend\n\r\n0\r\n\r\n"))
      << answer;
  client.Send(Post("/echo", "again"));
  client.ReadUntil("POST /echo again");
}

TEST_F(HttpServerTest, ToAnOldClientTheEndOfTheConnectionIsTheEndOfThePieces) {
  Start();
  Client client(port_);
  client.Send("POST /pieces HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.0 200 OK")) << answer;
  EXPECT_FALSE(absl::StrContains(answer, "chunked")) << answer;
  EXPECT_TRUE(absl::EndsWith(answer, "\r\n\r\npiece\npiece\npiece\nend\n")) << answer;
}

TEST_F(HttpServerTest, ABodyMayComeInChunksOrAfterAWord) {
  Start();
  Client client(port_);
  client.Send("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  client.ReadUntil("POST /echo onetwo");
  client.Send("POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("after");
  client.ReadUntil("POST /echo after");
}

TEST_F(HttpServerTest, WhatIsNoRequestIsRefusedAndTheConnectionEnds) {
  Start();
  const std::pair<std::string, std::string> bad[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 "},
      {"POST /echo HTTP/1.1\r\nContent-Length: many\r\n\r\n", "HTTP/1.1 400 "},
      {Post("/echo", std::string(1001, 'x')), "HTTP/1.1 413 "},
      {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n500\r\n" + std::string(0x500, 'x'),
       "HTTP/1.1 413 "},
      {"GET / HTTP/1.1\r\nx: " + std::string(20 << 10, 'x') + "\r\n\r\n", "HTTP/1.1 431 "},
  };
  for (const auto& [request, status] : bad) {
    Client client(port_);
    client.Send(request);
    const std::string answer = client.ReadAll();
    EXPECT_EQ(answer.substr(0, status.size()), status) << request.substr(0, 60);
    EXPECT_TRUE(absl::StrContains(answer, "refused: ")) << answer;
  }
  Client client(port_);
  client.Send(Post("/echo", std::string(1000, 'x')));
  client.ReadUntil("xxx");
}

// Boost.Beast bounds neither, and throws for a field of more than 65,535 bytes.
TEST_F(HttpServerTest, ExtensionsAndTrailersOfChunksAreBounded) {
  Start();
  const std::string head = "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = "3\r\none\r\n0\r\n";
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "x: yyyyyyyyyy\r\n";
  const std::pair<std::string, std::string> bad[] = {
      {head + "3;" + std::string(2 << 10, 'x') + "\r\none\r\n0\r\n\r\n", "HTTP/1.1 400 "},
      {head + "3;" + std::string(100 << 10, 'x') + "\r\none\r\n0\r\n\r\n", "HTTP/1.1 4"},
      {head + body + "x: " + std::string(70000, 'y') + "\r\n\r\n", "HTTP/1.1 4"},
      {head + body + std::string(70000, 'x') + ": y\r\n\r\n", "HTTP/1.1 4"},
      {head + body + many, "HTTP/1.1 431 "},
  };
  for (const auto& [request, status] : bad) {
    Client client(port_);
    client.SendSome(request);
    const std::string answer = client.ReadAll();
    EXPECT_EQ(answer.substr(0, status.size()), status) << request.substr(0, 100);
  }
  Client client(port_);
  client.Send(head + "3;a=b\r\none\r\n0\r\nx: y\r\n\r\n");
  client.ReadUntil("POST /echo one");
  client.Send(Post("/echo", "next"));
  client.ReadUntil("POST /echo next");
}

TEST_F(HttpServerTest, AHandlerThatThrowsEndsNothingElse) {
  Start();
  Client client(port_);
  server_->PostToIo([] { throw std::length_error("in a library"); });
  server_->PostToWorker([] { throw std::length_error("in a library"); });
  client.Send(Post("/echo", "still there"));
  client.ReadUntil("POST /echo still there");
}

TEST_F(HttpServerTest, AHeadCanBeRefusedBeforeItsBody) {
  options_.check_head = [](const Request& request) -> std::optional<Response> {
    if (request.Header("authorization") == "yes") return std::nullopt;
    return Response{401, {}, "who are you"};
  };
  Start();
  {
    Client client(port_);
    client.Send("POST /echo HTTP/1.1\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_TRUE(absl::StartsWith(client.ReadAll(), "HTTP/1.1 401 "))
        << "and the connection ends: the body is not read";
  }
  Client client(port_);
  client.Send("GET /echo HTTP/1.1\r\n\r\n");
  client.ReadUntil("who are you");
  client.Send(Post("/echo", "body", "Authorization: yes\r\n"));
  client.ReadUntil("POST /echo body");
}

TEST_F(HttpServerTest, AClientThatGoesIsHeardOf) {
  Start();
  Client client(port_);
  client.Send(Post("/wait", ""));
  const std::shared_ptr<Exchange> exchange = has_begun_.get_future().get();
  client.Close();
  waiting_->closed.get_future().wait();
  exchange->Respond({200, {}, "nobody reads this"});
  Client other(port_);
  other.Send(Post("/echo", "others go on"));
  other.ReadUntil("POST /echo others go on");
}

TEST_F(HttpServerTest, TheEndOfTheServerEndsItsConnections) {
  Start();
  Client idle(port_);
  Client client(port_);
  client.Send(Post("/wait", ""));
  has_begun_.get_future().wait();
  server_.reset();
  waiting_->closed.get_future().wait();
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_EQ(idle.ReadAll(), "");
}

TEST_F(HttpServerTest, SlowClientsLoseTheirConnection) {
  options_.limits.header_timeout = absl::Milliseconds(1);
  options_.limits.body_timeout = absl::Milliseconds(1);
  options_.limits.idle_timeout = absl::Milliseconds(1);
  Start();
  for (const std::string said :
       {"", "POST /echo HTT", "POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"}) {
    Client client(port_);
    client.Send(said);
    EXPECT_EQ(client.ReadAll(), "") << said;
  }
}

TEST_F(HttpServerTest, AClientThatReadsNothingLosesItsConnection) {
  options_.write_timeout = [] { return absl::Milliseconds(1); };
  Start();
  Client client(port_);
  client.Send(Post("/wait", ""));
  const std::shared_ptr<Exchange> exchange = has_begun_.get_future().get();
  server_->PostToIo([&exchange] {
    exchange->Begin({200, {}, ""});
    exchange->Send(std::string(64 << 20, 'x'));
  });
  waiting_->closed.get_future().wait();
}

TEST_F(HttpServerTest, AnAddressHasABoundedNumberOfConnections) {
  options_.limits.max_connections_per_address = 1;
  std::atomic<int> refused = 0;
  options_.on_refused = [&refused] { ++refused; };
  Start();
  Client busy(port_);
  busy.Send(Post("/wait", ""));
  const std::shared_ptr<Exchange> exchange = has_begun_.get_future().get();
  Client c(port_);
  EXPECT_THAT(c.ReadAll(), testing::StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(refused, 1);
  exchange->Respond({200, {}, "done"});
  busy.ReadUntil("done");
  // It is idle now; the server hears of it in its own time.
  for (;;) {
    Client d(port_);
    d.Send("GET /d HTTP/1.1\r\nConnection: close\r\n\r\n");
    if (absl::StrContains(d.ReadAll(), "GET /d ")) break;
  }
}

TEST_F(HttpServerTest, IdleConnectionsKeepNobodyOut) {
  for (const bool all : {false, true}) {
    server_.reset();
    options_.limits.max_connections = all ? 3 : 1000;
    options_.limits.max_connections_per_address = all ? 1000 : 3;
    Start();
    Client silent(port_);
    Client trickling(port_);
    trickling.Send("GET /slow HTTP/1.1\r\nContent-Length: 9\r\n\r\nx");
    Client answered(port_);
    answered.Send(Post("/echo", "a"));
    answered.ReadUntil("POST /echo a");
    Client probe(port_);
    probe.Send(Post("/echo", "probe"));
    probe.ReadUntil("POST /echo probe");
    EXPECT_EQ(silent.ReadAll(), "") << "the one that was idle for the longest gave way";
    Client second(port_);
    second.Send(Post("/echo", "second"));
    second.ReadUntil("POST /echo second");
    EXPECT_EQ(trickling.ReadAll(), "");
    answered.Send(Post("/echo", "again"));
    answered.ReadUntil("POST /echo again");
  }
}

std::string Announced(size_t bytes, const std::string& begun) {
  return absl::StrCat("POST /echo HTTP/1.1\r\nContent-Length: ", bytes, "\r\n\r\n", begun);
}

TEST_F(HttpServerTest, BodiesHaveABoundedMemoryAndTheSlowestGivesWay) {
  options_.limits.max_body_bytes = 1 << 20;
  options_.limits.max_body_memory = 3 << 20;
  Start();
  const std::string most(900 << 10, 'x');
  Client first(port_);
  first.Send(Announced(1 << 20, most));
  std::vector<std::unique_ptr<Client>> others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(std::make_unique<Client>(port_));
    others.back()->Send(Announced(1 << 20, most));
  }
  const std::string answer = first.ReadAll();
  EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, testing::HasSubstr("refused: the server holds 3145728 bytes of request bodies"));
  // The quickest is never refused.
  Client quick(port_);
  quick.Send(Post("/echo", std::string(1000 << 10, 'y')));
  EXPECT_THAT(quick.ReadUntil("yyy"), testing::StartsWith("HTTP/1.1 200 "));
  for (int i = 0; i < 15; ++i) {
    EXPECT_THAT(others[static_cast<size_t>(i)]->ReadAll(), testing::StartsWith("HTTP/1.1 503 ")) << i;
  }
}

TEST_F(HttpServerTest, ABodyInUseCountsUntilItIsReleased) {
  options_.limits.max_body_bytes = 1 << 20;
  options_.limits.max_body_memory = 1 << 20;
  Start();
  Client holder(port_);
  holder.Send(Post("/wait", std::string(900 << 10, 'x')));
  const std::shared_ptr<Exchange> exchange = has_begun_.get_future().get();
  {
    Client client(port_);
    client.Send(Post("/echo", std::string(500 << 10, 'y')));
    EXPECT_THAT(client.ReadAll(), testing::StartsWith("HTTP/1.1 503 "));
  }
  exchange->ReleaseBody();
  Client client(port_);
  client.Send(Post("/echo", std::string(500 << 10, 'y')));
  EXPECT_THAT(client.ReadUntil("yyy"), testing::StartsWith("HTTP/1.1 200 "));
  exchange->Respond({200, {}, "done"});
  holder.ReadUntil("done");
}

TEST_F(HttpServerTest, AHeaderSaysWhetherABodyFollows) {
  const auto announces = [](const Headers& headers) {
    Request request;
    request.headers = headers;
    return request.AnnouncesBody();
  };
  EXPECT_FALSE(announces({}));
  EXPECT_FALSE(announces({{"content-length", "0"}}));
  EXPECT_TRUE(announces({{"content-length", "10"}}));
  EXPECT_TRUE(announces({{"transfer-encoding", "chunked"}}));
}

TEST_F(HttpServerTest, WorkMayBePostedUntilTheServerIsDestroyed) {
  Start();
  std::atomic<bool> is_over = false;
  std::thread poster([&] {
    while (!is_over) {
      server_->PostToIo([this] { server_->PostToWorker([this] { server_->PostToIo([] {}); }); });
    }
  });
  Client client(port_);
  client.Send(Post("/wait", ""));
  has_begun_.get_future().wait();
  server_->Stop();
  EXPECT_EQ(client.ReadAll(), "");
  const auto held = std::make_shared<int>(1);
  server_->PostToWorker([held] { ADD_FAILURE() << "no thread is left to run it"; });
  is_over = true;
  poster.join();
  server_.reset();
  EXPECT_EQ(held.use_count(), 1) << "dropped";
}

TEST_F(HttpServerTest, AnAddressThatIsTakenIsAnError) {
  Start();
  const absl::Status status = Server::Listen(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            absl::StrCat("cannot listen on ", options_.listen, " (HTTP): Address already in use"));
  options_.listen = "no.such.host.invalid:80";
  EXPECT_EQ(Server::Listen(options_).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace streamtensor::server::http
