import CommandGrammar
import Wording

/// The commands of scheduler-register.
public enum SchedulerCommand: CaseIterable, Sendable {
  case createRoot, listRoots, setDefaultRoot, removeRoot
  case createConnectorCertificate, createListenerCertificate, createOperatorCertificate, signRequest
  case listCertificates, setDefaultConnector, removeConnectorCertificate
  case addConnector, removeConnector, listConnectors, listConfiguration
  case exportRoot, exportConnectorCertificate, importRoot, importConnectorCertificate
  case exportConnectors, importConnectors
  case createEnrolmentCode, listEnrolmentCodes, removeEnrolmentCode, serveEnrolment
  case revokeCertificate, exportRevocationList, importRevocationList, help

  /// Returns the command with these words; HELP may be followed by any words.
  public static func of(_ words: [String]) throws(GrammarError) -> SchedulerCommand {
    if words.first == "HELP" || words.first == "?" { return .help }
    if words.isEmpty { throw .noCommand }
    if let command = allCases.first(where: { $0.syntax.words == words }) { return command }
    throw .unknownCommand(words.joined(separator: " "), hint: hint(words))
  }

  /// Returns the nearest command, or those with the same first word, or a reference to HELP.
  private static func hint(_ words: [String]) -> String {
    if let nearest = nearest(words) { return "did you mean \(nearest)?" }
    if let habit = Habits.hint(words) { return habit }
    let alike = allCases.map(\.syntax.name).filter { $0.hasPrefix("\(words.first ?? "") ") }
    if !alike.isEmpty { return "there are \(alike.joined(separator: ", "))" }
    return "HELP lists all"
  }

  /// Returns the command whose words all resemble the given ones: each may be slightly misspelt.
  static func nearest(_ words: [String]) -> String? {
    allCases.map(\.syntax).first { syntax in
      syntax.words.count == words.count
        && zip(syntax.words, words).allSatisfy { nearestWord(to: $1, among: [$0]) != nil }
    }?.name
  }
}

extension SchedulerCommand {
  typealias Switch = CommandSyntax.Switch

  static let keyType = Switch(
    "KEYTYPE", "P-256", "P-256, P-384, P-521, RSA-2048, RSA-3072, RSA-4096 or Ed25519")
  static let days = Switch("DAYS", "825", "how many days it is valid")
  private static let listenerDays = Switch(
    "DAYS", "825", "how many days it is valid; without it, 825 less up to a tenth, so that not all expire at once")
  private static let makeDefault = Switch("MAKEDEFAULT", "makes it the default")
  static let file = Switch("FILENAME", "FILE", required: true, "the file")
  static let replace = Switch("REPLACE", "overwrites a file that is there")
  static let prompt = Switch("PROMPT", "asks for the password of the file's private key")
  static let passwordFile = Switch("PASSWORDFILE", "FILE", "the password is this file's first line")
  static let noPassword = Switch("NOPASSWORD", "leaves the private key in the PEM file unprotected")
  static let thumbprint = Switch("THUMBPRINT", "THUMBPRINT", "which certificate; without it, the default one")
  static let json = Switch("JSON", "answers in JSON")
  private static let server = Switch("SERVER", "NAME", "this scheduler's name")
  private static let closedMethods = [
    Switch("NOALLOWNONE", "no connection without authentication; never allowed here"),
    Switch("NOALLOWSSPI", "no authentication by Active Directory; never allowed here"),
  ]

  /// The syntax of the command.
  public var syntax: CommandSyntax {
    switch self {
    case .createRoot:
      CommandSyntax(
        "CREATE ROOT CA", "makes a certificate authority of your own",
        [
          Switch("STOREKEY", required: true, "keeps its private key here, to issue with"), Self.makeDefault,
          Switch(
            "NAME", "\"NAME\"", "its name; default: JAMS Local Self-Signed Root CA, and from the second on a number"),
          Self.keyType,
          Switch("DAYS", "3650", "how many days it is valid"),
        ])
    case .createConnectorCertificate:
      CommandSyntax(
        "CREATE EXEC CONNECTOR CERT", "issues the certificate that identifies this scheduler to agents",
        [
          Switch("STORECERT", required: true, "keeps it here, with its private key"), Self.makeDefault,
          Switch("NAME", "\"NAME\"", "its name; default: Executor Connector and this host's name"), Self.keyType,
          Self.days,
        ])
    case .createListenerCertificate:
      CommandSyntax(
        "CREATE AGENT LISTENER CERT", "issues an agent's certificate, and writes it with its private key to a file",
        [
          Switch("AGENTNAME", "NAME", required: true, "the agent's name"), Self.file, Self.replace,
          Self.prompt, Self.passwordFile, Self.noPassword, Switch("PEM", "PEM, for Linux; without it, PKCS#12"),
          Switch("CHAIN", "with the root CA's certificate"),
          Switch("SAN", "NAME,ADDRESS", "more names and addresses of the agent"),
          Switch("NOSTORECERT", "keeps no copy here; always in effect"), Self.keyType, Self.listenerDays,
        ])
    case .signRequest:
      CommandSyntax(
        "SIGN REQUEST", "issues an agent's certificate for a key that stays on the agent",
        [
          Switch("FILENAME", "FILE", required: true, "the request: what jams-register -R -o, or openssl req, wrote"),
          Switch("OUT", "FILE", required: true, "the file for the certificate, with the root CA's"),
          Self.replace,
          Switch("AGENTNAME", "NAME", "the agent's name; replaces the names in the request"),
          Switch("SAN", "NAME,ADDRESS", "more names and addresses of the agent"),
          Switch("REQUESTEDNAMES", "accepts the names in the request"), Self.listenerDays,
        ])
    case .addConnector:
      CommandSyntax(
        "ADD EXECUTOR CONNECTOR", "configures how this scheduler reaches an agent",
        [
          Switch("USECERT", required: true, "authenticates with the default connector certificate"),
          Switch("AGENTNAME", "NAME", required: true, "the agent's name"), Self.server,
          Switch("ADDRESS", "HOST:PORT", "where it listens; default: its name, port 5773"),
          Switch("THUMBPRINT", "THUMBPRINT", "a connector certificate other than the default"),
          Switch("PLATFORM", "Linux", "Linux or Windows; without it, Windows"),
        ] + Self.closedMethods + [
          Switch("USER", "NAME", "not needed: anyone who can write to the scheduler's folder can do this"),
          Switch("PROMPT", "not needed, for the same reason"),
        ])
    case .removeConnector:
      CommandSyntax(
        "REMOVE EXECUTOR CONNECTOR", "removes an agent",
        [Switch("AGENTNAME", "NAME", required: true, "the agent's name")])
    case .listConnectors: CommandSyntax("LIST EXECUTOR CONNECTOR", "lists the agents", [Self.json])
    case .listConfiguration:
      CommandSyntax("LIST EXEC CONFIG", "shows the thumbprints of both default certificates", [Self.json])
    default: transferSyntax
    }
  }

