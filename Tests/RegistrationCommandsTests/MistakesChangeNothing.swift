// Goal: whatever is wrong with a command, one line says what and how to fix it, the exit status tells the kind, and the scheduler's state
// is unchanged.
import SystemCalls
import TestSupport
import Testing

@Suite struct MistakesChangeNothing {
  static let rows: [(command: String, status: Int32, words: String)] = [
    ("CREATE ROT CA", 64, "did you mean CREATE ROOT CA?"),
    ("CREATE", 64, "there are CREATE ROOT CA,"),
    ("/JSON", 64, "continues a command, and there is none"),
    ("-I agentcert.pem", 64, "an option of jams-register, which runs on the agent"),
    ("--list", 64, "a command is words, as in LIST EXEC CONFIG"),
    ("UPDATE AGENT LISTENER /REQCERT /SERVER=a", 64, "a command of jams-register"),
    ("jams-register -L", 64, "run it in a shell on the agent"),
    ("agentctl agents", 64, "agentctl is a program of its own"),
    ("jobs", 64, "agentctl jobs does that"),
    ("SHOW EXEC CONFIG", 64, "did you mean LIST EXEC CONFIG?"),
    ("delete exec cret /THUMBPRINT=12345678", 64, "did you mean REMOVE EXEC CERT?"),
    ("CREATE ROOT CA --storekey", 64, "switches begin with a slash: CREATE ROOT CA /STOREKEY"),
    ("CREATE ROOT CA STOREKEY", 64, "switches begin with a slash: CREATE ROOT CA /STOREKEY"),
    ("CREATE ROOT CA --store-key --makedefault", 64, "switches begin with a slash: CREATE ROOT CA /STOREKEY"),
    ("EXPORT ROOT CA filename=f", 64, "switches begin with a slash: EXPORT ROOT CA /FILENAME"),
    ("CREATE ROOT CA /STOREKEY --makedefault", 64, "--makedefault is not a switch: switches begin with a slash"),
    ("CREATE ROOT CA /STOREKEY /NAME:x", 64, "a value follows an equals sign, as in /NAME=X"),
    ("CREATE ENROLMENT CODE", 64, "needs one of /AGENTNAME, /FILENAME"),
    ("REVOKE CERT /AGENTNAME=a /FILENAME=f", 64, "needs one of /THUMBPRINT, /FILENAME, /AGENTNAME, not 2"),
    ("FORMAT DISK", 64, "HELP lists all"),
    ("CREATE ROOT CA", 64, "needs /STOREKEY"),
    ("CREATE ROOT CA /STORKEY", 64, "did you mean /STOREKEY?"),
    ("CREATE ROOT CA /STOREKEY=yes", 64, "/STOREKEY takes no value"),
    ("CREATE ROOT CA /STOREKEY /DAYS", 64, "/DAYS needs a value"),
    ("CREATE ROOT CA /STOREKEY /DAYS=0", 64, "from 1 to 36500"),
    ("CREATE ROOT CA /STOREKEY /KEYTYPE=RSA-1024", 64, "is not known"),
    ("CREATE ROOT CA /STOREKEY /NAME=\"\"", 64, "/NAME needs a value"),
    ("CREATE AGENT LISTENER CERT /AGENTNAME=<Enter the name of the Agent> /FILENAME=f", 64, "is a placeholder"),
    ("CREATE AGENT LISTENER CERT /AGENTNAME=a;b /FILENAME=f /PASSWORDFILE=password", 64, "expected a host name"),
    ("CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=f", 64, "needs a password"),
    ("CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=f /NOPASSWORD", 64, "needs a password"),
    ("CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=f /PROMPT", 66, "no terminal"),
    ("CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=f /PASSWORDFILE=none", 66, "none: No such file"),
    (
      "CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=no/such/f /PASSWORDFILE=password /PEM", 73,
      "no/such/f: No such file"
    ),
    (
      "CREATE AGENT LISTENER CERT /AGENTNAME=A /SAN=a_b,c:d /FILENAME=f /PASSWORDFILE=password", 64,
      "neither a host name nor an address"
    ),
    (
      "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A /SERVER=elsewhere.invalid", 64,
      "run scheduler-register on elsewhere.invalid"
    ),
    ("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A /ALLOWNONE", 64, "did you mean /NOALLOWNONE?"),
    ("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A /PLATFORM=BeOS", 64, "Linux or Windows"),
    ("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A /ADDRESS=h:99999", 64, "optionally :PORT, from 1 to 65535"),
    ("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A /ADDRESS=h:", 64, "optionally :PORT, from 1 to 65535"),
    ("ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A /THUMBPRINT=1234567890", 65, "no such connector certificate here"),
    ("REMOVE EXECUTOR CONNECTOR /AGENTNAME=nobody", 65, "there is no executor connector for nobody"),
    ("EXPORT ROOT CA /FILENAME=root.pfx", 64, "needs a password"),
    ("EXPORT ROOT CA /FILENAME=no/such/root.pfx /PASSWORDFILE=password", 73, "no/such/root.pfx: No such file"),
    ("EXPORT EXEC CERT /FILENAME=f /PASSWORDFILE=password /CURL=c", 64, "/CURL needs /PEM"),
    ("EXPORT EXEC CERT /FILENAME=f /NOPASSWORD", 64, "/NOPASSWORD needs /PEM"),
    ("EXPORT EXEC CERT /FILENAME=f /PEM", 64, "needs a password"),
    ("EXPORT EXEC CERT /FILENAME=password /PEM /NOPASSWORD", 73, "password: already exists"),
    ("EXPORT EXEC CERT /FILENAME=f /PEM /NOPASSWORD /CURL=password", 73, "password: already exists"),
    ("EXPORT EXEC CERT /FILENAME=f /PEM /NOPASSWORD /CURL=f", 73, "f: already exists"),
    ("EXPORT EXEC CERT /FILENAME=a\u{1b}b /PEM /NOPASSWORD /CURL=c", 64, "control characters"),
    ("IMPORT ROOT CA /FILENAME=none.pfx /PROMPT /STOREKEY", 66, "none.pfx: No such file"),
    ("IMPORT ROOT CA /FILENAME=password /STOREKEY", 65, "password: is neither PEM"),
    ("IMPORT EXEC CERT /FILENAME=. /PROMPT", 66, "is a folder"),
    ("REVOKE CERT /THUMBPRINT=1234567890", 65, "was not issued here"),
    ("REVOKE CERT /THUMBPRINT=xyz", 64, "hex digits"),
  ]

