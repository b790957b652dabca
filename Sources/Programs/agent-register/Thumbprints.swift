import AgentRegistration
import ArgumentParser
import SystemCalls
import Wording

/// The thumbprints of the store on a command line.
enum Thumbprints {
  static var completion: CompletionKind {
    .custom { words, _, prefix in
      let file = zip(words, words.dropFirst()).first { ["-c", "--config"].containsSame(as: $0.0) }?.1
      let invocation = Registration.Invocation(program: RegisterCommand.programName, configurationFile: file)
      let registration = try? Registration(invocation, environment: processEnvironment())
      return (registration?.storedThumbprints ?? []).filter { $0.hasPrefix(prefix.lowercased()) }
    }
  }
}
