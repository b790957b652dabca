import ArgumentParser

struct ImportOptions: ParsableArguments {
  @Option(
    name: RegisterOption.importFile.names,
    help: ArgumentHelp(
      "Import PEM, PKCS#12, a DER certificate or a CRL; or -.", valueName: "file"), completion: .file())
  var file: String?

  @Flag(name: RegisterOption.queryPassword.names, help: "Ask for the private key's password.")
  var queryPassword = false

  @Option(
    name: RegisterOption.passwordFile.names,
    help: ArgumentHelp("Read password or code from its first line.", valueName: "f"), completion: .file())
  var passwordFile: String?

  @Flag(name: RegisterOption.removeSource.names, help: "Delete the file once it is imported.")
  var removeSource = false
}

struct RequestOptions: ParsableArguments {
  @Flag(
    name: RegisterOption.request.names,
    help: "Request a certificate; the key stays here.")
  var isWanted = false

  @Option(
    name: RegisterOption.name.names,
    help: ArgumentHelp("This agent's name at the scheduler.", valueName: "name"))
  var name: String?

  @Option(
    name: RegisterOption.server.names,
    help: ArgumentHelp("Enrolment service, HOST[:PORT]; with -L: or none.", valueName: "server"))
  var server: String?

  @Flag(name: RegisterOption.renew.names, help: "Renew the certificate now, before agentd does.")
  var renew = false

  @Flag(name: RegisterOption.refresh.names, help: "Fetch newer revocation lists now.")
  var refresh = false

  @Flag(name: RegisterOption.startedByAgentd.names, help: .hidden)
  var startedByAgentd = false
}

struct ListenerOptions: ParsableArguments {
  @Flag(name: RegisterOption.listener.names, help: "Show the listener's configuration, or change it.")
  var isWanted = false

  @Option(
    name: RegisterOption.thumbprint.names, parsing: .upToNextOption,
    help: ArgumentHelp("Serve with the certificate of this thumbprint.", valueName: "hash"),
    completion: Thumbprints.completion)
  var thumbprint: [String] = []

  @Option(
    name: RegisterOption.disable.names,
    help: ArgumentHelp("Disable a method: none or sspi, always disabled.", valueName: "method"))
  var disable: [String] = []

  @Option(
    name: RegisterOption.enable.names,
    help: ArgumentHelp("Enable a method: tls, always enabled.", valueName: "method"))
  var enable: [String] = []

  @Option(
    name: RegisterOption.bind.names,
    help: ArgumentHelp("Listen on this address; may be repeated.", valueName: "address"))
  var addresses: [String] = []

  @Option(
    name: RegisterOption.port.names, help: ArgumentHelp("Listen on this TCP port.", valueName: "n"))
  var port: Int?
}

struct StoreOptions: ParsableArguments {
  @Flag(name: RegisterOption.list.names, help: "List what the store holds.")
  var list = false

  @Option(
    name: RegisterOption.remove.names, parsing: .upToNextOption,
    help: ArgumentHelp("Remove a certificate with its key, a root or a CRL.", valueName: "hash"),
    completion: Thumbprints.completion)
  var remove: [String] = []

  @Flag(name: RegisterOption.force.names, help: "Remove it even if it is still needed.")
  var force = false

  @Option(
    name: RegisterOption.export.names, parsing: .upToNextOption,
    help: ArgumentHelp("Print a certificate and its chain, without the key.", valueName: "hash"),
    completion: Thumbprints.completion)
  var export: [String] = []

  @Option(
    name: RegisterOption.output.names,
    help: ArgumentHelp("Write the export, or the request, to a file.", valueName: "file"), completion: .file())
  var output: String?

  @Option(
    name: RegisterOption.verify.names,
    help: ArgumentHelp("Say whether a client with it would get in.", valueName: "file"), completion: .file())
  var verify: String?

  @Option(
    name: RegisterOption.moment.names,
    help: ArgumentHelp("Verify for this date; alone: what breaks by then.", valueName: "time"))
  var moment: String?
}

struct JobOptions: ParsableArguments {
  @Option(
    name: RegisterOption.environmentDifference.names,
    help: ArgumentHelp(
      "Show how a job differs from a login of this user.",
      valueName: "user"))
  var user: String?
}

struct GeneralOptions: ParsableArguments {
  @Option(
    name: RegisterOption.config.names,
    help: ArgumentHelp("Use another agentd.toml.", valueName: "file"), completion: .file())
  var config: String?

  @Flag(name: RegisterOption.json.names, help: "Answer in JSON.")
  var json = false
}
