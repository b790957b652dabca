// A typographer's dash is what the article prints where a hyphen was meant: agentd –F.
AgentdCommand.main(CommandLine.arguments.dropFirst().map { $0.hasPrefix("\u{2013}") ? "-\($0.dropFirst())" : $0 })
