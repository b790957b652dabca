import Wording

AgentdCommand.main(plainHyphens(CommandLine.arguments.dropFirst(), longOptions: []))
