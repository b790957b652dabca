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

struct RequestOptions: ParsableArguments {
  @Flag(
    name: [.customShort("R"), .customLong("request")],
    help: "Request a certificate: the key is made here and stays here. With -o the request goes to a file.")
  var isWanted = false

  @Option(
    name: [.customShort("n"), .customLong("name")],
    help: ArgumentHelp("How the scheduler knows this agent; without it, the host's name.", valueName: "name"))
  var name: String?

  @Option(
    name: [.customShort("s"), .customLong("server")],
    help: ArgumentHelp(
      "The scheduler's enrolment service, HOST or HOST:PORT (5774). -P names a file with the enrolment code, which is asked for "
        + "otherwise. With -L: where the certificate is renewed by itself, or none.", valueName: "server"))
  var server: String?

  @Flag(name: .customLong("renew"), help: "Renew the listener's certificate now; agentd does it when it is time.")
  var renew = false
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

  @Flag(name: .customLong("force"), help: "Remove it even though the listener uses it, or clients need it.")
  var force = false

  @Option(
    name: [.customShort("E"), .customLong("export")], parsing: .upToNextOption,
    help: ArgumentHelp("Print a certificate and its chain as PEM, without the key.", valueName: "thumbprint"))
  var export: [String] = []

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("Write what is exported, or the request, to a file.", valueName: "file"))
  var output: String?

  @Option(
    name: [.customShort("V"), .customLong("verify")],
    help: ArgumentHelp(
      "Say whether a client with this certificate would be let in. With --at and no file: what breaks first until then.",
      valueName: "file"))
  var verify: String?

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp("Verify for that moment, as in 2026-12-31T23:59:59Z or 2026-12-31.", valueName: "time"))
  var moment: String?
}

struct JobOptions: ParsableArguments {
  @Option(
    name: .customLong("env-diff"),
    help: ArgumentHelp(
      "Say how a job's environment, groups, limits and umask differ from those of that user after a login.",
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