  private var transferSyntax: CommandSyntax {
    switch self {
    case .exportRoot:
      CommandSyntax(
        "EXPORT ROOT CA", "writes the root CA to a file: with its private key as PKCS#12, or without as PEM",
        [
          Self.file, Self.replace, Self.prompt, Self.passwordFile,
          Switch("NOKEY", "the certificate alone, for others to trust"),
          Self.thumbprint,
        ])
    case .exportConnectorCertificate:
      CommandSyntax(
        "EXPORT EXEC CERT",
        "writes a connector certificate with its private key and its root CA's certificate to a file",
        [
          Self.file, Self.replace, Self.prompt, Self.passwordFile, Self.thumbprint,
          Switch("PEM", "PEM, for curl and others, to a new file; without it, PKCS#12, for the standby"),
          Self.noPassword, Switch("CURL", "FILE", "a new file for curl -K, which names the PEM file"),
        ])
    case .importRoot:
      CommandSyntax(
        "IMPORT ROOT CA", "imports a root CA that EXPORT ROOT CA wrote",
        [
          Self.file, Self.prompt, Self.passwordFile, Self.makeDefault,
          Switch("STOREKEY", "keeps its private key here, to issue with"),
        ])
    case .importConnectorCertificate:
      CommandSyntax(
        "IMPORT EXEC CERT", "imports a connector certificate that EXPORT EXEC CERT wrote",
        [Self.file, Self.prompt, Self.passwordFile, Self.makeDefault])
    case .createEnrolmentCode:
      CommandSyntax(
        "CREATE ENROLMENT CODE", "makes a code with which one agent gets its certificate over the network, once",
        [
          Switch("AGENTNAME", "NAME", "the agent's name"),
          Switch("SAN", "NAME,ADDRESS", "more names and addresses of the agent"),
          Switch(
            "FILENAME", "FILE", "many agents instead: a line for each, its name and, after blanks, more names for it"),
          Switch("EXPIRES", "24h", "how long it is good for: a number with s, m, h or d"),
        ], oneOf: ["AGENTNAME", "FILENAME"])
    case .listEnrolmentCodes:
      CommandSyntax("LIST ENROLMENT CODE", "lists codes: for which agent, valid to when, used or not", [Self.json])
    case .removeEnrolmentCode:
      CommandSyntax(
        "REMOVE ENROLMENT CODE", "cancels an agent's unused code",
        [Switch("AGENTNAME", "NAME", required: true, "the agent's name")])
    case .serveEnrolment:
      CommandSyntax(
        "SERVE ENROLMENT", "gives agents their certificates over the network (EST, RFC 7030), until it is interrupted",
        [
          Switch("PORT", "5774", "where to listen"),
          Switch("BIND", "ADDRESS", "one address to listen on; without it, all"),
          Switch("SAN", "NAME,ADDRESS", "more names by which agents reach this host"),
          Switch("LIFETIME", "825d", "how long certificates are valid: a number with s, m, h or d"),
        ])
    case .revokeCertificate:
      CommandSyntax(
        "REVOKE CERT", "revokes a certificate; agents learn of it from the next revocation list",
        [
          Switch("THUMBPRINT", "THUMBPRINT", "which certificate"),
          Switch("FILENAME", "FILE", "its file; also for one that another scheduler with this root issued"),
          Switch("AGENTNAME", "NAME", "all of an agent that are in force, those that it got by renewal among them"),
        ], oneOf: ["THUMBPRINT", "FILENAME", "AGENTNAME"])
    case .exportRevocationList:
      CommandSyntax(
        "EXPORT CRL", "writes a new revocation list of the root CA to a file, for agents to import",
        [
          Self.file, Switch("REPLACE", "overwrites a file that is not a revocation list"),
          Switch("DAYS", "30", "how many days it is valid"), Self.thumbprint,
        ])
    case .importRevocationList:
      CommandSyntax(
        "IMPORT CRL", "imports the revocations of another scheduler with the same root CA", [Self.file])
    default: upkeepSyntax
    }
  }
}
