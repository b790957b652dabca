import Glibc
import Supervisor
import SystemCalls
import Wording

// If agentd itself started this process under this title, it looks up names; otherwise it is the supervisor.
if CommandLine.arguments.first == ResolverProcess.title {
  // Not exit(3): a look-up may hang in a thread.
  _exit(ResolverProcess.run(socket: FileDescriptor(owning: 3), as: Array(CommandLine.arguments.dropFirst())))
}
ProgramArguments.requireText(for: "agentd")
AgentdCommand.start(plainHyphens(CommandLine.arguments.dropFirst(), longOptions: []))
