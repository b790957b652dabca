// Goal: scripts/lint-wings finds nothing in this package, and detects a reversed arrow.
import TestSupport
import Testing

struct WingsAreHeld {
  @Test func thisPackageHoldsThem() async throws {
    let lint = try await Self.lint(BuiltProduct.packageFolder)
    #expect(lint.end == .exited(0) && lint.errorText == "", "\(lint.errorText)")
  }

  @Test(arguments: [
    ("SystemCalls", "OpenSSL", "SystemCalls (Shared) depends on OpenSSL (TLS)"),
    ("EnrolmentClient", "AgentClient", "EnrolmentClient (Register) depends on AgentClient (Scheduler)"),
    ("Supervisor", "RemoteSigning", "Supervisor (Root) links COpenSSL, which root's processes must not"),
    ("agentd", "Listener", "agentd (Programs) links NIOCore, which root's processes must not"),
  ])
  func aDependencyTurnedRoundIsTold(of target: String, on other: String, told: String) async throws {
    let package = try await Self.copy()
    let manifest = try package.read("Package.swift")
    try package.write(
      "Package.swift",
      manifest
        + "for target in package.targets where target.name == \"\(target)\" { target.dependencies.append(\"\(other)\") }\n"
    )
    let lint = try await Self.lint(package.path)
    #expect(lint.end == .exited(1) && lint.errorText.contains("Package.swift: \(told)"), "\(lint.errorText)")
  }

  @Test func anImportThatIsNotDeclaredIsTold() async throws {
    let package = try await Self.copy()
    try package.write("Sources/Root/JobLedger/Turned.swift", "@preconcurrency import NIOCore\n")
    let lint = try await Self.lint(package.path)
    #expect(
      lint.errorText
        == "Sources/Root/JobLedger/Turned.swift: imports NIOCore, which is not among the dependencies of JobLedger\n")
  }

  private static func lint(_ package: String) async throws -> ProcessResult {
    try await TestProcess(["\(BuiltProduct.packageFolder)/scripts/lint-wings", package]).end()
  }

  private static func copy() async throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let parts = ["Package.swift", "Sources", "Tests", "Tools"].map { "\(BuiltProduct.packageFolder)/\($0)" }
    let copy = try await TestProcess(["cp", "-R"] + parts + [folder.path]).end()
    try #require(copy.end == .exited(0), "\(copy.errorText)")
    return folder
  }
}
