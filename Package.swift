// swift-tools-version: 6.1
// The dependency lists below define the privileges: agentd, which is the supervisor and does all of root's work, links neither NIO nor
// OpenSSL; agentd-network contains what does, and the shepherd links only Glibc (SystemCalls and ShepherdContract import nothing else).
import PackageDescription

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2: Target.Dependency = .product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHPACK: Target.Dependency = .product(name: "NIOHPACK", package: "swift-nio-http2")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")

/// Returns the targets of a wing; each has a folder with its name in the wing's folder.
func wing(_ folder: String, _ targets: [Target]) -> [Target] {
  for target in targets where target.path == nil { target.path = "\(folder)/\(target.name)" }
  return targets
}

// Used by every wing; imports none.
let shared = wing(
  "Sources/Shared",
  [
    .target(name: "CLinux"),
    .target(name: "SystemCalls", dependencies: ["CLinux"]),
    .target(name: "Values"),
    .target(name: "Wording"),
    .target(name: "MetricsText", dependencies: ["Values"]),
    .target(name: "CommandGrammar", dependencies: ["Wording"]),
    .target(name: "TOML"),
    .target(name: "AgentProtocol", dependencies: ["Values", "Wording"]),
    .target(name: "AgentLogging", dependencies: ["SystemCalls", logging]),
    .target(name: "Sandbox", dependencies: ["CLinux", "SystemCalls"]),
    .target(name: "SigningLink", dependencies: ["CLinux", "SystemCalls"]),
    .target(name: "SupervisorLink", dependencies: ["Values", "AgentProtocol", "CLinux", "SystemCalls"]),
    .target(name: "CertificateStore", dependencies: ["SystemCalls", "Values"]),
    .target(name: "ClientSightings", dependencies: ["AgentProtocol", "SystemCalls", "Values"]),
    .target(name: "ShepherdContract", dependencies: ["SystemCalls"]),
    .target(name: "EnrolmentProtocol", dependencies: ["Values"]),
  ])

// Certificates and TLS. Not for processes that run as root.
let tls = wing(
  "Sources/TLS",
  [
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .target(name: "OpenSSL", dependencies: ["COpenSSL", "SystemCalls", "Values"]),
    .target(name: "ClientVerification", dependencies: ["Values", "OpenSSL", "Wording"]),
    .target(name: "Console", dependencies: ["CLinux", "CertificateStore", "OpenSSL", "SystemCalls", "Wording"]),
    .target(
      name: "Forecast",
      dependencies: ["Values", "AgentProtocol", "ClientSightings", "ClientVerification", "OpenSSL", "Wording"]),
    .target(name: "RemoteSigning", dependencies: ["CLinux", "COpenSSL", "OpenSSL", "SigningLink", "SystemCalls"]),
    .target(name: "NIOOpenSSL", dependencies: ["OpenSSL", nioCore]),
    .target(
      name: "HTTPSClient",
      dependencies: ["AgentProtocol", "NIOOpenSSL", "OpenSSL", "SystemCalls", nioCore, nioPosix, nioHTTP1]),
    .target(name: "ConnectionSource", dependencies: ["AgentProtocol", nioCore]),
    .target(
      name: "CertificateImport",
      dependencies: [
        "AgentProtocol", "CertificateStore", "OpenSSL", "SystemCalls", "Values", "Wording",
      ]),
  ])

// The processes that run as root: supervisor and shepherds.
let root = wing(
  "Sources/Root",
  [
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "AgentConfiguration", dependencies: ["AgentProtocol", "SystemCalls", "TOML", "Values", "Wording"]),
    .target(name: "JobLedger", dependencies: ["AgentProtocol", "CSQLite", "SystemCalls", "Values", "Wording"]),
    .target(
      name: "JobLaunch",
      dependencies: ["AgentProtocol", "CLinux", "ShepherdContract", "SystemCalls", "Values", "Wording"]),
    .target(
      name: "Supervisor",
      dependencies: [
        "Values",
        "AgentConfiguration", "AgentLogging", "AgentProtocol", "CLinux", "CertificateStore", "ClientSightings",
        "JobLaunch", "JobLedger", "Sandbox", "SigningLink", "SupervisorLink", "SystemCalls", "Wording", logging,
      ]),
    .target(name: "Shepherd", dependencies: ["CLinux", "ShepherdContract", "SystemCalls"]),
  ])

