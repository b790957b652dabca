import CommandGrammar

/// The commands that show and change what a scheduler has.
extension SchedulerCommand {
  private static let which = Switch("THUMBPRINT", "THUMBPRINT", required: true, "which certificate")
  private static let force = Switch("FORCE", "even if it is still needed")

  var upkeepSyntax: CommandSyntax {
    switch self {
    case .listRoots:
      CommandSyntax(
        "LIST ROOT CA", "lists the root CAs: which is the default, which can issue, valid to when", [Self.json])
    case .setDefaultRoot:
      CommandSyntax("SET DEFAULT ROOT CA", "makes another root CA the one that issues", [Self.which])
    case .removeRoot:
      CommandSyntax("REMOVE ROOT CA", "deletes a root CA, its private key and its records", [Self.which, Self.force])
    case .createOperatorCertificate:
      CommandSyntax(
        "CREATE OPERATOR CERT",
        "issues a certificate for a person who uses agentctl, and writes it with its private key to a file",
        [
          Switch("NAME", "\"NAME\"", required: true, "the person's name; [[client]] tables on agents may refer to it"),
          Self.file, Self.replace, Self.prompt, Self.passwordFile, Self.noPassword, Self.keyType, Self.days,
        ])
    case .listCertificates:
      CommandSyntax(
        "LIST CERT", "lists what was issued: when, by whom asked, valid to when, last seen, revoked or not",
        [
          Switch("AGENTNAME", "NAME", "only an agent's"),
          Switch("EXPIRES", "30d", "only what expires within this time: a number with s, m, h or d"), Self.json,
        ])
    case .setDefaultConnector:
      CommandSyntax("SET DEFAULT EXEC CERT", "makes another connector certificate the default", [Self.which])
    case .removeConnectorCertificate:
      CommandSyntax(
        "REMOVE EXEC CERT", "deletes a connector certificate and its private key here", [Self.which, Self.force])
    case .exportConnectors:
      CommandSyntax(
        "EXPORT CONNECTORS", "writes how all agents are reached to a file, for a standby or an operator",
        [Self.file, Self.replace])
    case .importConnectors:
      CommandSyntax(
        "IMPORT CONNECTORS", "adds the agents that EXPORT CONNECTORS wrote, and replaces those of the same names",
        [Self.file, Switch("MIRROR", "removes the agents that the file does not have")])
    default: CommandSyntax("HELP", "lists the commands, or shows one: HELP CREATE ROOT CA")
    }
  }
}
