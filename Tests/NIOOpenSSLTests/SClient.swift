import SystemCalls
import TestCertificates
import TestSupport

/// `openssl s_client` against a gate.
struct SClient {
  let port: Int
  let material: GateMaterial
  /// The client's certificate; nil for none.
  var credential: Credential?
  /// A key other than the credential's.
  var keyPath: String?
  var arguments: [String] = []
  /// The root it trusts; nil for the material's.
  var trusted: Credential?

  init(_ gate: Gate, _ material: GateMaterial, _ credential: Credential?, _ arguments: [String] = []) {
    port = gate.port
    self.material = material
    self.credential = credential
    self.arguments = arguments
  }

  private var command: [String] {
    var words = ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile"]
    words += [(trusted ?? material.root).certificatePath]
    words += ["-verify_return_error", "-no_ign_eof"]
    if let credential {
      words += ["-cert", credential.certificatePath, "-key", keyPath ?? credential.keyPath]
      words += ["-cert_chain", credential.chainPath]
    }
    return words + arguments
  }

  /// Starts the client with an open standard input.
  func start() throws -> TestProcess {
    try TestProcess(command, environment: ["PATH": "/usr/bin:/bin", "HOME": "/"], input: nil)
  }

  /// Sends `line`, and waits until the output contains `answer` or ends.
  func run(sending line: String, until answer: String) async throws -> String {
    let process = try start()
    try? process.write(line)
    try await wait(for: "\(answer) from s_client") {
      process.outputText.contains(answer) || process.isOver
    }
    process.closeInput()
    let result = try await process.end()
    return result.outputText + result.errorText
  }
}
