import TestCertificates
import TestSupport
import Testing

@testable import OpenSSL

/// However many certificates clients have, only a limited number is kept; those in use are kept longest.
@Suite struct SharedCertificatesAreBounded {
  @Test func whatIsAskedForStaysAndTheOthersGo() throws {
    let certificate = try Certificate.all(inPEM: Array(PKI.shared.root().certificatePEM.utf8))[0]
    let shared = SharedCertificates()
    func key(_ number: Int) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8)] }
    let all = 0..<5 * SharedCertificates.limit
    var isKept = true
    for number in all {
      shared.keep(certificate, der: key(number))
      // One client returns again and again.
      isKept = isKept && shared.certificate(der: key(0)) === certificate
    }
    #expect(isKept)
    let newest = all.suffix(SharedCertificates.limit - 1)
    #expect(newest.filter { shared.certificate(der: key($0)) == nil } == [])
    #expect(all.count { shared.certificate(der: key($0)) != nil } <= 2 * SharedCertificates.limit)
  }
}
