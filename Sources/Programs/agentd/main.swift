import AgentLogging
import CLinux
import Glibc
import Listener
import Signer
import Supervisor
import SystemCalls
import Wording

// One executable, three roles: started by itself under a role's title it takes that role, else it is the supervisor.
if let role = CommandLine.arguments.first.flatMap(Role.init) {
  let socket = FileDescriptor(owning: Role.socket)
  switch role {
  case .listener:
    LogFormat.current = LogStart.formatOfEnvironment()
    LogStart.bootstrap(level: LogStart.levelOfEnvironment())
    // Not exit(3), which takes OpenSSL down under event loops that may still use it.
    _exit(ListenerProcess.run(link: socket))
  case .signer:
    // The listener has the same user: without this it could read the key from the signer's memory.
    guard clinux_forbid_dumps() == 0 else { exit(EX_OSERR) }
    exit(SignerProcess.run(socket: socket))
  }
}
AgentdCommand.main(plainHyphens(CommandLine.arguments.dropFirst(), longOptions: []))
