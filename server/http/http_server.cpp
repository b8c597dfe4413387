// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_server.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <exception>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/access/client_network.h"
#include "server/http/connection.h"

namespace streamtensor::server::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<Connection::Clock, asio::wait_traits<Connection::Clock>, Executor>;

constexpr std::chrono::seconds kSweepPeriod(1);
// Delay after a failed accept, usually for lack of descriptors.
constexpr std::chrono::milliseconds kAcceptPause(100);
// Detects a client whose network vanished after 90 seconds.
constexpr int kUserTimeoutMs = 90000;
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 10;
constexpr int kKeepAliveProbes = 3;
// Refused connections that are told why at once; further ones are closed.
constexpr size_t kMaxRefused = 64;
// Limits unsent data in the kernel, so that a writer notices a client that does not read.
constexpr int kUnsentBytes = 32 << 10;

// Whatever a library throws for one client's bytes must not end the process; the connection ends at its
// deadline.
void RunAll(asio::io_context& context) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& error) {
      spdlog::error("HTTP: {}", error.what());
    }
  }
}

std::string AddressOf(const tcp::endpoint& endpoint) {
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  // In gRPC's format, so that a client has one rate in both APIs.
  return address.is_v4() ? absl::StrCat("ipv4:", address.to_string())
                         : absl::StrCat("ipv6:%5B", address.to_string(), "%5D");
}

// What the connections of one client have in common.
std::string ClientOf(const tcp::endpoint& endpoint) {
  if (!endpoint.address().is_v6() || endpoint.address().to_v6().is_v4_mapped()) return AddressOf(endpoint);
  asio::ip::address_v6::bytes_type bytes = endpoint.address().to_v6().to_bytes();
  in6_addr address;
  std::copy(bytes.begin(), bytes.end(), address.s6_addr);
  address = ClientNetwork(address);
  std::copy_n(address.s6_addr, bytes.size(), bytes.begin());
  return AddressOf({asio::ip::make_address_v6(bytes), 0});
}

void SetSocketOptions(Socket& socket) {
  // A socket without one of them serves all the same.
  const auto set = [&socket](int level, int option, int value) {
    setsockopt(socket.native_handle(), level, option, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentBytes);
}

absl::StatusOr<std::unique_ptr<asio::ssl::context>> TlsContextFrom(const TlsPair& pair) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  error_code error;
  error = context->use_certificate_chain(asio::buffer(pair.certificate), error);
  if (!error) error = context->use_private_key(asio::buffer(pair.key), asio::ssl::context::pem, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("TLS: ", error.message()));
  return context;
}

absl::Status CannotListen(const std::string& listen, const error_code& error) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", listen, " (HTTP): ", error.message()));
}

}  // namespace

struct Server::Impl {
  struct Served {
    std::shared_ptr<Connection> connection;
    std::string address;
  };
  // One listening address.
  struct Listener {
    Acceptor acceptor;
    Timer pause;
  };

  explicit Impl(Options options) : options(std::move(options)) {
    host.options = &this->options;
    host.io = &io;
    host.on_bodies_full = [this] { RefuseBodies(); };
    host.dispatch = [this](std::shared_ptr<Exchange> exchange) {
      asio::post(work, [this, exchange = std::move(exchange)] { this->options.handle(exchange); });
    };
  }

  ~Impl() { Stop(); }

  void Stop() {
    work.stop();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
    if (io_thread.joinable()) {
      asio::post(io, [this] { CloseAll(); });
      io_guard.reset();  // the thread ends after the last connection
      io_thread.join();
    }
  }

  absl::Status Listen() {
    const size_t colon = options.listen.rfind(':');
    std::string host_name = options.listen.substr(0, colon);
    if (host_name.size() > 2 && host_name.front() == '[')
      host_name = host_name.substr(1, host_name.size() - 2);
    error_code error;
    const auto found =
        tcp::resolver(io).resolve(host_name, options.listen.substr(colon + 1),
                                  tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error) return CannotListen(options.listen, error);
    for (const auto& entry : found) {
      Acceptor acceptor(io.get_executor());
      error = acceptor.open(entry.endpoint().protocol(), error);
      if (!error) error = acceptor.set_option(asio::socket_base::reuse_address(true), error);
      if (!error) error = acceptor.bind(entry.endpoint(), error);
      if (!error) error = acceptor.listen(asio::socket_base::max_listen_connections, error);
      if (error) return CannotListen(options.listen, error);
      listeners.push_back({std::move(acceptor), Timer(io.get_executor())});
    }
    return absl::OkStatus();
  }

  void Run() {
    for (Listener& listener : listeners) Accept(listener);
    Sweep();
    io_thread = std::thread([this] {
      pthread_setname_np(pthread_self(), "http-io");
      RunAll(io);
    });
    for (int i = 0; i < options.workers; ++i) {
      workers.emplace_back([this] {
        pthread_setname_np(pthread_self(), "http-worker");
        RunAll(work);
      });
    }
  }

  // The I/O thread does the rest.

  void Accept(Listener& listener) {
    listener.acceptor.async_accept([this, &listener](error_code error, Socket socket) {
      if (is_closing) return;
      if (error) {
        spdlog::warn("HTTP: a connection was not accepted: {}", error.message());
        listener.pause.expires_after(kAcceptPause);
        listener.pause.async_wait([this, &listener](error_code) {
          if (!is_closing) Accept(listener);
        });
        return;
      }
      Serve(std::move(socket));
      Accept(listener);
    });
  }

