/// The protocols that a client may choose from in its TLS handshake (ALPN), the preferred one first. Without a choice it
/// is HTTP/1.1.
enum ApplicationProtocol: String, CaseIterable {
  case http2 = "h2"
  case http1 = "http/1.1"
}
