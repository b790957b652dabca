import EnrolmentProtocol
import OpenSSL
import TestSupport
import Values

/// Requests from agents to the enrolment service, answers of such a service, and codes as typed by people.
let enrolmentTargets = [
  FuzzTarget("pkcs10", atMost: 8192, seeds: { try [request().der] }) { input in
    guard let request = try? CertificateRequest(der: input) else { return }
    let again = try CertificateRequest(der: request.der)
    promise(again.der == request.der && again.commonNames == request.commonNames, "a request is read as it was written")
    promise(isOnePrintableLine(request.subject), "its subject is printable: \(request.subject.debugDescription)")
    _ = (request.alternativeNames, request.isSignedWithItsKey, request.publicKey?.sha256)
  },
  FuzzTarget("certs-only", atMost: 8192, seeds: { try [CertificatesMessage.der(enrolledCertificates())] }) { input in
    guard let certificates = try? CertificatesMessage.certificates(inDER: input) else { return }
    promise(certificates.count <= CertificatesMessage.maximumCount, "certificates are within the limit")
    let again = try CertificatesMessage.certificates(inDER: CertificatesMessage.der(certificates))
    promise(Set(again) == Set(certificates), "certificates are read as they were written")
  },
  FuzzTarget(
    "enrolment-code", atMost: 512,
    seeds: { [Array(EnrolmentCode(root: Thumbprint(repeating: "6b")).text.utf8)] }
  ) { input in
    let text = String(decoding: input, as: UTF8.self)
    if let code = EnrolmentCode(text) {
      promise(EnrolmentCode(code.text) == code, "a code is read as it is shown")
      promise(EnrolmentCode.secret(in: text) == code.secret, "both readers agree")
    }
    if let der = Base64Body.decode(input) {
      promise(Base64Body.decode(Base64Body.encode(der)) == der, "a body is read as it was written")
    }
  },
]

private func request() throws -> CertificateRequest {
  try CertificateRequest.make(
    commonName: "AGENT01", alternativeNames: [.dns("agent01.example.com"), .address("192.0.2.7")],
    key: PrivateKey.generate(.p256))
}

private func enrolledCertificates() throws -> [Certificate] {
  let template = CertificateTemplate(
    commonName: "root", purpose: .authority(pathLength: 0), notBefore: 1_700_000_000, notAfter: 2_000_000_000)
  return [try Certificate.issueSelfSigned(template, with: PrivateKey.generate(.p256))]
}
