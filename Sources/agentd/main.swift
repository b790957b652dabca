import AgentLogging
import Glibc
import Listener
import Supervisor
import SystemCalls

// One executable, two roles: started by itself under the listener's title it is the listener, else the supervisor.
if CommandLine.arguments.first == Supervisor.listenerTitle {
  LogStart.bootstrap(level: LogStart.levelOfEnvironment())
  exit(ListenerProcess.run(link: FileDescriptor(owning: Supervisor.listenerLink)))
}
// A typographer's dash is what the article prints where a hyphen was meant: agentd –F.
AgentdCommand.main(CommandLine.arguments.dropFirst().map { $0.hasPrefix("\u{2013}") ? "-\($0.dropFirst())" : $0 })
