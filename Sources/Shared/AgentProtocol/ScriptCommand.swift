/// The conversion of a script to a command, as the kernel does it for a file that begins with `#!`; execve(2).
///
/// The job has the script open as a descriptor: nobody can replace it between a check and its execution, its folder stays closed, and a
/// file system mounted noexec does not matter.
public enum ScriptCommand {
  /// The path at which the interpreter finds the script.
  public static let path = "/dev/fd/3"

  /// The interpreter, the one argument that the first line may give it, and the path of the script. If the first line names no interpreter,
  /// the shell.
  static func arguments(_ script: String, _ interpreter: String?) -> [String] {
    if let interpreter { return [interpreter, path] }
    let line = firstLine(script)
    guard line.starts(with: "#!".utf8) else { return ["/bin/sh", path] }
    let words = line.dropFirst(2).split(maxSplits: 1, whereSeparator: isBlank).map(trimmed)
    return words.filter { !$0.isEmpty } + [path]
  }

  /// Returns whether the script begins with a byte order mark, as some editors write it. To the kernel it would hide the `#!` after it.
  public static func hasByteOrderMark(_ script: String) -> Bool { script.utf8.starts(with: byteOrderMark) }

  private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// Returns whether the script is text in UTF-16 that was read as text in another encoding: it has a NUL character in each pair, or the
  /// mark of that encoding.
  static func looksLikeUTF16(_ script: String) -> Bool {
    let start = script.unicodeScalars.prefix(4).map(\.value)
    let isMarked = [[0xff, 0xfe], [0xfe, 0xff], [0xfffd, 0xfffd]].contains(Array(start.prefix(2)))
    let everyOther = start.count == 4 && [[1, 3], [0, 2]].contains(start.indices.filter { start[$0] == 0 })
    return start.first == 0xfffe || (script.utf8.contains(0) && (isMarked || everyOther))
  }

  /// Returns whether the script was written on a system with CR LF line endings, judging by its first line.
  public static func hasCRLF(_ script: String) -> Bool {
    firstLine(script).last == UInt8(ascii: "\r") && script.utf8.contains(UInt8(ascii: "\n"))
  }

  /// Returns the bytes to execute: without a byte order mark, and with line endings converted to LF if the first line ends in CR LF.
  public static func bytes(_ script: String) -> [UInt8] {
    guard hasCRLF(script) else { return Array(text(script)) }
    var bytes: [UInt8] = []
    for byte in text(script) {
      if byte == UInt8(ascii: "\n"), bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
      bytes.append(byte)
    }
    return bytes
  }

  private static func firstLine(_ script: String) -> Substring.UTF8View {
    text(script).prefix { $0 != UInt8(ascii: "\n") }
  }

  private static func text(_ script: String) -> Substring.UTF8View {
    script[...].utf8.dropFirst(hasByteOrderMark(script) ? byteOrderMark.count : 0)
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
