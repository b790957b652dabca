import AgentProtocol
import FoundationEssentials
import NIOCore
import OpenSSL
import Synchronization
import Values

/// Tells the supervisor which clients are accepted: each the first time, then at most once an hour. A handshake costs only a table lookup.
final class AdmissionReports: Sendable {
  /// The maximum number of clients reported per hour; the supervisor keeps that many.
  static let limit = 4096
  static let interval = TimeAmount.hours(1)

  private let supervisor: any SupervisorContact
  private let verifier: CurrentVerifier
  /// Until when a client is not reported again, by its thumbprint.
  private let told = Mutex<[Thumbprint: NIODeadline]>([:])

  init(to supervisor: any SupervisorContact, _ verifier: CurrentVerifier) {
    self.supervisor = supervisor
    self.verifier = verifier
  }

  /// Reports a client that has authenticated, if a report is due.
  ///
  /// - Parameter presented: called only if a report is due.
  func admitted(_ client: ClientIdentity, _ presented: () -> PresentedChain?) {
    guard isDue(client.thumbprint), let presented = presented(), let chain = verifier.chain(of: presented),
      let report = Self.report(client, presented, chain)
    else { return }
    supervisor.report(.admitted(report))
  }

  /// Returns whether a report about a client is due; if so, the next one is due in an hour.
  func isDue(_ thumbprint: Thumbprint, now: NIODeadline = .now()) -> Bool {
    told.withLock { told in
      if let silent = told[thumbprint], silent > now { return false }
      if told.count >= Self.limit, told[thumbprint] == nil {
        told = told.filter { $0.value > now }
        // More clients than are kept: new ones are reported once the interval of others has passed.
        if told.count >= Self.limit { return false }
      }
      told[thumbprint] = now + Self.interval
      return true
    }
  }

  /// Reports what the client presented or, if that exceeds the limits of a report, the chain below the root.
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
