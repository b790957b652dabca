import CLinux
import Glibc

/// The arguments of this process as bytes. `CommandLine.arguments` would replace what is not UTF-8 by other characters.
public enum ProgramArguments {
  /// Ends the process with a message if an argument is not UTF-8.
  ///
  /// Everything that an argument can become here is text: names in certificates and JSON, and the paths in messages.
  public static func requireText(for program: String) {
    guard let index = (1..<max(1, clinux_argument_count())).first(where: { text(at: $0) == nil }) else { return }
    let bytes = clinux_argument(index).map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } ?? []
    let shown = bytes.prefix(64).map { byte in
      (0x20...0x7e).contains(byte)
        ? String(Unicode.Scalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    let line = "\(program): argument \(index) is not UTF-8: \(shown.joined())\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(EX_USAGE)
  }

  private static func text(at index: Int32) -> String? {
    clinux_argument(index).flatMap { String(validatingCString: $0) }
  }
}
