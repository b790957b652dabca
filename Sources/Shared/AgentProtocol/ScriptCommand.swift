/// How a script becomes a command: as the kernel does it with a file that begins with `#!`; execve(2).
///
/// The script is open in the job as a descriptor: nobody can put another in its place between a check and its execution, its folder
/// stays closed, and a file system that is mounted noexec does not matter.
public enum ScriptCommand {
  /// Where the interpreter finds the script.
  public static let path = "/dev/fd/3"

  /// The interpreter, the one argument that a first line may give it, and the path of the script. Without an interpreter in its
  /// first line, the shell.
  static func arguments(_ script: String, _ interpreter: String?) -> [String] {
    if let interpreter { return [interpreter, path] }
    let line = firstLine(script)
    guard line.starts(with: "#!".utf8) else { return ["/bin/sh", path] }
    let words = line.dropFirst(2).split(maxSplits: 1, whereSeparator: isBlank).map(trimmed)
    return words.filter { !$0.isEmpty } + [path]
  }

  /// Whether it was written on a system whose lines end in CR LF: its first line does.
  public static func hasCRLF(_ script: String) -> Bool {
    firstLine(script).last == UInt8(ascii: "\r") && script.utf8.contains(UInt8(ascii: "\n"))
  }

  /// The bytes to be executed: with lines that end in LF, where the first one did not.
  public static func bytes(_ script: String) -> [UInt8] {
    guard hasCRLF(script) else { return Array(script.utf8) }
    var bytes: [UInt8] = []
    for byte in script.utf8 {
      if byte == UInt8(ascii: "\n"), bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
      bytes.append(byte)
    }
    return bytes
  }

  private static func firstLine(_ script: String) -> Substring.UTF8View {
    script[...].utf8.prefix { $0 != UInt8(ascii: "\n") }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

  private static func trimmed(_ word: Substring.UTF8View) -> String {
    func isSpace(_ byte: UInt8) -> Bool { isBlank(byte) || byte == UInt8(ascii: "\r") }
    var bytes = Array(word)[...]
    while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
