import AgentProtocol
import FoundationEssentials
import NIOCore
import OpenSSL
import Synchronization
import Values

/// Tells the supervisor who is let in: each client the first time, then at most once an hour. A handshake costs it a look
/// into a table, no more.
final class AdmissionReports: Sendable {
  /// The most clients that are told of in an hour; so many does the supervisor keep.
  static let limit = 4096
  static let interval = TimeAmount.hours(1)

  private let supervisor: any SupervisorContact
  private let verifier: CurrentVerifier
  /// Until when nothing is to be said of a client, by its thumbprint.
  private let told = Mutex<[Thumbprint: NIODeadline]>([:])

  init(to supervisor: any SupervisorContact, _ verifier: CurrentVerifier) {
    self.supervisor = supervisor
    self.verifier = verifier
  }

  /// A client has proven who it is.
  ///
  /// - Parameter presented: asked for only where there is something to tell.
  func admitted(_ client: ClientIdentity, _ presented: () -> PresentedChain?) {
    guard isDue(client.thumbprint), let presented = presented(), let chain = verifier.chain(of: presented),
      let report = Self.report(client, presented, chain)
    else { return }
    supervisor.report(.admitted(report))
  }

  /// Whether the supervisor is to be told of a client now; if so, not again for an hour.
  func isDue(_ thumbprint: Thumbprint, now: NIODeadline = .now()) -> Bool {
    told.withLock { told in
      if let silent = told[thumbprint], silent > now { return false }
      if told.count >= Self.limit, told[thumbprint] == nil {
        told = told.filter { $0.value > now }
        // More clients than are kept: whoever comes now is told of when others' time is over.
        if told.count >= Self.limit { return false }
      }
      told[thumbprint] = now + Self.interval
      return true
    }
  }

  /// What the client presented, or, where that is more than may be told, the chain below the root.
  private static func report(
    _ client: ClientIdentity, _ presented: PresentedChain, _ chain: [Certificate]
  ) -> AdmittedClient? {
    guard let root = chain.last?.sha256Thumbprint else { return nil }
    func made(of certificates: [Certificate]) -> AdmittedClient? {
      AdmittedClient(
        thumbprint: client.thumbprint, root: root,
        certificates: certificates.map { Data($0.der).base64EncodedString() })
    }
    let below = chain.count > 1 ? chain.dropLast() : chain[...]
    return made(of: [presented.leaf] + presented.intermediates) ?? made(of: Array(below))
  }
}
