import AgentLogging
import Glibc
import Listener
import RoleStart
import Signer

let (role, socket) = RoleStart.begin()
switch role {
case .listener:
  LogFormat.current = LogStart.formatOfEnvironment()
  LogStart.bootstrap(level: LogStart.levelOfEnvironment())
  // Not exit(3), which shuts down OpenSSL while event loops may still use it.
  _exit(ListenerProcess.run(link: socket))
case .signer: exit(SignerProcess.run(socket: socket))
}
