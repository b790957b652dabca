import CommandGrammar
import Wording

/// The commands there are.
public enum SchedulerCommand: CaseIterable, Sendable {
  case createRoot, createConnectorCertificate, createListenerCertificate, signRequest
  case addConnector, removeConnector, listConnectors, listConfiguration
  case exportRoot, exportConnectorCertificate, importRoot, importConnectorCertificate
  case createEnrolmentCode, listEnrolmentCodes, removeEnrolmentCode, serveEnrolment
  case revokeCertificate, exportRevocationList, importRevocationList, help

  /// The command whose words these are, with what follows them in the case of HELP.
  public static func of(_ words: [String]) throws(GrammarError) -> SchedulerCommand {
    if words.first == "HELP" || words.first == "?" { return .help }
    if let command = allCases.first(where: { $0.syntax.words == words }) { return command }
    throw .unknownCommand(words.joined(separator: " "), hint: hint(words))
  }

  /// The nearest command, or those that begin alike, or the first words of all.
  private static func hint(_ words: [String]) -> String {
    let names = allCases.map(\.syntax.name)
    if let nearest = nearestCommand(words) { return "did you mean \(nearest)?" }
    let alike = names.filter { $0.hasPrefix("\(words.first ?? "") ") }
    if !alike.isEmpty { return "there are \(alike.joined(separator: ", "))" }
    return "HELP lists all"
  }

  /// Word by word: each may be misspelt a little.
  private static func nearestCommand(_ words: [String]) -> String? {
    allCases.map(\.syntax).first { syntax in
      syntax.words.count == words.count
        && zip(syntax.words, words).allSatisfy { nearestWord(to: $1, among: [$0]) != nil }
    }?.name
  }
}

extension SchedulerCommand {
  private typealias Switch = CommandSyntax.Switch

  private static let keyType = Switch(
    "KEYTYPE", "P-256", "P-256, P-384, P-521, RSA-2048, RSA-3072, RSA-4096 or Ed25519")
  private static let days = Switch("DAYS", "825", "how many days it is valid")
  private static let listenerDays = Switch(
    "DAYS", "825", "how many days it is valid; without it, 825 less up to a tenth, so that not all expire at once")
  private static let makeDefault = Switch("MAKEDEFAULT", "it is used from now on wherever none is named")
  private static let file = Switch("FILENAME", "FILE", required: true, "the file")
  private static let prompt = Switch("PROMPT", "asks for the password of the file's private key")
  private static let passwordFile = Switch("PASSWORDFILE", "FILE", "the password is this file's first line")
  private static let noPassword = Switch("NOPASSWORD", "leaves the private key in the PEM file unprotected")
  private static let thumbprint = Switch("THUMBPRINT", "THUMBPRINT", "which one; without it, the default")
  private static let server = Switch("SERVER", "NAME", "this scheduler's name")
  private static let closedMethods = [
    Switch("NOALLOWNONE", "no connection without authentication; never allowed here"),
    Switch("NOALLOWSSPI", "no authentication by Active Directory; never allowed here"),
  ]

  /// What it looks like.
  public var syntax: CommandSyntax {
    switch self {
    case .createRoot:
      CommandSyntax(
        "CREATE ROOT CA", "makes a certificate authority of your own",
        [
          Switch("STOREKEY", required: true, "keeps its private key here, to issue with"), Self.makeDefault,
          Switch("NAME", "\"NAME\"", "its name; without it, JAMS Local Self-Signed Root CA"), Self.keyType,
          Switch("DAYS", "3650", "how many days it is valid"),
        ])
    case .createConnectorCertificate:
      CommandSyntax(
        "CREATE EXEC CONNECTOR CERT", "issues the certificate by which this scheduler proves itself to agents",
        [
          Switch("STORECERT", required: true, "keeps it here, with its private key"), Self.makeDefault,
          Switch("NAME", "\"NAME\"", "its name; without it, Executor Connector and this host's name"), Self.keyType,
          Self.days,
        ])
    case .createListenerCertificate:
      CommandSyntax(
        "CREATE AGENT LISTENER CERT", "issues an agent's certificate, and writes it with its private key to a file",
        [
          Switch("AGENTNAME", "NAME", required: true, "how the scheduler knows the agent"), Self.file, Self.prompt,
          Self.passwordFile, Self.noPassword, Switch("PEM", "PEM, for Linux; without it, PKCS#12"),
          Switch("CHAIN", "with the root CA's certificate"),
          Switch("SAN", "NAME,ADDRESS", "further names and addresses of the agent"),
          Switch("NOSTORECERT", "keeps nothing of it here; always so"), Self.keyType, Self.listenerDays,
        ])
    case .signRequest:
      CommandSyntax(
        "SIGN REQUEST", "issues an agent's certificate for a key that stays on the agent",
        [
          Switch("FILENAME", "FILE", required: true, "the request: what jams-register -R -o, or openssl req, wrote"),
          Switch("OUT", "FILE", required: true, "where the certificate goes, with the root CA's"),
          Switch("AGENTNAME", "NAME", "how the scheduler knows the agent; the request's own names do not count then"),
          Switch("SAN", "NAME,ADDRESS", "further names and addresses of the agent"),
          Switch("REQUESTEDNAMES", "the names in the request are right"), Self.listenerDays,
        ])
    case .addConnector:
      CommandSyntax(
        "ADD EXECUTOR CONNECTOR", "configures how this scheduler reaches an agent",
        [
          Switch("USECERT", required: true, "proves itself by the default connector certificate"),
          Switch("AGENTNAME", "NAME", required: true, "how the scheduler knows the agent"), Self.server,
          Switch("ADDRESS", "HOST:PORT", "where it listens; without it, under its name, port 5773"),
          Switch("THUMBPRINT", "THUMBPRINT", "another connector certificate than the default one"),
          Switch("PLATFORM", "Linux", "Linux or Windows; without it, Windows"),
        ] + Self.closedMethods + [
          Switch("USER", "NAME", "not needed here: who may write to the scheduler's folder may do this"),
          Switch("PROMPT", "not needed here, for the same reason"),
        ])
    case .removeConnector:
      CommandSyntax(
        "REMOVE EXECUTOR CONNECTOR", "forgets the way to an agent",
        [Switch("AGENTNAME", "NAME", required: true, "how the scheduler knows the agent")])
    case .listConnectors: CommandSyntax("LIST EXECUTOR CONNECTOR", "shows the configured ways to agents")
    case .listConfiguration: CommandSyntax("LIST EXEC CONFIG", "shows the thumbprints of both default certificates")
    default: transferSyntax
    }
  }

