// SPDX-License-Identifier: Apache-2.0
#include "server/http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <sstream>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace streamtensor::server::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<Socket>;

// How much of the next request is read while one is answered.
constexpr size_t kReadAheadBytes = 4 << 10;
// How much of a body is read at once.
constexpr size_t kBodyReadBytes = 16 << 10;
// Of a chunk's extensions, which nothing here uses.
constexpr size_t kMaxExtensionBytes = 1 << 10;
// How long a client may keep sending after it was answered, so that it receives the response and not a reset.
constexpr std::chrono::seconds kLingerTime(2);

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

Headers HeadersOf(const beast_http::fields& fields) {
  Headers headers;
  for (const auto& field : fields) {
    headers.emplace_back(absl::AsciiStrToLower(std::string(View(field.name_string()))), View(field.value()));
  }
  return headers;
}

template <typename Message>
void SetHead(const Response& response, bool keeps_alive, Message& message) {
  message.result(static_cast<unsigned>(response.status));
  message.set(beast_http::field::date,
              absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()));
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keeps_alive);
}

template <typename Stream>
class StreamConnection;

// In HTTP/1.1 each piece of a response is a chunk; in HTTP/1.0 the connection's end marks the response's end.
template <typename Stream>
class StreamExchange final : public Exchange, public std::enable_shared_from_this<StreamExchange<Stream>> {
 public:
  StreamExchange(StreamConnection<Stream>* connection, asio::io_context* io, Request request)
      : connection_(connection), io_(io) {
    request_ = std::move(request);
  }

  void Listen(std::shared_ptr<ExchangeListener> listener) override {
    asio::post(*io_, [self = this->shared_from_this(), listener = std::move(listener)]() mutable {
      if (self->connection_ == nullptr) {
        listener->OnClosed();
      } else {
        self->listener_ = std::move(listener);
      }
    });
  }

  void Respond(Response response) override {
    asio::post(*io_, [self = this->shared_from_this(), response = std::move(response)]() mutable {
      if (self->connection_ != nullptr) self->connection_->Respond(std::move(response));
    });
  }

  void Begin(Response head) override {
    if (connection_ != nullptr) connection_->BeginStream(head);
  }
  void Send(std::string piece) override {
    if (connection_ != nullptr) connection_->SendPiece(std::move(piece), /*is_last=*/false);
  }
  void SendLast(std::string piece) override {
    if (connection_ != nullptr) connection_->SendPiece(std::move(piece), /*is_last=*/true);
  }

  // The connection does the rest.
  void SetBody(std::string body, std::unique_ptr<BodyMemory::Share> share) {
    request_.body = std::move(body);
    body_share_ = std::move(share);
  }
  void OnSent() const {
    if (const auto listener = listener_; listener != nullptr) listener->OnSent();
  }
  // The response was sent.
  void End() {
    connection_ = nullptr;
    listener_ = nullptr;
  }
  void OnClosed() {
    connection_ = nullptr;
    if (const auto listener = std::exchange(listener_, nullptr); listener != nullptr) listener->OnClosed();
  }

 private:
  StreamConnection<Stream>* connection_;  // nullptr: the response was sent, or never will be
  asio::io_context* const io_;
  std::shared_ptr<ExchangeListener> listener_;
};

