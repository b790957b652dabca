import Glibc
import OpenSSL
import Wording

// Root's OpenSSL takes its configuration from the system alone, not from whoever filled the environment.
if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
RegisterCommand.start(
  RegisterOption.withoutBareVerify(
    plainHyphens(CommandLine.arguments.dropFirst(), longOptions: RegisterOption.longNames)))
