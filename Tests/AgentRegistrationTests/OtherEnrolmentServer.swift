import FoundationEssentials
import SystemCalls
import TestCertificates
import TestSupport
import Testing

/// An EST server (RFC 7030) that is not ours, in Python: Python's TLS and HTTP, and certificates issued by openssl(1).
final class OtherEnrolmentServer: Sendable {
  /// What the server does, read again for each request.
  struct Plan: Codable {
    /// The CA that issues.
    var issuer: String
    /// Files with the certificates that `cacerts` returns.
    var authorities: [String]
    /// Files with the certificates that follow the issued one in the answer.
    var others: [String] = []
    /// Whether the issued one is the last in the answer.
    var isReversed = false
    /// How many requests are answered with 202, and with which Retry-After (empty for none).
    var pending = 0
    var retryAfter = "1"
    /// The file that every resource for a revocation list returns.
    var list = ""
  }

  static let secret = "3VD6K-YNQH5-V0H3W-HC0C8"

  let folder: TemporaryFolder
  let port: Int
  private let process: TestProcess

  /// - Parameter server: the certificate of the server, with its chain.
  init(_ server: Credential, _ plan: Plan) async throws {
    folder = try TemporaryFolder()
    port = try FreePort.next()
    try Self.write(plan, in: folder)
    process = try TestProcess(
      ["python3", "-c", Self.program, "\(port)", server.chainPath, server.keyPath],
      environment: ["PATH": "/usr/bin:/bin"],
      directory: folder.path)
    let process = process
    try await wait(for: "the EST server: \(process.errorText)") { process.outputText.contains("ready") }
  }

  func change(_ plan: Plan) throws { try Self.write(plan, in: folder) }

  private static func write(_ plan: Plan, in folder: TemporaryFolder) throws {
    try DurableFile.replace(folder.path("plan"), with: Array(try JSONEncoder().encode(plan)), mode: 0o600)
  }

  /// The operation and the digest of the body of each request, in order.
  var requests: [String] { process.outputText.split(separator: "\n").map(String.init).filter { $0 != "ready" } }

  static func plan(of issuer: Credential, _ authorities: [Credential]) -> Plan {
    Plan(issuer: issuer.folder, authorities: authorities.map(\.certificatePath))
  }

  /// Returns the code that names `root`.
  static func code(_ root: Credential) throws -> String {
    let text = try PKI.shared.openssl("x509", "-in", root.certificatePath, "-noout", "-fingerprint", "-sha256")
    return "\(secret).\(text.split(separator: "=")[1].filter(\.isHexDigit).lowercased().prefix(32))\n"
  }

  private static let program = #"""
    import base64, hashlib, http.server, json, ssl, subprocess, sys
    counts = {}
    def run(*words, data=None): return subprocess.run(words, input=data, capture_output=True, check=True).stdout
    def message(pems):
      open("all.pem", "wb").write(b"".join(pems))
      return base64.encodebytes(run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "all.pem", "-outform", "DER"))
    def read(path): return open(path, "rb").read()
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = "HTTP/1.1"
      def log_message(self, *_): pass
      def answer(self, body):
        plan, operation = json.load(open("plan")), self.path.rsplit("/", 1)[1]
        if self.path.startswith("/crl/"): return (200, {}, read(plan["list"])) if plan["list"] else (404, {}, b"")
        request = base64.b64decode(body)
        print(operation, hashlib.sha256(request).hexdigest() if request else "-", flush=True)
        if operation == "cacerts": return 200, {}, message(map(read, plan["authorities"]))
        counts[operation] = counts.get(operation, 0) + 1
        if counts[operation] <= plan["pending"]:
          return 202, ({"Retry-After": plan["retryAfter"]} if plan["retryAfter"] else {}), b"waiting for a person\n"
        open("request.der", "wb").write(request)
        issuer = plan["issuer"]
        made = run("openssl", "x509", "-req", "-inform", "DER", "-in", "request.der", "-CA", issuer + "/certificate.pem",
                   "-CAkey", issuer + "/key.pem", "-days", "20", "-copy_extensions", "copyall")
        pems = [made] + list(map(read, plan["others"]))
        return 200, {}, message(reversed(pems) if plan["isReversed"] else pems)
      def handle_one(self):
        status, fields, body = self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.send_response(status)
        for name, value in fields.items(): self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
      do_GET = do_POST = handle_one
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("ready", flush=True)
    server.serve_forever()
    """#
}
