import AgentRegistration

let arguments = plainHyphens(CommandLine.arguments.dropFirst(), longOptions: RegisterCommand.longOptions)
RegisterCommand.main(arguments)
