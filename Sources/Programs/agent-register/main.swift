import AgentRegistration
import Glibc
import OpenSSL

// Root's OpenSSL takes its configuration from the system alone, not from whoever filled the environment.
if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
RegisterCommand.start(
  withoutBareVerify(plainHyphens(CommandLine.arguments.dropFirst(), longOptions: RegisterCommand.longOptions)))