// The confined processes that face the network.
let network = wing(
  "Sources/Network",
  [
    .target(
      name: "RoleStart", dependencies: ["AgentLogging", "CLinux", "Sandbox", "SupervisorLink", "SystemCalls", logging]),
    .target(
      name: "Signer", dependencies: ["CLinux", "OpenSSL", "Sandbox", "SigningLink", "SystemCalls"]),
    .target(
      name: "Listener",
      dependencies: [
        "Values",
        "AgentProtocol", "CLinux", "ClientSightings", "ClientVerification", "ConnectionSource", "Forecast",
        "MetricsText", "NIOOpenSSL", "OpenSSL", "RemoteSigning", "Sandbox", "SupervisorLink", "SystemCalls", "Wording",
        logging,
        nioCore,
        nioPosix, nioHTTP1, nioHTTP2,
      ]),
  ])

// agent-register: the administrator's side of a host.
let register = wing(
  "Sources/Register",
  [
    .target(name: "EnrolmentClient", dependencies: ["EnrolmentProtocol", "HTTPSClient", "OpenSSL", "Values"]),
    .target(
      name: "AgentRegistration",
      dependencies: [
        "Values",
        "AgentConfiguration", "AgentProtocol", "CLinux", "CertificateImport", "CertificateStore", "ClientSightings",
        "ClientVerification", "Console", "EnrolmentClient", "EnrolmentProtocol", "Forecast", "JobLaunch", "OpenSSL",
        "Sandbox", "SystemCalls", "Wording",
      ]),
  ])

// The scheduler's side.
let scheduler = wing(
  "Sources/Scheduler",
  [
    .systemLibrary(name: "CEdit", providers: [.apt(["libedit-dev"])]),
    .target(
      name: "EnrolmentService",
      dependencies: [
        "ConnectionSource", "EnrolmentProtocol", "MetricsText", "NIOOpenSSL", "OpenSSL", "Values", logging, nioCore,
        nioPosix,
        nioHTTP1,
      ]),
    .target(name: "CertificateAuthority", dependencies: ["OpenSSL"]),
    .target(
      name: "AgentClient",
      dependencies: ["AgentProtocol", "HTTPSClient", "OpenSSL", nioCore, nioPosix, nioHTTP1]),
    .target(name: "SchedulerRegistry", dependencies: ["Values", "AgentProtocol", "CertificateStore", "SystemCalls"]),
    .target(
      name: "AgentInventory",
      dependencies: [
        "Values",
        "AgentClient", "AgentProtocol", "CertificateImport", "CertificateStore", "HTTPSClient", "OpenSSL",
        "SchedulerRegistry", "Wording",
      ]),
    .target(name: "ConsolePage", resources: [.embedInCode("Page")]),
    .target(
      name: "ConsoleService",
      dependencies: [
        "AgentClient", "AgentInventory", "AgentProtocol", "ConsolePage", "SchedulerRegistry", "SystemCalls", "Values",
        "Wording", nioCore, nioHTTP1, nioPosix,
      ]),
    .target(
      name: "RegistrationCommands",
      dependencies: [
        "Values",
        "AgentInventory", "AgentLogging", "AgentProtocol", "CertificateAuthority", "CertificateImport",
        "CertificateStore", "CommandGrammar", "Console", "EnrolmentProtocol", "EnrolmentService", "MetricsText",
        "OpenSSL", "SchedulerRegistry", "SystemCalls", "Wording", logging, nioCore,
      ]),
  ])

