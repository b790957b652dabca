// swift-tools-version: 6.1
// The dependency lists below are the privilege claim: the supervisor and everything under it link neither
// NIO nor OpenSSL, and the shepherd nothing but Glibc (SystemCalls and ShepherdContract import nothing else).
import PackageDescription

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let tomlKit: Target.Dependency = .product(name: "TOMLKit", package: "TOMLKit")

let package = Package(
  name: "agentd",
  products: [
    .executable(name: "agentd", targets: ["agentd"]),
    .executable(name: "agentd-shepherd", targets: ["agentd-shepherd"]),
    .executable(name: "agent-register", targets: ["agent-register"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C: system libraries and the calls Swift cannot make.
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CLinux"),

    // Ground floor.
    .target(name: "SystemCalls", dependencies: ["CLinux"]),
    .target(name: "Spelling"),
    .target(name: "AgentProtocol", dependencies: ["Spelling"]),
    .target(name: "AgentLogging", dependencies: ["SystemCalls", logging]),
    .target(name: "PidFile", dependencies: ["SystemCalls"]),
    .target(name: "Sandbox", dependencies: ["CLinux", "SystemCalls"]),
    .target(name: "SigningSocket", dependencies: ["CLinux", "SystemCalls"]),
    .target(name: "SupervisorLink", dependencies: ["AgentProtocol", "CLinux", "SystemCalls"]),

    // The host's files.
    .target(name: "CertificateStore", dependencies: ["SystemCalls"]),
    .target(name: "AgentConfiguration", dependencies: ["Spelling", "SystemCalls", tomlKit]),

    // The root wing.
    .target(name: "ShepherdContract", dependencies: ["SystemCalls"]),
    .target(name: "JobLedger", dependencies: ["AgentProtocol", "CSQLite", "SystemCalls"]),
    .target(
      name: "JobLaunch", dependencies: ["AgentProtocol", "CLinux", "ShepherdContract", "SystemCalls"]),
    .target(
      name: "Supervisor",
      dependencies: [
        "AgentConfiguration", "AgentLogging", "AgentProtocol", "CLinux", "CertificateStore", "JobLaunch", "JobLedger",
        "PidFile", "SigningSocket", "SupervisorLink", "SystemCalls", logging,
      ]),
    .target(name: "Shepherd", dependencies: ["CLinux", "ShepherdContract", "SystemCalls"]),

    // The TLS wing.
    .target(name: "OpenSSL", dependencies: ["COpenSSL"]),
    .target(name: "ClientVerification", dependencies: ["OpenSSL"]),
    .target(name: "SigningProvider", dependencies: ["COpenSSL", "OpenSSL"]),
    .target(name: "SigningLink", dependencies: ["OpenSSL", "SigningProvider", "SystemCalls"]),
    .target(name: "Signer", dependencies: ["OpenSSL", "Sandbox", "SigningLink", "SigningSocket", "SystemCalls"]),
    .target(name: "NIOOpenSSL", dependencies: ["OpenSSL", nioCore]),
    .target(
      name: "Listener",
      dependencies: [
        "AgentProtocol", "CLinux", "ClientVerification", "NIOOpenSSL", "OpenSSL", "Sandbox", "SigningLink",
        "SigningProvider", "Spelling", "SupervisorLink", "SystemCalls", logging, nioCore, nioPosix, nioHTTP1,
      ]),

    // agent-register.
    .target(name: "CertificateImport", dependencies: ["AgentProtocol", "CertificateStore", "OpenSSL"]),
    .target(
      name: "AgentRegistration",
      dependencies: [
        "AgentConfiguration", "AgentProtocol", "CertificateImport", "CertificateStore", "ClientVerification",
        "CLinux", "OpenSSL", "PidFile", "SystemCalls",
      ]),

    // Mains.
    .executableTarget(
      name: "agentd",
      dependencies: [
        "AgentLogging", "AgentProtocol", "CLinux", "Listener", "Signer", "Supervisor", "SystemCalls", argumentParser,
      ]),
    .executableTarget(
      name: "agentd-shepherd", dependencies: ["Shepherd"],
      swiftSettings: [.unsafeFlags(["-static-executable"])],
      // lld: the default linker warns of the Swift runtime's dlopen, which a static program never reaches.
      linkerSettings: [.unsafeFlags(["-static-executable", "-use-ld=lld"])]),
    .executableTarget(name: "agent-register", dependencies: ["AgentRegistration", "OpenSSL", argumentParser]),

    // Measures TLS servers for `make bench`; not installed.
    .executableTarget(name: "tls-load", dependencies: ["COpenSSL", argumentParser]),

    // Tests.
    .testTarget(
      name: "AgentConfigurationTests", dependencies: ["AgentConfiguration", "SystemCalls", "TestSupport"]),
    .testTarget(name: "CertificateStoreTests", dependencies: ["CertificateStore", "SystemCalls", "TestSupport"]),
    .testTarget(
      name: "AgentRegistrationTests",
      dependencies: [
        "AgentRegistration", "PidFile", "SystemCalls", "TestCertificates", "TestSupport", "agent-register",
      ]),
    .testTarget(name: "AgentLoggingTests", dependencies: ["AgentLogging", "SystemCalls", logging]),
    .target(name: "TestSupport", dependencies: ["CLinux", "SystemCalls"], path: "Tests/TestSupport"),
    .testTarget(
      name: "SupervisorTests",
      dependencies: [
        "AgentConfiguration", "AgentProtocol", "CertificateStore", "JobLaunch", "JobLedger", "SigningSocket",
        "Supervisor", "SupervisorLink", "SystemCalls", "TestSupport", logging,
      ]),
    .executableTarget(
      name: "agentd-test-roles",
      dependencies: [
        "AgentProtocol", "CLinux", "COpenSSL", "JobLaunch", "JobLedger", "OpenSSL", "Sandbox", "SystemCalls",
      ],
      path: "Tests/TestRoles"),
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "TestSupport"]),
    .testTarget(name: "ShepherdTests", dependencies: ["Shepherd", "TestSupport"]),
    .testTarget(name: "ShepherdContractTests", dependencies: ["ShepherdContract", "TestSupport"]),
    .testTarget(name: "JobLedgerTests", dependencies: ["AgentProtocol", "JobLedger", "SystemCalls", "TestSupport"]),
    .testTarget(
      name: "JobLaunchTests",
      dependencies: ["AgentProtocol", "JobLaunch", "ShepherdContract", "SystemCalls", "TestSupport"]),
    .target(
      name: "TestCertificates", dependencies: ["SystemCalls", "TestSupport"], path: "Tests/TestCertificates"),
    .testTarget(
      name: "SigningProviderTests", dependencies: ["COpenSSL", "OpenSSL", "SigningProvider", "TestCertificates"]),
    .testTarget(
      name: "SignerTests",
      dependencies: ["OpenSSL", "Signer", "SigningLink", "SigningSocket", "SystemCalls", "TestCertificates"]),
    .testTarget(
      name: "ListenerTests",
      dependencies: [
        "AgentProtocol", "Listener", "OpenSSL", "Signer", "SigningSocket", "SupervisorLink", "SystemCalls",
        "TestCertificates", "TestSupport",
        logging, nioCore, nioEmbedded, nioHTTP1, nioPosix,
      ]),
    .testTarget(
      name: "ClientVerificationTests",
      dependencies: ["ClientVerification", "OpenSSL", "SystemCalls", "TestCertificates"]),
    .testTarget(
      name: "NIOOpenSSLTests",
      dependencies: [
        "COpenSSL", "ClientVerification", "NIOOpenSSL", "OpenSSL", "SystemCalls", "TestCertificates", "TestSupport",
        nioCore,
        nioEmbedded, nioPosix,
      ]),
    .testTarget(
      name: "OpenSSLTests", dependencies: ["COpenSSL", "OpenSSL", "SystemCalls", "TestCertificates", "TestSupport"]),
    // It uses the programs, too; they are no dependencies, or the shepherd's linker flags would be the tests'.
    .testTarget(
      name: "EndToEndTests", dependencies: ["AgentProtocol", "SystemCalls", "TestCertificates", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// TOMLKit imports all of Foundation. Without this a member of it is found by those above TOMLKit though they never
// imported it, and one such use links 50 MB of ICU.
for target in package.targets where ["AgentConfiguration", "AgentRegistration", "Supervisor"].contains(target.name) {
  target.swiftSettings = [.enableUpcomingFeature("MemberImportVisibility")]
}
