// Processes that tests start in order to kill them, to run as another user, to be confined, or to have a fresh OpenSSL. The testing
// library's exit tests are not suitable: they hang when the test process has other children that have ended.
import Glibc
import ShepherdContract

let roles: [String: ([String]) throws -> Void] = [
  "submit-until-killed": SubmittingSupervisor.submitUntilKilled,
  "launch-and-die": DyingSupervisor.launchAndDie,
  "run-limited": LimitedJob.run,
  "launch-as-ordinary-user": OrdinaryUser.launch,
  "minimum-tls-version": FreshOpenSSL.minimumVersion,
  "read-key": FreshOpenSSL.readKey,
  "attempt": ConfinedProcess.attempt,
  "attempt-on-old-kernel": ConfinedProcess.attemptOnOldKernel,
]

if CommandLine.arguments[0].hasPrefix(ShepherdContract.Server.title) {
  try TracedShepherds.serve()
  exit(0)
}
guard CommandLine.arguments.count >= 2, let role = roles[CommandLine.arguments[1]] else { exit(EX_USAGE) }
do {
  try role(Array(CommandLine.arguments.dropFirst(2)))
} catch {
  print(error)
  exit(1)
}
