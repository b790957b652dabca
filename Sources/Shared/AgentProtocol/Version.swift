/// The version of all programs of this package.
public let agentdVersion = "0.1.0"
