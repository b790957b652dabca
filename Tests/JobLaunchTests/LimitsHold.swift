import TestSupport
import Testing

/// Goal: a job cannot use more memory, processes or processor time than its limits allow, its end names the limit, and usage is counted
/// over all its processes. On a separate kernel, whose controllers no other version of control groups uses.
@Suite(.enabled(if: UserModeMachine.isForThisMachine, "user-mode-linux is there for x86 only"))
struct LimitsHold {
  /// A child allocates the memory, so that the limit of the group and not of the process takes effect.
  private static let hog = "python3 -c 'x = bytearray(%d << 20); print(len(x))'; exit $?"
  private static let spin = "end=$(($(date +%s%N) + 1500000000)); while [ $(date +%s%N) -lt $end ]; do :; done"

  @Test func each() async throws {
    let roles = try BuiltProduct.path("agentd-test-roles")
    let shepherd = try BuiltProduct.path("agentd-shepherd")
    let machine = try await UserModeMachine(showing: TemporaryFolder(), hasDisk: false)
    let output = try await machine.run(
      """
      mkdir /mnt/cgroup; mount -t cgroup2 none /mnt/cgroup
      mkdir /mnt/cgroup/agentd; echo +memory +pids +cpu > /mnt/cgroup/cgroup.subtree_control
      \(roles) run-limited /mnt/cgroup/agentd /mnt/jobs \(shepherd) \
        '- 41943040 -' "\(hog(200))" '- 104857600 -' "\(hog(20))" \
        '- - 4' 'for n in 1 2 3 4 5 6 7 8; do sleep 100 & done; wait' '0.1 - -' '\(Self.spin)' '-' 'setsid sleep 100 & exit 3'
      """)
    let lines = output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    try #require(lines.count == 7, "\(output)")
    #expect(lines[0] == ["cpu memory pids"])

    #expect(lines[1][0] == "killed", "\(output)")
    #expect(lines[1].last!.hasPrefix("killed by SIGKILL: it reached its memory limit of 40 MiB (peak 40"), "\(output)")
    #expect(lines[1][4] == "0")

    #expect(lines[2][0] == "succeeded", "\(output)")
    #expect((20 << 20...100 << 20).contains(Int(lines[2][2]) ?? 0), "\(output)")

    #expect(lines[3][0] == "failed", "\(output)")

    #expect(lines[4][0] == "succeeded", "\(output)")
    #expect(try #require(Double(lines[4][3])) < 0.75, "a tenth of 1.5 seconds, and some: \(output)")

    #expect(lines[5][0] == "failed" && lines[5][1] == "3", "\(output)")
    #expect(lines[5].last == "it left 1 process, killed at its end")
    #expect(lines[6] == ["left: []"])
  }

  private func hog(_ mebibytes: Int) -> String { Self.hog.replacing("%d", with: "\(mebibytes)") }
}
