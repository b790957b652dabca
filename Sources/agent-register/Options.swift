import ArgumentParser

struct ImportOptions: ParsableArguments {
  @Option(
    name: [.customShort("I"), .customLong("import")],
    help: ArgumentHelp(
      "Import PEM, PKCS#12, a DER certificate or a CRL; - reads standard input.", valueName: "file"))
  var file: String?

  @Flag(name: [.customShort("q"), .customLong("query-password")], help: "Ask for the private key's password.")
  var queryPassword = false

  @Option(
    name: [.customShort("P"), .customLong("password-file")],
    help: ArgumentHelp("Take the password from the first line of a file.", valueName: "file"))
  var passwordFile: String?

  @Flag(name: .customLong("remove-source"), help: "Delete the file after it was imported.")
  var removeSource = false
}

struct ListenerOptions: ParsableArguments {
  @Flag(name: [.customShort("L"), .customLong("listener")], help: "Show the listener's configuration, or change it.")
  var isWanted = false

  @Option(
    name: [.customShort("t"), .customLong("thumbprint")], parsing: .upToNextOption,
    help: ArgumentHelp("Serve with the certificate of that thumbprint.", valueName: "thumbprint"))
  var thumbprint: [String] = []

  @Option(
    name: [.customShort("d"), .customLong("disable")],
    help: ArgumentHelp("Switch a method off: none or sspi, which are off anyway.", valueName: "method"))
  var disable: [String] = []

  @Option(
    name: [.customShort("e"), .customLong("enable")],
    help: ArgumentHelp("Switch a method on: tls, which is on anyway.", valueName: "method"))
  var enable: [String] = []

  @Option(
    name: [.customShort("b"), .customLong("bind")],
    help: ArgumentHelp("Listen on this address; may be given several times.", valueName: "address"))
  var addresses: [String] = []

  @Option(
    name: [.customShort("p"), .customLong("port")], help: ArgumentHelp("Listen on this TCP port.", valueName: "n"))
  var port: Int?

  var isChange: Bool {
    !thumbprint.isEmpty || !disable.isEmpty || !enable.isEmpty || !addresses.isEmpty || port != nil
  }
}

struct StoreOptions: ParsableArguments {
  @Flag(name: [.customShort("l"), .customLong("list")], help: "List what the store holds.")
  var list = false

  @Option(
    name: [.customShort("x"), .customLong("remove")], parsing: .upToNextOption,
    help: ArgumentHelp("Remove a certificate with its key, a root or a CRL.", valueName: "thumbprint"))
  var remove: [String] = []

  @Flag(name: .customLong("force"), help: "Remove it even though the listener uses it.")
  var force = false

  @Option(
    name: [.customShort("E"), .customLong("export")], parsing: .upToNextOption,
    help: ArgumentHelp("Print a certificate and its chain as PEM, without the key.", valueName: "thumbprint"))
  var export: [String] = []

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write what is exported to a file.", valueName: "file"))
  var output: String?

  @Option(
    name: [.customShort("V"), .customLong("verify")],
    help: ArgumentHelp("Say whether a client with this certificate would be let in.", valueName: "file"))
  var verify: String?

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp("Verify for that moment, as in 2026-12-31T23:59:59Z or 2026-12-31.", valueName: "time"))
  var moment: String?
}

struct GeneralOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: ArgumentHelp("Use another agentd.toml.", valueName: "file"))
  var config: String?

  @Flag(name: .customLong("json"), help: "Answer in JSON.")
  var json = false
}
