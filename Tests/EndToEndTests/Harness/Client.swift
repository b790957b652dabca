import AgentClient
import AgentProtocol
import HTTPSClient
import OpenSSL
import Synchronization
import SystemCalls

extension Installation {
  /// A client library instance with the connector's certificate or another.
  func client(
    as credential: Presented? = nil, _ change: (inout ClientLimits) -> Void = { _ in }
  ) throws -> AgentClient {
    guard let files = (credential ?? certificates.connector).files else {
      throw HarnessError("a client without a certificate")
    }
    let limit = 1 << 20
    let key = try PEMBlock.all(in: DurableFile.read(files.key, limit: limit))[0]
    let context = try TLSClientContext(
      certificateChain: Certificate.all(inPEM: DurableFile.read(files.chain, limit: limit)),
      privateKey: PrivateKey(pem: key),
      roots: Certificate.all(inPEM: DurableFile.read(certificates.rootPath, limit: limit)))
    var limits = ClientLimits()
    change(&limits)
    return AgentClient(ServerAddress(host: "127.0.0.1", port: port, name: "localhost"), tls: context, limits: limits)
  }

  /// Returns an agentctl command line with the options that specify the agent, and these arguments.
  func agentctl(_ command: String, _ arguments: String...) throws -> [String] {
    guard let files = certificates.connector.files else { throw HarnessError("a client without a certificate") }
    return [
      folder.path("bin/agentctl"), command, "localhost:\(port)", "--cert", files.chain, "--key", files.key,
      "--ca", certificates.rootPath,
    ] + arguments
  }
}

extension AgentClient {
  /// Returns the complete output of a job so far; with `follow`, after it has ended.
  func wholeOutput(of id: JobID, follow: Bool = false) async throws -> [UInt8] {
    let collected = CollectedBytes()
    try await output(of: id, follow: follow) { collected.append($0) }
    return collected.bytes
  }
}

/// Bytes that arrive in pieces.
final class CollectedBytes: Sendable {
  private let all = Mutex<[UInt8]>([])
  var bytes: [UInt8] { all.withLock { $0 } }
  func append(_ bytes: [UInt8]) { all.withLock { $0 += bytes } }
}
