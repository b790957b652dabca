import FoundationEssentials
import Glibc
import Testing

@testable import AgentProtocol

/// The exit code for a job: 0 only for success, the job's own where it ended by itself, 128 and the real signal where a signal ended it.
struct ExitCodesTellTheTruth {
  private static func status(_ state: JobState, _ exitCode: Int32?, _ signal: String?) throws -> JobStatus {
    func text(_ value: String?) -> String { value.map { "\"\($0)\"" } ?? "null" }
    let json = """
      {"id": "a", "state": "\(state.rawValue)", "command": ["x"], "user": "u", "labels": {}, "signal": \(text(signal)),
        "client": {"subject": "CN=c", "thumbprint": "\(String(repeating: "ab", count: 32))"},
        "exit_code": \(exitCode.map { "\($0)" } ?? "null"), "submitted_at": "2026-11-30T00:00:00Z"}
      """
    return try JSONDecoder().decode(JobStatus.self, from: Data(json.utf8))
  }

  private static let exitCodes: [Int32?] = [nil, 0, 1, 4, 126, 255, 256, 512, -1, .max, .min]
  private static let signals: [String?] = [nil, "SIGNONE", "signal 65", ""] + (1...64).map { SignalName.of($0) }

  @Test(arguments: JobState.allCases) func onlySuccessIsZero(_ state: JobState) throws {
    for exitCode in Self.exitCodes {
      for signal in Self.signals {
        let code = try Self.status(state, exitCode, signal).processExitCode
        #expect((code == 0) == (state == .succeeded), "\(state) \(exitCode ?? -99) \(signal ?? "-"): \(code)")
        #expect((0...255).contains(code))
      }
    }
  }

  @Test(arguments: [JobState.killed, .cancelled, .timedOut, .outputLimit], 1...64)
  func aSignalIsTheRealOne(_ state: JobState, _ number: Int32) throws {
    // Whatever exit code an agent reports beside it.
    for exitCode in [nil, 0, 7] as [Int32?] {
      #expect(try Self.status(state, exitCode, SignalName.of(number)).processExitCode == 128 + number)
    }
  }

  @Test(
    arguments: [
      (.succeeded, 0, nil, 0), (.failed, 7, nil, 7), (.failed, 255, nil, 255), (.failed, nil, nil, 70),
      (.failed, 0, nil, 70),
      (.killed, nil, "SIGSEGV", 139), (.killed, nil, "SIGHUP", 129), (.killed, nil, "SIGRTMIN+3", 165),
      (.killed, nil, nil, 137), (.cancelled, 0, nil, 143), (.cancelled, 4, nil, 143), (.cancelled, nil, nil, 143),
      (.cancelled, nil, "SIGKILL", 137), (.timedOut, 0, nil, 143), (.timedOut, nil, "SIGKILL", 137),
      (.outputLimit, 0, nil, 137), (.couldNotStart, nil, nil, 126), (.interrupted, nil, nil, 75),
      (.interrupted, 0, "SIGTERM", 75), (.running, 0, nil, 70),
    ] as [(JobState, Int32?, String?, Int32)])
  func theTableHolds(_ state: JobState, _ exitCode: Int32?, _ signal: String?, _ expected: Int32) throws {
    #expect(try Self.status(state, exitCode, signal).processExitCode == expected)
  }

  @Test func namesAreThoseOfTheSystem() {
    for (name, number) in [
      ("SIGHUP", SIGHUP), ("SIGINT", SIGINT), ("SIGSEGV", SIGSEGV), ("SIGPIPE", SIGPIPE), ("SIGSYS", SIGSYS),
      ("SIGUSR1", SIGUSR1), ("SIGXCPU", SIGXCPU),
    ] {
      #expect(SignalName.of(number) == name && SignalName.number(of: name) == number)
    }
    for number in Int32(1)...64 { #expect(SignalName.number(of: SignalName.of(number)) == number) }
    for other in ["", "SIG", "HUP", "sighup", "SIGRTMIN", "SIGRTMIN+31", "signal 0"] {
      #expect(SignalName.number(of: other) == nil)
    }
  }
}
