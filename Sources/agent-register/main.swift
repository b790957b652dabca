import AgentRegistration

RegisterCommand.start(plainHyphens(CommandLine.arguments.dropFirst(), longOptions: RegisterCommand.longOptions))
