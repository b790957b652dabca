import Glibc
import OpenSSL
import SystemCalls
import Wording

ProgramArguments.requireText(for: "agent-register")
// As root, OpenSSL reads only the system's configuration, not one that the environment names.
if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
RegisterCommand.start(
  RegisterOption.withoutBareVerify(
    plainHyphens(CommandLine.arguments.dropFirst(), longOptions: RegisterOption.longNames)))
