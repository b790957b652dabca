import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

@testable import AgentConfiguration

/// listener.toml is read as it was written.
struct ListenerConfigurationTests {
  private static let thumbprint = Thumbprint(String(repeating: "0123456789abcdef", count: 4))!

  private static let renewed: ListenerConfiguration = {
    var configuration = ListenerConfiguration(certificate: thumbprint)
    (configuration.enrolmentServer, configuration.renewAt) = ("[2001:db8::7]:5774", Timestamp("2027-01-01T00:00:00Z"))
    return configuration
  }()

  @Test(arguments: [
    ListenerConfiguration(),
    ListenerConfiguration(certificate: thumbprint),
    ListenerConfiguration(certificate: thumbprint, addresses: ["127.0.0.1"], port: 1),
    ListenerConfiguration(addresses: ["::1", "192.0.2.1", "fe80::1%lo"], port: 65535), renewed,
  ])
  func savedIsWhatIsLoaded(configuration: ListenerConfiguration) throws {
    let folder = try TemporaryFolder()
    let file = folder.path("listener.toml")
    try configuration.save(to: file)
    #expect(try ListenerConfiguration.load(file, isRoot: geteuid() == 0) == configuration)
    var status = stat()
    #expect(stat(file, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o644)
  }

  @Test func aMissingFileIsNoConfiguration() throws {
    #expect(try ListenerConfiguration.load("/nonexistent/listener.toml", isRoot: false) == nil)
  }

  @Test func theThumbprintIsReadInAnyCase() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("listener.toml", "certificate = \"\(Self.thumbprint.description.uppercased())\"\n")
    #expect(try ListenerConfiguration.load(file, isRoot: false)?.certificate == Self.thumbprint)
  }

  @Test func whatIsNotSetHasItsDefault() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("listener.toml", "")
    let loaded = try ListenerConfiguration.load(file, isRoot: false)
    #expect(loaded == ListenerConfiguration(methods: ["tls"], addresses: ["0.0.0.0", "::"], port: 5773))
  }

  @Test func moreAddressesThanAFrameCarriesAreRefused() {
    let addresses = (1...17).map { "192.0.2.\($0)" }
    #expect(ListenerConfiguration.fault(of: addresses) == "at most 16 addresses are allowed, not 17")
    #expect(ListenerConfiguration.fault(of: Array(addresses.dropLast())) == nil)
  }
}

/// listener.toml(5) lists the keys that the reader knows.
struct ListenerManual {
  @Test func hasEveryKey() throws {
    let page = try DurableFile.read("\(BuiltProduct.packageFolder)/docs/man/listener.toml.5", limit: 1 << 20)
    let described = String(decoding: page, as: UTF8.self).split(separator: "\n").compactMap { line in
      line.wholeMatch(of: #/\.It Cm (\w+)/#).map { String($0.1) }
    }
    #expect(described == ListenerConfiguration.keys)
  }
}
