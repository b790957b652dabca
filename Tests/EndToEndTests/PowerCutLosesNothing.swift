// The promise: a job that was answered with 201 exists after a power failure, and was not started twice, whenever the power fails. The
// power failure happens in a virtual machine whose kernel is killed with its memory; the marks of jobs are kept outside.
import AgentProtocol
import Glibc
import SystemCalls
import TestSupport
import Testing

@Suite(
  .enabled(if: UserModeMachine.isForThisMachine && isRoot, "user-mode-linux is there for x86 only; root makes its disk")
)
struct PowerCutLosesNothing {
  /// Set by `make power-cut`: every round costs two boots.
  private static let rounds = processVariable("AGENTD_POWER_CUTS").flatMap(Int.init) ?? 2

  @Test func ofAnyJobThatWasAnswered() async throws {
    let agent = try await Installation()
    try await agent.register()
    try prepare(agent)
    let machine = try await UserModeMachine(showing: agent.folder, hasDisk: true)
    var audit = Audit()
    var random = SystemRandomNumberGenerator()
    for round in 1...Self.rounds {
      let power = try machine.boot(Self.start + Self.submitters(round))
      let enough = audit.answered + 3 + Int.random(in: 0...20, using: &random)
      try await wait(for: "\(enough) answers", within: .seconds(120)) { try Audit(of: agent.folder).answered >= enough }
      try await machine.cutPower(power)
      let marks = try agent.folder.read("marks")

      let recovery = try machine.boot(Self.start + Self.list(round))
      _ = try await recovery.end(within: .seconds(120))
      audit = try Audit(of: agent.folder)
      let listed = try agent.folder.read("listed-\(round)")
      #expect(audit.lost(in: listed) == [], "round \(round): \(listed)")
      #expect(audit.startedTwice == [], "round \(round)")
      #expect(
        !listed.contains(#""state":"running""#) && !listed.contains(#""state":"accepted""#), "round \(round): \(listed)"
      )
      // Jobs that ran before the power failure do not run after it.
      #expect(try agent.folder.read("marks").hasPrefix(marks))
    }
    print("power cuts: \(Self.rounds), jobs answered with 201: \(audit.answered), lost: 0, started twice: 0")
  }

  private func prepare(_ agent: Installation) throws {
    let rules = try agent.folder.read("agentd.toml")
      .replacing("state = \"state\"", with: "state = \"/mnt/disk/state\"").replacing("\"run\"", with: "\"/mnt/run\"")
    try agent.folder.write("machine.toml", rules)
    let files = try #require(agent.certificates.connector.files)
    for (name, path) in [("cert.pem", files.chain), ("key.pem", files.key), ("ca.pem", agent.certificates.rootPath)] {
      try agent.folder.write(name, try String(decoding: DurableFile.read(path, limit: 1 << 20), as: UTF8.self))
    }
    try agent.folder.write(
      "curl.conf",
      """
      silent
      max-time = 30
      cacert = "ca.pem"
      cert = "cert.pem"
      key = "key.pem"

      """)
    try agent.folder.write("url", agent.url)
    try agent.folder.write("answers", "")
    try agent.folder.write("marks", "", mode: 0o666)
    chmod(agent.folder.path, 0o755)
  }

  private static let start = """
    program=$(readlink -f bin/jams-agentd)
    : > machine.log
    $program -c /mnt/home/machine.toml -F 2>>machine.log & agent=$!
    until grep -q 'agentd serves' machine.log; do sleep 0.1; done
    url=$(cat url)

    """

  /// Three clients that submit one job after another, and record the answers.
  private static func submitters(_ round: Int) -> String {
    """
    submit() {
      n=0
      while :; do
        n=$((n + 1)); id=r\(round)-$1-$n
        body="{\\"command\\": [\\"/bin/sh\\", \\"-c\\", \\"echo $id >> /mnt/home/marks\\"]}"
        echo "$id $(curl -K curl.conf -o /dev/null -w '%{http_code}' -X PUT -d "$body" $url/jobs/$id)" >> answers
      done
    }
    submit a & submit b & submit c & wait
    """
  }

  /// Lists all jobs, once none is queued or running.
  private static func list(_ round: Int) -> String {
    """
    until curl -K curl.conf $url/agent | grep -q '"queued":0,"running":0'; do sleep 0.1; done
    curl -K curl.conf "$url/jobs?limit=1000" > listed-\(round)
    kill $agent; wait
    """
  }

  /// The answers that clients received, and the jobs that ran.
  private struct Audit {
    private var created: [Substring] = []
    private var marks: [Substring] = []

    init() {}

    init(of folder: TemporaryFolder) throws {
      created = try folder.read("answers").split(separator: "\n").filter { $0.hasSuffix(" 201") }.map { $0.dropLast(4) }
      marks = try folder.read("marks").split(separator: "\n")
    }

    var answered: Int { created.count }
    var startedTwice: [Substring] { Dictionary(grouping: marks) { $0 }.filter { $0.value.count > 1 }.map(\.key) }
    func lost(in list: String) -> [Substring] { created.filter { !list.contains("\"id\":\"\($0)\"") } }
  }
}

private func processVariable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