// Each is a main of a few lines.
let programs = wing(
  "Sources/Programs",
  [
    .executableTarget(
      name: "agentd",
      dependencies: ["Wording", "Values", "AgentProtocol", "Supervisor", "SystemCalls", argumentParser]),
    .executableTarget(
      name: "agentd-network", dependencies: ["AgentLogging", "Listener", "RoleStart", "Signer"]),
    .executableTarget(
      name: "agentd-shepherd", dependencies: ["Shepherd"],
      swiftSettings: [.unsafeFlags(["-static-executable"])],
      // lld: the default linker warns about the Swift runtime's dlopen, which a static program never calls.
      linkerSettings: [.unsafeFlags(["-static-executable", "-use-ld=lld"])]),
    .executableTarget(
      name: "agent-register",
      dependencies: [
        "AgentRegistration", "CommandGrammar", "Console", "OpenSSL", "SystemCalls", "Wording", argumentParser,
      ]),
    .executableTarget(
      name: "agentctl",
      dependencies: [
        "Values",
        "AgentClient", "AgentInventory", "AgentProtocol", "Console", "ConsoleService", "HTTPSClient", "OpenSSL",
        "SchedulerRegistry", "SystemCalls", "Wording", argumentParser,
      ]),
    .executableTarget(
      name: "scheduler-register",
      dependencies: [
        "AgentClient", "AgentInventory", "AgentProtocol", "CEdit", "CommandGrammar", "Console", "OpenSSL",
        "RegistrationCommands", "SchedulerRegistry", "SystemCalls", "Wording", argumentParser,
      ]),
  ])

// Not installed.
let tools = wing(
  "Tools",
  [
    // Measures TLS servers for `make bench`; not installed.
    .executableTarget(name: "tls-load", dependencies: ["COpenSSL", argumentParser]),
    // The fault campaign of `make drill`; not installed.
    .executableTarget(
      name: "agentd-drill",
      dependencies: [
        "AgentClient", "AgentProtocol", "HTTPSClient", "OpenSSL", "SystemCalls", "TestCertificates", "TestSupport",
        argumentParser, nioCore, nioHTTP1, nioPosix,
      ]),
  ])

// Tests.
let tests = wing(
  "Tests",
  [
    .testTarget(name: "AgentProtocolTests", dependencies: ["AgentProtocol", "Values"]),
    .testTarget(name: "ValuesTests", dependencies: ["Values"]),
    .testTarget(name: "TOMLTests", dependencies: ["TOML", "TestSupport"]),
    .testTarget(
      name: "AgentConfigurationTests",
      dependencies: ["AgentConfiguration", "AgentProtocol", "SystemCalls", "TestSupport", "Values"]),
    .testTarget(
      name: "ClientSightingsTests",
      dependencies: [
        "AgentProtocol", "ClientSightings", "SystemCalls", "TestSupport", "Values",
      ]),
    .testTarget(
      name: "CertificateStoreTests",
      dependencies: [
        "CertificateStore", "SystemCalls", "TestSupport", "Values",
      ]),
    .testTarget(
      name: "AgentRegistrationTests",
      dependencies: [
        "AgentRegistration", "SystemCalls", "TestCertificates", "TestSupport", "Wording", "agent-register",
      ]),
    .testTarget(
      name: "AgentLoggingTests", dependencies: ["AgentLogging", "CLinux", "SystemCalls", "TestSupport", logging]),
    .target(
      name: "TestSupport", dependencies: ["AgentProtocol", "CLinux", "SystemCalls", "Values"], path: "Tests/TestSupport"
    ),
    .testTarget(
      name: "SupervisorTests",
      dependencies: [
        "Values", "AgentConfiguration", "AgentProtocol", "CLinux", "CertificateStore", "ClientSightings", "JobLaunch",
        "JobLedger", "SigningLink", "Supervisor", "SupervisorLink", "SystemCalls", "TestSupport", "Wording",
        logging,
      ],
      exclude: ["LinkContract.txt"]),
    .executableTarget(
      name: "agentd-test-roles",
      dependencies: [
        "AgentProtocol", "CLinux", "COpenSSL", "JobLaunch", "JobLedger", "OpenSSL", "Sandbox", "ShepherdContract",
        "SystemCalls", "Values",
      ],
      path: "Tests/TestRoles"),
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "TestSupport"]),
    .testTarget(name: "ShepherdTests", dependencies: ["Shepherd", "SystemCalls", "TestSupport"]),
    .testTarget(name: "ShepherdContractTests", dependencies: ["ShepherdContract", "SystemCalls", "TestSupport"]),
    .testTarget(
      name: "JobLedgerTests",
      dependencies: [
        "AgentProtocol", "JobLedger", "SystemCalls", "TestSupport", "Values", "Wording",
      ]),
    .testTarget(
      name: "JobLaunchTests",
      dependencies: ["AgentProtocol", "JobLaunch", "ShepherdContract", "SystemCalls", "TestSupport", "Values"]),
    .target(
      name: "TestCertificates", dependencies: ["SystemCalls", "TestSupport"], path: "Tests/TestCertificates"),
    .testTarget(
      name: "RemoteSigningTests", dependencies: ["COpenSSL", "OpenSSL", "RemoteSigning", "TestCertificates"]),
    .testTarget(
      name: "SignerTests",
      dependencies: ["OpenSSL", "RemoteSigning", "Signer", "SigningLink", "SystemCalls", "TestCertificates"]),
    .testTarget(
      name: "ListenerTests",
      dependencies: [
        "Values",
        "AgentProtocol", "ConnectionSource", "Listener", "OpenSSL", "Signer", "SigningLink", "SupervisorLink",
        "SystemCalls",
        "TestCertificates", "TestSupport",
        logging, nioCore, nioEmbedded, nioHPACK, nioHTTP1, nioPosix,
      ]),
    .testTarget(
      name: "ClientVerificationTests",
      dependencies: ["ClientVerification", "OpenSSL", "SystemCalls", "TestCertificates"]),
    .testTarget(
      name: "NIOOpenSSLTests",
      dependencies: [
        "COpenSSL", "ClientVerification", "NIOOpenSSL", "OpenSSL", "RemoteSigning", "SystemCalls", "TestCertificates",
        "TestSupport", nioCore,
        nioEmbedded, nioPosix,
      ]),
    .testTarget(
      name: "AgentClientTests",
      dependencies: [
        "AgentClient", "AgentProtocol", "ClientVerification", "HTTPSClient", "NIOOpenSSL", "OpenSSL", "SystemCalls",
        "TestCertificates", "TestSupport", nioCore, nioPosix,
      ]),
    .testTarget(
      name: "OpenSSLTests", dependencies: ["COpenSSL", "OpenSSL", "SystemCalls", "TestCertificates", "TestSupport"]),
    .testTarget(
      name: "CertificateAuthorityTests",
      dependencies: ["CertificateAuthority", "OpenSSL", "TestCertificates", "TestSupport"]),
    .testTarget(
      name: "RegistrationCommandsTests",
      dependencies: [
        "CommandGrammar", "RegistrationCommands", "SystemCalls", "TestCertificates", "TestSupport",
        "scheduler-register",
      ]),
    // Also uses the programs, which are not dependencies, because the shepherd's linker flags would then apply to the tests.
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "AgentClient", "AgentProtocol", "CLinux", "HTTPSClient", "OpenSSL", "SupervisorLink", "SystemCalls",
        "TestCertificates", "TestSupport", "Values",
      ],
      exclude: ["Clients", "Complaints/README.md", "Documents/StandIns", "PublishedVulnerabilities/README.md"]),
  ])