  @Test(arguments: rows)
  func refused(_ row: (command: String, status: Int32, words: String)) async throws {
    let scheduler = try await ScratchScheduler.ready()
    let before = try scheduler.image()
    let result = try await scheduler.register(row.command)
    #expect(result.end == .exited(row.status), "\(row.command): \(result.errorText)")
    #expect(result.errorText.contains(row.words), "\(result.errorText)")
    #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
    #expect(result.outputText.isEmpty)
    #expect(try scheduler.image() == before)
    #expect(try Folder.names(in: scheduler.folder.path) == ["home", "password"])
  }

  @Test(arguments: [
    "CREATE EXEC CONNECTOR CERT /STORECERT",
    "CREATE AGENT LISTENER CERT /AGENTNAME=A /FILENAME=f /PASSWORDFILE=password",
    "ADD EXECUTOR CONNECTOR /USECERT /AGENTNAME=A", "EXPORT ROOT CA /FILENAME=f /PASSWORDFILE=password",
    "EXPORT EXEC CERT /FILENAME=f /PASSWORDFILE=password", "EXPORT CRL /FILENAME=f",
  ])
  func nothingIsMadeWhereThereIsNoRoot(_ command: String) async throws {
    let scheduler = try ScratchScheduler()
    let result = try await scheduler.register(command)
    #expect(result.end == .exited(78))
    #expect(result.errorText.contains("make one with CREATE"), "\(result.errorText)")
    #expect(try Folder.names(in: scheduler.folder.path) == ["password"])
  }

  @Test func theFirstMistakeOfAScriptEndsIt() async throws {
    let scheduler = try await ScratchScheduler.ready()
    let before = try scheduler.image()
    let script = "LIST EXEC CONFG\nCREATE ROOT CA /STOREKEY /MAKEDEFAULT\n"
    let result = try await scheduler.register(input: script)
    #expect(result.end == .exited(64))
    #expect(try scheduler.image() == before)
  }
}