template <typename Stream>
class StreamConnection final : public Connection,
                               public std::enable_shared_from_this<StreamConnection<Stream>> {
 public:
  StreamConnection(const ConnectionHost* host, Stream stream, std::string peer,
                   std::function<void(Connection*)> on_closed)
      : host_(host),
        limits_(host->options->limits),
        stream_(std::move(stream)),
        peer_(std::move(peer)),
        on_closed_(std::move(on_closed)),
        buffer_(MaxBuffered()) {}

  void Start() override {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      SetDeadline(limits_.header_timeout);
      stream_.async_handshake(TlsStream::server, [self = Self()](error_code error) {
        if (self->IsOver(error)) return;
        self->AwaitRequest();
      });
    } else {
      AwaitRequest();
    }
  }

  void Refuse(const std::string& why) override {
    BeginExchange(Request());
    keeps_alive_ = false;
    Respond(host_->options->describe_error(503, why));
  }

  void RefuseBody() override {
    is_body_refused_ = true;
    body_since_ = std::nullopt;
    body_share_ = nullptr;
    error_code ignored;
    ignored = stream_.lowest_layer().cancel(ignored);  // the read that waits ends, and answers
  }

  void Close() override {
    if (is_closed_) return;
    is_closed_ = true;
    body_since_ = std::nullopt;
    body_share_ = nullptr;
    error_code ignored;
    stream_.lowest_layer().close(ignored);  // pending operations end with an error
    if (const auto exchange = std::exchange(exchange_, nullptr); exchange != nullptr) exchange->OnClosed();
    on_closed_(this);
  }

  void Respond(Response response) {
    whole_.emplace(beast_http::status::ok, version_);
    whole_->body() = std::move(response.body);
    SetHead(response, keeps_alive_, *whole_);
    whole_->prepare_payload();
    if (exchange_->request().method == "HEAD") return RespondHead();
    SetWriteDeadline();
    beast_http::async_write(stream_, *whole_, [self = Self()](error_code error, size_t) {
      self->whole_.reset();
      if (self->IsOver(error)) return;
      self->EndExchange();
    });
  }

  // Everything except the body.
  void RespondHead() {
    std::ostringstream text;
    text << whole_->base();
    out_ = text.str();
    whole_.reset();
    SetWriteDeadline();
    asio::async_write(stream_, asio::buffer(out_), [self = Self()](error_code error, size_t) {
      if (self->IsOver(error)) return;
      self->out_.clear();
      self->EndExchange();
    });
  }

  void BeginStream(const Response& head) {
    is_chunked_ = version_ >= 11;
    if (!is_chunked_) keeps_alive_ = false;
    beast_http::response<beast_http::empty_body> message(beast_http::status::ok, version_);
    SetHead(head, keeps_alive_, message);
    if (is_chunked_) message.chunked(true);
    std::ostringstream text;
    text << message.base();
    out_ = text.str();
  }

  void SendPiece(std::string piece, bool is_last) {
    if (!is_chunked_) {
      out_ += piece;
    } else if (!piece.empty()) {
      out_ += beast::buffers_to_string(beast_http::make_chunk(asio::buffer(piece)));
    }
    if (is_chunked_ && is_last) out_ += beast::buffers_to_string(beast_http::make_chunk_last());
    SetWriteDeadline();
    asio::async_write(stream_, asio::buffer(out_), [self = Self(), is_last](error_code error, size_t) {
      if (self->IsOver(error)) return;
      self->out_.clear();
      if (is_last) return self->EndExchange();
      self->deadline_ = Clock::time_point::max();
      self->exchange_->OnSent();
    });
  }

 private:
  std::shared_ptr<StreamConnection> Self() { return this->shared_from_this(); }

  // A header, and what is read of a body at once. Bounds a line of a chunked body too.
  size_t MaxBuffered() const { return limits_.max_header_bytes + kBodyReadBytes; }

  // The connection was closed meanwhile, or this closes it.
  bool IsOver(error_code error) {
    if (error) Close();
    return is_closed_;
  }

  void SetWriteDeadline() { SetDeadline(host_->options->write_timeout()); }
  void SetDeadline(absl::Duration wait) { deadline_ = Clock::now() + absl::ToChronoNanoseconds(wait); }

  void AwaitRequest() {
    SetDeadline(limits_.idle_timeout);
    if (buffer_.size() > 0) {
      ReadHead();
    } else if (!is_watching_) {
      Watch();
    }
  }

  // Reads once into an empty buffer: between requests this is the beginning of the next one; during a
  // response it detects that the client left. A client that only closes its sending side counts as gone: the
  // two cannot be told apart.
  void Watch() {
    is_watching_ = true;
    stream_.async_read_some(buffer_.prepare(kReadAheadBytes),
                            [self = Self()](error_code error, size_t bytes) {
                              self->is_watching_ = false;
                              if (self->IsOver(error)) return;
                              if (self->is_lingering_) return self->Discard();
                              self->buffer_.commit(bytes);
                              if (self->exchange_ == nullptr) self->ReadHead();
                            });
  }

  void ReadHead() {
    SetDeadline(limits_.header_timeout);
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(limits_.max_header_bytes));
    parser_->body_limit(limits_.max_body_bytes);
    beast_http::async_read_header(stream_, buffer_, *parser_, [self = Self()](error_code error, size_t) {
      if (self->is_closed_) return;
      if (error) return self->OnReadError(error);
      self->OnHead();
    });
  }

  void OnHead() {
    const auto& message = parser_->get();
    version_ = message.version();
    keeps_alive_ = message.keep_alive();
    Request request;
    request.method = std::string(View(message.method_string()));
    request.target = std::string(View(message.target()));
    request.headers = HeadersOf(message);
    BeginExchange(std::move(request));
    if (std::optional<Response> refusal = host_->options->check_head(exchange_->request());
        refusal.has_value()) {
      // Does not read the rest of the body.
      if (!parser_->is_done()) keeps_alive_ = false;
      return Respond(*std::move(refusal));
    }
    if (parser_->is_done()) return Dispatch();
    if (beast::iequals(message[beast_http::field::expect], "100-continue")) return Continue();
    ReadBody();
  }

  void BeginExchange(Request request) {
    request.peer = peer_;
    exchange_ = std::make_shared<StreamExchange<Stream>>(this, host_->io, std::move(request));
  }

  // The client waits for "100 Continue" before it sends the body.
  void Continue() {
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    SetWriteDeadline();
    asio::async_write(stream_, asio::buffer(out_), [self = Self()](error_code error, size_t) {
      if (self->IsOver(error)) return;
      self->out_.clear();
      self->ReadBody();
    });
  }

  void ReadBody() {
    SetDeadline(limits_.body_timeout);
    body_since_ = Clock::now();
    body_share_ = std::make_unique<BodyMemory::Share>(host_->bodies);
    parser_->eager(true);
    is_in_trailer_ = false;
    trailer_bytes_ = 0;
    parser_->on_chunk_header(on_chunk_header_);
    buffer_.reserve(kBodyReadBytes);
    ReadSomeBody();
  }

  void ReadSomeBody() {
    beast_http::async_read_some(stream_, buffer_, *parser_, [self = Self()](error_code error, size_t bytes) {
      if (self->is_closed_) return;
      if (self->is_in_trailer_) self->trailer_bytes_ += bytes;
      self->OnBodyRead(error);
    });
  }

  void OnBodyRead(error_code error) {
    if (is_body_refused_) return RespondBodyRefused();
    if (!error && trailer_bytes_ > MaxBuffered()) error = beast_http::error::header_limit;
    if (error) return OnReadError(error);
    body_share_->Set(parser_->get().body().size() + buffer_.capacity());
    if (host_->bodies->held() > limits_.max_body_memory) host_->on_bodies_full();
    if (is_body_refused_) return RespondBodyRefused();
    if (!parser_->is_done()) return ReadSomeBody();
    body_since_ = std::nullopt;
    std::string body = std::move(parser_->get().body());
    body_share_->Set(body.capacity());
    exchange_->SetBody(std::move(body), std::move(body_share_));
    Dispatch();
  }

  void RespondBodyRefused() {
    parser_.reset();
    keeps_alive_ = false;
    Respond(host_->options->describe_error(
        503, absl::StrCat("the server holds ", limits_.max_body_memory,
                          " bytes of request bodies, which is its limit, and this one took longest")));
  }

  void Dispatch() {
    parser_.reset();
    if (buffer_.size() == 0) buffer_ = beast::flat_buffer(MaxBuffered());  // it may have grown with a body
    idle_since_ = std::nullopt;
    deadline_ = Clock::time_point::max();  // the handler's responsibility
    if (buffer_.size() == 0) Watch();
    host_->dispatch(exchange_);
  }

  void OnReadError(error_code error) {
    body_since_ = std::nullopt;
    body_share_ = nullptr;
    const bool is_of_http =
        error.category() == beast_http::make_error_code(beast_http::error::end_of_stream).category();
    if (!is_of_http || error == beast_http::error::end_of_stream ||
        error == beast_http::error::partial_message) {
      return Close();
    }
    int status = 400;
    if (error == beast_http::error::body_limit) status = 413;
    if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) status = 431;
    if (exchange_ == nullptr) BeginExchange(Request());
    parser_.reset();
    keeps_alive_ = false;
    version_ = 11;
    Respond(host_->options->describe_error(status, error.message()));
  }

  void EndExchange() {
    exchange_->End();
    exchange_ = nullptr;
    idle_since_ = Clock::now();
    if (keeps_alive_) return AwaitRequest();
    Linger();
  }

  // Half-closes the connection and waits briefly until the client has read the response.
  void Linger() {
    is_lingering_ = true;
    deadline_ = Clock::now() + kLingerTime;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown([self = Self()](error_code) { self->Close(); });
    } else {
      error_code ignored;
      stream_.shutdown(asio::socket_base::shutdown_send, ignored);
      if (!is_watching_) Discard();
    }
  }

  void Discard() {
    stream_.async_read_some(asio::buffer(discarded_), [self = Self()](error_code error, size_t) {
      if (self->IsOver(error)) return;
      self->Discard();
    });
  }

  const ConnectionHost* const host_;
  const Limits& limits_;
  Stream stream_;
  const std::string peer_;
  const std::function<void(Connection*)> on_closed_;
  beast::flat_buffer buffer_;
  // Of a chunked body: the last chunk has a size of 0, and what follows is kept by the parser, without a
  // limit of its own.
  std::function<void(std::uint64_t, beast::string_view, error_code&)> on_chunk_header_ =
      [this](std::uint64_t bytes, beast::string_view extensions, error_code& error) {
        if (bytes == 0) is_in_trailer_ = true;
        if (extensions.size() > kMaxExtensionBytes) error = beast_http::error::bad_chunk_extension;
      };
  size_t trailer_bytes_ = 0;  // read since the last chunk began
  bool is_in_trailer_ = false;
  std::optional<beast_http::request_parser<beast_http::string_body>> parser_;
  std::unique_ptr<BodyMemory::Share> body_share_;     // while a body is received
  std::shared_ptr<StreamExchange<Stream>> exchange_;  // from a request's header to the end of its response
  std::optional<beast_http::response<beast_http::string_body>> whole_;
  std::string out_;  // being written
  std::array<char, 4096> discarded_;
  unsigned version_ = 11;
  bool keeps_alive_ = true;
  bool is_chunked_ = true;
  bool is_watching_ = false;
  bool is_lingering_ = false;
  bool is_body_refused_ = false;
  bool is_closed_ = false;
};

}  // namespace

std::string_view Request::Header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

bool Request::AnnouncesBody() const {
  const std::string_view length = Header("content-length");
  return !Header("transfer-encoding").empty() || length.find_first_not_of('0') != std::string_view::npos;
}

std::shared_ptr<Connection> Connection::Create(const ConnectionHost* host, Socket socket, std::string peer,
                                               asio::ssl::context* tls,
                                               std::function<void(Connection*)> on_closed) {
  if (tls == nullptr) {
    return std::make_shared<StreamConnection<Socket>>(host, std::move(socket), std::move(peer),
                                                      std::move(on_closed));
  }
  return std::make_shared<StreamConnection<TlsStream>>(host, TlsStream(std::move(socket), *tls),
                                                       std::move(peer), std::move(on_closed));
}

}  // namespace streamtensor::server::http