let package = Package(
  name: "agentd",
  products: [
    .executable(name: "agentd", targets: ["agentd"]),
    .executable(name: "agentd-network", targets: ["agentd-network"]),
    .executable(name: "agentd-shepherd", targets: ["agentd-shepherd"]),
    .executable(name: "agent-register", targets: ["agent-register"]),
    .executable(name: "agentctl", targets: ["agentctl"]),
    .executable(name: "scheduler-register", targets: ["scheduler-register"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
  ],
  targets: shared + tls + root + network + register + scheduler + programs + tools + tests,
  swiftLanguageModes: [.v6]
)

// Only `make fuzz` builds this, instrumented, in a separate folder: no other build pays for it or links libFuzzer.
if Context.environment["AGENTD_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "agentd-fuzz",
      dependencies: [
        "AgentConfiguration", "AgentLogging", "AgentProtocol", "CertificateImport", "CertificateStore", "CLinux",
        "ClientVerification", "COpenSSL", "EnrolmentProtocol", "Listener", "OpenSSL", "ShepherdContract", "Signer",
        "SigningLink",
        "SupervisorLink", "SystemCalls", "TestCertificates", "TestSupport", "Values",
        logging, nioCore, nioEmbedded, nioHPACK, nioHTTP1, nioHTTP2,
      ],
      path: "Tests/Fuzz",
      // lld: the default linker fails with this much debugging information.
      linkerSettings: [.unsafeFlags(["-use-ld=lld", "-sanitize=fuzzer,address"])]))
}
