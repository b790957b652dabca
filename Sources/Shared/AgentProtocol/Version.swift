/// The version of all programs in this package.
public let agentdVersion = "0.1.0"
