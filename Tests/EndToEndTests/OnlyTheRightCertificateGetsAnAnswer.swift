// Goal: of all credentials, only those that chain to the imported root and are suitable for a client get an HTTP answer; each refusal is
// logged with its reason and does not affect the next valid client. The same for four TLS clients and both versions of TLS.
import TestSupport
import Testing

@Suite struct OnlyTheRightCertificateGetsAnAnswer {
  @Test(arguments: ClientProgram.quick, TLSVersion.allCases)
  func table(program: ClientProgram, version: TLSVersion) async throws {
    let credentials = try CredentialCase.all()
    // agentd logs at most ten refusals per minute and source, and every one must appear here.
    for first in stride(from: 0, to: credentials.count, by: 8) {
      let agent = try await Installation.running()
      for credential in credentials[first..<min(first + 8, credentials.count)] {
        try await check(credential, with: program, version, at: agent)
      }
    }
  }

  private func check(
    _ credential: CredentialCase, with program: ClientProgram, _ version: TLSVersion, at agent: Installation
  ) async throws {
    let logged = agent.log.utf8.count
    let answer = try await program.answer(from: agent, version, presenting: credential.presented)
    guard let reason = credential.refusal else {
      #expect(answer.hasPrefix(program.success), "\(credential.name): \(agent.log)")
      return
    }
    #expect(answer == "", "\(credential.name)")
    let line = try await agent.logLine(with: "connection refused", "127.0.0.1", after: logged)
    let withheld = !program.sendsUnwantedCertificates && line.contains("client presented no certificate")
    #expect(line.contains(reason) || withheld, "\(credential.name): \(line)")

    let good = try await program.answer(from: agent, version, presenting: agent.certificates.connector)
    #expect(good.hasPrefix(program.success), "after \(credential.name)")
  }

  @Test(arguments: TLSVersion.allCases)
  func aCertificateWithoutItsKeyIsWorthNothing(version: TLSVersion) async throws {
    let agent = try await Installation.running()
    let logged = agent.log.utf8.count
    // Every usual client refuses to present a certificate without its key; GnuTLS's library can be told not to check.
    let thief = try await TestProcess(
      [
        "python3", "-c", Self.thief, "\(agent.port)", "1.\(version.minor)", agent.certificates.connector.files!.chain,
        agent.certificates.listener.keyPath,
      ]
    ).end()
    #expect(thief.end == .exited(0), "\(thief.errorText)")
    #expect(thief.outputText.hasPrefix("refused"), "\(thief.outputText)")
    try await agent.logLine(with: "connection refused", "127.0.0.1", after: logged)
    #expect(try await agent.request("GET", "agent").status == 200)
  }

  private static let thief = """
    import ctypes, socket, sys
    port, version, certificate, key = sys.argv[1:]
    tls = ctypes.CDLL("libgnutls.so.30")
    def call(name, *arguments):
      code = getattr(tls, name)(*arguments)
      if code < 0: sys.exit(f"{name}: {code}")
    credentials, session = ctypes.c_void_p(), ctypes.c_void_p()
    call("gnutls_certificate_allocate_credentials", ctypes.byref(credentials))
    tls.gnutls_certificate_set_flags(credentials, 1)  # GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH
    call("gnutls_certificate_set_x509_key_file", credentials, certificate.encode(), key.encode(), 1)
    call("gnutls_init", ctypes.byref(session), 2)
    call("gnutls_priority_set_direct", session, f"NORMAL:-VERS-ALL:+VERS-TLS{version}".encode(), None)
    call("gnutls_credentials_set", session, 1, credentials)
    peer = socket.create_connection(("127.0.0.1", int(port)), 20)
    tls.gnutls_transport_set_int2(session, peer.fileno(), peer.fileno())
    code = tls.gnutls_handshake(session)
    if code == 0:
      request = b"GET /v1/agent HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n"
      tls.gnutls_record_send(session, request, len(request))
      answer = ctypes.create_string_buffer(65536)
      code = tls.gnutls_record_recv(session, answer, 65536)
    print("refused" if code < 0 else f"answered {answer.raw[:code]}")
    """
}
