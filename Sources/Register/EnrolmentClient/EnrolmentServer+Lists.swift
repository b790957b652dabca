import EnrolmentProtocol
import OpenSSL
import Values

extension EnrolmentServer {
  /// Returns the list that the server publishes for a root; `nil` if it publishes none, or one of `held`.
  ///
  /// Nothing but its form has been verified: the caller must check signature, number and dates.
  ///
  /// - Parameters:
  ///   - held: the thumbprints of the lists that are known.
  ///   - roots: the certificates that the server's chain may end in.
  ///   - limit: the maximum size of the list, in bytes.
  public func revocationList(
    of root: Thumbprint, held: [Thumbprint], trusting roots: [Certificate], limit: Int
  ) throws -> RevocationList? {
    let tags = held.map(RevocationListResource.tag).joined(separator: ", ")
    let reply = try ask(
      "GET", RevocationListResource.path(of: root), TLSClientContext(roots: roots),
      tags.isEmpty ? [] : [("If-None-Match", tags)], limit: limit)
    switch reply.status {
    case 304, 404: return nil
    case 200: break
    default: throw EnrolmentError(status: reply.status, reply.body, self)
    }
    guard let list = reply.body.withUnsafeBytes({ try? RevocationList(der: $0) }) else {
      throw EnrolmentError.unusable("\(self) did not answer with a revocation list")
    }
    return list
  }
}
