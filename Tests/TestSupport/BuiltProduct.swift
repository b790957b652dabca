import Glibc
import SystemCalls

/// The programs of this package, from the build under test.
public enum BuiltProduct {
  /// Returns the absolute path of a program, which is next to the test bundle.
  ///
  /// - Throws: `SystemError` if it was not built: a missing program fails the test.
  public static func path(_ name: String) throws -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = try checked("readlink", "/proc/self/exe") { readlink("/proc/self/exe", &buffer, buffer.count) }
    let bundle = String(decoding: buffer[..<count], as: UTF8.self)
    let path = "\(Path.folder(of: bundle))/\(name)"
    try checked("access", path) { access(path, X_OK) }
    return path
  }

  /// The absolute path of the package's folder.
  public static var packageFolder: String {
    Path.folder(of: Path.folder(of: Path.folder(of: #filePath)))
  }
}