  private var transferSyntax: CommandSyntax {
    switch self {
    case .exportRoot:
      CommandSyntax(
        "EXPORT ROOT CA", "writes the root CA to a file: with its private key as PKCS#12, or without as PEM",
        [
          Self.file, Self.prompt, Self.passwordFile, Switch("NOKEY", "the certificate alone, for others to trust"),
          Self.thumbprint,
        ])
    case .exportConnectorCertificate:
      CommandSyntax(
        "EXPORT EXEC CERT",
        "writes a connector certificate with its private key and its root CA's certificate to a file",
        [
          Self.file, Self.prompt, Self.passwordFile, Self.thumbprint,
          Switch("PEM", "PEM, for curl and others, to a new file; without it, PKCS#12, for the standby"),
          Self.noPassword, Switch("CURL", "FILE", "a new file for curl -K, which names the PEM file"),
        ])
    case .importRoot:
      CommandSyntax(
        "IMPORT ROOT CA", "reads a root CA that EXPORT ROOT CA wrote",
        [
          Self.file, Self.prompt, Self.passwordFile, Self.makeDefault,
          Switch("STOREKEY", "keeps its private key here, to issue with"),
        ])
    case .importConnectorCertificate:
      CommandSyntax(
        "IMPORT EXEC CERT", "reads a connector certificate that EXPORT EXEC CERT wrote",
        [Self.file, Self.prompt, Self.passwordFile, Self.makeDefault])
    case .createEnrolmentCode:
      CommandSyntax(
        "CREATE ENROLMENT CODE", "makes a code by which one agent gets its certificate over the network, once",
        [
          Switch("AGENTNAME", "NAME", required: true, "how the scheduler knows the agent"),
          Switch("SAN", "NAME,ADDRESS", "further names and addresses of the agent"),
          Switch("EXPIRES", "24h", "how long it is good for: a number with s, m, h or d"),
        ])
    case .listEnrolmentCodes:
      CommandSyntax("LIST ENROLMENT CODE", "shows for whom there are codes, to when, and whether they were used")
    case .removeEnrolmentCode:
      CommandSyntax(
        "REMOVE ENROLMENT CODE", "takes back the code of an agent that was not used yet",
        [Switch("AGENTNAME", "NAME", required: true, "how the scheduler knows the agent")])
    case .serveEnrolment:
      CommandSyntax(
        "SERVE ENROLMENT", "gives agents their certificates over the network (EST, RFC 7030), until it is interrupted",
        [
          Switch("PORT", "5774", "where to listen"),
          Switch("BIND", "ADDRESS", "one address to listen on; without it, all"),
          Switch("SAN", "NAME,ADDRESS", "what agents call this host, beside its own name"),
          Switch("LIFETIME", "825d", "how long certificates are valid: a number with s, m, h or d"),
        ])
    case .revokeCertificate:
      CommandSyntax(
        "REVOKE CERT", "makes a certificate worthless for all who get the next revocation list",
        [
          Switch("THUMBPRINT", "THUMBPRINT", "which one"),
          Switch("FILENAME", "FILE", "which one, by its file: also one that another scheduler with this root issued"),
        ])
    case .exportRevocationList:
      CommandSyntax(
        "EXPORT CRL", "writes a new revocation list of the root CA to a file, for agents to import",
        [Self.file, Switch("DAYS", "30", "how many days it is valid"), Self.thumbprint])
    case .importRevocationList:
      CommandSyntax(
        "IMPORT CRL", "takes over what another scheduler with the same root CA has revoked", [Self.file])
    default: CommandSyntax("HELP", "lists the commands, or shows one: HELP CREATE ROOT CA")
    }
  }
}