  void Serve(Socket socket) {
    error_code error;
    const tcp::endpoint endpoint = socket.remote_endpoint(error);
    if (error) return;  // the client has already disconnected
    const std::string address = ClientOf(endpoint);
    if (!MakeRoom(address)) {
      Refuse(std::move(socket), absl::StrCat("too many connections: ", ConnectionsOf(address), " of ",
                                             address, ", ", connections.size(), " in all"));
      return;
    }
    ++addresses[address];
    SetSocketOptions(socket);
    const auto on_closed = [this, address](Connection* connection) {
      connections.erase(connection);
      if (--addresses[address] == 0) addresses.erase(address);
    };
    const auto connection =
        Connection::Create(&host, std::move(socket), absl::StrCat(AddressOf(endpoint), ":", endpoint.port()),
                           tls.get(), on_closed);
    connections.emplace(connection.get(), Served{connection, address});
    connection->Start();
  }

  // Tells some of the refused why; over TLS that would cost a handshake.
  void Refuse(Socket socket, const std::string& why) {
    spdlog::debug("HTTP: {}", why);
    options.on_refused();
    if (tls != nullptr || refused.size() >= kMaxRefused) return;
    const auto on_closed = [this](Connection* connection) { refused.erase(connection); };
    const auto connection = Connection::Create(&host, std::move(socket), "", nullptr, on_closed);
    refused.emplace(connection.get(), connection);
    connection->Refuse(why);
  }

  size_t ConnectionsOf(const std::string& address) const {
    const auto found = addresses.find(address);
    return found == addresses.end() ? 0 : found->second;
  }

  // Whether another connection may be served. Connections that owe a request, or send it slowly, can't keep
  // others out: the one that is idle for the longest gives way.
  bool MakeRoom(const std::string& address) {
    const bool is_address_full = ConnectionsOf(address) >= options.limits.max_connections_per_address;
    if (!is_address_full && connections.size() < options.limits.max_connections) return true;
    std::shared_ptr<Connection> idlest;
    for (const auto& [key, served] : connections) {
      const auto since = served.connection->idle_since();
      if (!since.has_value() || (is_address_full && served.address != address)) continue;
      if (idlest == nullptr || *since < *idlest->idle_since()) idlest = served.connection;
    }
    if (idlest == nullptr) return false;
    idlest->Close();
    return true;
  }

  // Bodies that are being received give way, the one that has taken longest first: that of a client that is
  // quick never is.
  void RefuseBodies() {
    while (host.bodies->held() > options.limits.max_body_memory) {
      std::shared_ptr<Connection> longest;
      for (const auto& [key, served] : connections) {
        const auto since = served.connection->body_since();
        if (!since.has_value()) continue;
        if (longest == nullptr || *since < *longest->body_since()) longest = served.connection;
      }
      if (longest == nullptr) return;
      longest->RefuseBody();
    }
  }

  // One timer for all: a timer per connection would cost more than the checks.
  void Sweep() {
    sweep.expires_after(kSweepPeriod);
    sweep.async_wait([this](error_code error) {
      if (error || is_closing) return;
      const auto now = Connection::Clock::now();
      std::vector<std::shared_ptr<Connection>> overdue;
      for (const auto& [key, served] : connections) {
        if (served.connection->IsOverdue(now)) overdue.push_back(served.connection);
      }
      for (const auto& [key, connection] : refused) {
        if (connection->IsOverdue(now)) overdue.push_back(connection);
      }
      for (const auto& connection : overdue) connection->Close();
      Sweep();
    });
  }

  void CloseAll() {
    is_closing = true;
    error_code ignored;
    for (Listener& listener : listeners) {
      ignored = listener.acceptor.close(ignored);
      listener.pause.cancel();
    }
    sweep.cancel();
    while (!connections.empty()) {
      const std::shared_ptr<Connection> connection = connections.begin()->second.connection;
      connection->Close();
    }
    while (!refused.empty()) {
      const std::shared_ptr<Connection> connection = refused.begin()->second;
      connection->Close();
    }
  }

  const Options options;
  std::unique_ptr<asio::ssl::context> tls;
  asio::io_context io{1};
  asio::executor_work_guard<Executor> io_guard{io.get_executor()};
  asio::io_context work;
  asio::executor_work_guard<Executor> work_guard{work.get_executor()};
  ConnectionHost host;
  std::vector<Listener> listeners;
  Timer sweep{io.get_executor()};
  bool is_closing = false;
  std::unordered_map<Connection*, Served> connections;
  std::map<std::string, size_t> addresses;  // connections per address
  std::unordered_map<Connection*, std::shared_ptr<Connection>> refused;
  std::thread io_thread;
  std::vector<std::thread> workers;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (impl->options.tls.has_value()) {
    ASSIGN_OR_RETURN(impl->tls, TlsContextFrom(*impl->options.tls));
  }
  RETURN_IF_ERROR(impl->Listen());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::Run() { impl_->Run(); }

void Server::Stop() { impl_->Stop(); }

void Server::PostToIo(std::function<void()> work) { asio::post(impl_->io, std::move(work)); }

void Server::PostToWorker(std::function<void()> work) { asio::post(impl_->work, std::move(work)); }

}  // namespace streamtensor::server::http
