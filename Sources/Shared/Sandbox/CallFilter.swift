import CLinux
import Glibc
import SystemCalls

/// A filter of the system calls that the process may make; seccomp(2).
package struct CallFilter: Sendable {
  /// What the kernel does with a call.
  package enum Verdict: Sendable {
    /// The call is made.
    case allow
    /// The call is not made; the caller sees this errno(3) value.
    case fail(Int32)
    /// The process is killed at once with SIGSYS; the kernel writes a line to its own log.
    case kill
  }

  /// A condition on one argument of a call. Arguments are numbered from 0; only the lower 32 bits are compared.
  package enum Condition: Sendable {
    case always
    /// The argument is one of these values.
    case isOneOf(Int, [Int32])
    /// The argument has all of these bits.
    case has(Int, Int32)
    /// The argument has none of these bits.
    case lacks(Int, Int32)
  }

  /// The rule for one call.
  package struct Rule: Sendable {
    let call: Int32
    let condition: Condition
    let verdict: Verdict
    let otherwise: Verdict

    package init(
      _ call: Int32, _ verdict: Verdict, where condition: Condition = .always, otherwise: Verdict = .fail(EPERM)
    ) {
      (self.call, self.verdict, self.condition, self.otherwise) = (call, verdict, condition, otherwise)
    }
  }

  private let rules: [Rule]
  private let verdict: Verdict

  /// Creates a filter.
  ///
  /// - Parameters:
  ///   - rules: at most one per call, the most frequent calls first.
  ///   - verdict: for all other calls.
  package init(_ rules: [Rule], otherwise verdict: Verdict) {
    (self.rules, self.verdict) = (rules, verdict)
  }

  /// Installs the filter permanently on the calling thread and, through inheritance, on the threads it starts.
  package func install() throws(SystemError) {
    let program = self.program
    try checked("seccomp") { clinux_filter_calls(program, UInt16(program.count)) }
  }
}

// MARK: the program that the kernel runs

extension CallFilter {
  /// Offsets in `struct seccomp_data`.
  private enum Field {
    static let call: UInt32 = 0
    static let architecture: UInt32 = 4
    /// The lower half of an argument, which comes first on both architectures.
    static func argument(_ index: Int) -> UInt32 { UInt32(16 + 8 * index) }
  }

  private var program: [sock_filter] {
    var program = [
      Self.load(Field.architecture), Self.skip(1, if: BPF_JEQ, clinux_call_architecture), Self.end(.kill),
      Self.load(Field.call),
    ]
    // Calls of the x32 ABI have this bit set; the architecture is the same.
    #if arch(x86_64)
      program += [Self.skip(1, unless: BPF_JGE, 0x4000_0000), Self.end(.kill)]
    #endif
    for rule in rules {
      let part = Self.part(of: rule)
      program += [Self.skip(UInt8(part.count), unless: BPF_JEQ, UInt32(rule.call))] + part
    }
    return program + [Self.end(verdict)]
  }

  /// The instructions that run if the call is the rule's; they always end with a verdict.
  private static func part(of rule: Rule) -> [sock_filter] {
    let (yes, no) = (end(rule.verdict), end(rule.otherwise))
    switch rule.condition {
    case .always:
      return [yes]
    case .lacks(let argument, let bits):
      return [load(Field.argument(argument)), skip(1, unless: BPF_JSET, UInt32(bitPattern: bits)), no, yes]
    case .has(let argument, let bits):
      let mask = sock_filter(
        code: UInt16(BPF_ALU | BPF_AND | BPF_K), jt: 0, jf: 0, k: UInt32(bitPattern: bits))
      return [load(Field.argument(argument)), mask, skip(1, if: BPF_JEQ, UInt32(bitPattern: bits)), no, yes]
    case .isOneOf(let argument, let values):
      let comparisons = values.indices.map { index in
        skip(UInt8(values.count - index), if: BPF_JEQ, UInt32(bitPattern: values[index]))
      }
      return [load(Field.argument(argument))] + comparisons + [no, yes]
    }
  }

  private static func load(_ offset: UInt32) -> sock_filter {
    sock_filter(code: UInt16(BPF_LD | BPF_W | BPF_ABS), jt: 0, jf: 0, k: offset)
  }

  private static func skip(_ count: UInt8, if comparison: Int32, _ value: UInt32) -> sock_filter {
    sock_filter(code: UInt16(BPF_JMP | comparison | BPF_K), jt: count, jf: 0, k: value)
  }

  private static func skip(_ count: UInt8, unless comparison: Int32, _ value: UInt32) -> sock_filter {
    sock_filter(code: UInt16(BPF_JMP | comparison | BPF_K), jt: 0, jf: count, k: value)
  }

  private static func end(_ verdict: Verdict) -> sock_filter {
    let value: UInt32 =
      switch verdict {
      case .allow: SECCOMP_RET_ALLOW
      case .fail(let code): UInt32(SECCOMP_RET_ERRNO) | UInt32(code)
      case .kill: SECCOMP_RET_KILL_PROCESS
      }
    return sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: value)
  }
}
