import AgentProtocol
import OpenSSL
import SupervisorLink
import SystemCalls
import TestCertificates
import Testing
import Values

@testable import Listener

/// Warnings cover only what is in use: not other listener certificates in the store, and no CA certificate with a stored renewal.
struct WhatIsInUseIsDated {
  private let pki = PKI.shared

  private func material(
    own: Credential, certificates: [Credential], roots: [Credential], lists: [String] = []
  ) throws -> DatedMaterial {
    let trust = try Trust(
      ClientTrust(
        certificates: certificates.map { try $0.certificatePEM }, roots: roots.map { try $0.certificatePEM },
        revocationLists: lists.map { try pki.text(of: $0) }))
    return DatedMaterial(own: try Certificate.all(inPEM: Array(try own.certificatePEM.utf8))[0], trust)
  }

  @Test func listenerRootsIntermediatesAndLists() throws {
    let root = try pki.root("Dated Root")
    let other = try pki.root("Other Dated Root")
    let intermediate = try pki.intermediate("Dated Intermediate", by: root)
    let own = try pki.server(by: intermediate)
    let unused = try pki.server("unused", by: root)
    let list = try pki.revocationList(by: root, revoking: [])
    let items = try material(
      own: own, certificates: [own, unused, intermediate], roots: [root, other], lists: [list]
    ).items
    #expect(items.map(\.kind) == [.listener, .root, .root, .intermediate, .revocationList])
    #expect(
      items.map(\.subject) == [
        "CN=localhost", "CN=Dated Root", "CN=Other Dated Root", "CN=Dated Intermediate", "CN=Dated Root",
      ])
    #expect(items.allSatisfy { $0.end != nil && $0.thumbprint != .unknown })
  }

  /// A certificate of the same CA with the same key and a longer validity replaces the shorter one.
  @Test func aRenewedCertificateOfACAIsNotWarnedOf() throws {
    let folder = try pki.scratchFolder()
    let root = try pki.issue(
      CertificateRecipe("/CN=Renewed Root", .authority).with { $0.notAfter = 5 * 86400 - 3600 }, by: nil)
    let renewed = "\(folder)/renewed.pem"
    try pki.openssl(
      "req", "-x509", "-new", "-key", root.keyPath, "-subj", "/CN=Renewed Root", "-days", "900", "-out", renewed)
    let own = try pki.server(by: root)
    let trust = try Trust(
      ClientTrust(
        certificates: [try own.certificatePEM], roots: [try root.certificatePEM, try pki.text(of: renewed)],
        revocationLists: []))
    let dated = DatedMaterial(own: try Certificate.all(inPEM: Array(try own.certificatePEM.utf8))[0], trust)
    #expect(dated.items.filter { $0.kind == .root }.count == 1)
    let now = Timestamp.now().milliseconds / 1000
    #expect(!dated.warnings(at: now).contains { $0.text.contains("Renewed Root") })
    // The same name with another key is another CA, whose expiry matters.
    let namesake = try pki.root("Renewed Root")
    let two = try material(own: own, certificates: [own], roots: [root, namesake])
    #expect(two.warnings(at: now).contains { $0.text.contains("the root CN=Renewed Root expires in 4 days") })
  }
}

extension PKI {
  fileprivate func text(of path: String) throws -> String {
    String(decoding: try DurableFile.read(path, limit: 1 << 20), as: UTF8.self)
  }
}
