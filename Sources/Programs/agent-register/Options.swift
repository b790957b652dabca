import ArgumentParser

struct ImportOptions: ParsableArguments {
  @Option(
    name: [.customShort("I"), .customLong("import")],
    help: ArgumentHelp(
      "Import PEM, PKCS#12, a DER certificate or a CRL; or -.", valueName: "file"))
  var file: String?

  @Flag(name: [.customShort("q"), .customLong("query-password")], help: "Ask for the private key's password.")
  var queryPassword = false

  @Option(
    name: [.customShort("P"), .customLong("password-file")],
    help: ArgumentHelp("Read password or code from its first line.", valueName: "f"))
  var passwordFile: String?

  @Flag(name: .customLong("remove-source"), help: "Delete the file once it is imported.")
  var removeSource = false
}

struct RequestOptions: ParsableArguments {
  @Flag(
    name: [.customShort("R"), .customLong("request")],
    help: "Request a certificate; the key stays here.")
  var isWanted = false

  @Option(
    name: [.customShort("n"), .customLong("name")],
    help: ArgumentHelp("This agent's name at the scheduler.", valueName: "name"))
  var name: String?

  @Option(
    name: [.customShort("s"), .customLong("server")],
    help: ArgumentHelp("Enrolment service, HOST[:PORT]; with -L: or none.", valueName: "server"))
  var server: String?

  @Flag(name: .customLong("renew"), help: "Renew the certificate now, before agentd does.")
  var renew = false

  @Flag(name: .customLong("started-by-agentd"), help: .hidden)
  var startedByAgentd = false
}

struct ListenerOptions: ParsableArguments {
  @Flag(name: [.customShort("L"), .customLong("listener")], help: "Show the listener's configuration, or change it.")
  var isWanted = false

  @Option(
    name: [.customShort("t"), .customLong("thumbprint")], parsing: .upToNextOption,
    help: ArgumentHelp("Serve with the certificate of this thumbprint.", valueName: "hash"))
  var thumbprint: [String] = []

  @Option(
    name: [.customShort("d"), .customLong("disable")],
    help: ArgumentHelp("Disable a method: none or sspi, always disabled.", valueName: "method"))
  var disable: [String] = []

  @Option(
    name: [.customShort("e"), .customLong("enable")],
    help: ArgumentHelp("Enable a method: tls, always enabled.", valueName: "method"))
  var enable: [String] = []

  @Option(
    name: [.customShort("b"), .customLong("bind")],
    help: ArgumentHelp("Listen on this address; may be repeated.", valueName: "address"))
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
    help: ArgumentHelp("Remove a certificate with its key, a root or a CRL.", valueName: "hash"))
  var remove: [String] = []

  @Flag(name: .customLong("force"), help: "Remove it even if it is still needed.")
  var force = false

  @Option(
    name: [.customShort("E"), .customLong("export")], parsing: .upToNextOption,
    help: ArgumentHelp("Print a certificate and its chain, without the key.", valueName: "hash"))
  var export: [String] = []

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write the export, or the request, to a file.", valueName: "file"))
  var output: String?

  @Option(
    name: [.customShort("V"), .customLong("verify")],
    help: ArgumentHelp("Say whether a client with it would get in.", valueName: "file"))
  var verify: String?

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp("Verify for this date; alone: what breaks by then.", valueName: "time"))
  var moment: String?
}

struct JobOptions: ParsableArguments {
  @Option(
    name: .customLong("env-diff"),
    help: ArgumentHelp(
      "Show how a job differs from a login of this user.",
      valueName: "user"))
  var user: String?
}

struct GeneralOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: ArgumentHelp("Use another agentd.toml.", valueName: "file"))
  var config: String?

  @Flag(name: .customLong("json"), help: "Answer in JSON.")
  var json = false
}
