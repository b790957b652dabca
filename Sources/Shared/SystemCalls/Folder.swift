import Glibc

/// Creating and listing folders.
public enum Folder {
  /// Creates `path` and missing parent folders; new folders get `mode`, regardless of the umask.
  public static func make(_ path: String, mode: mode_t) throws(SystemError) {
    if mkdir(path, mode) == 0 {
      try checked("chmod", path) { chmod(path, mode) }
      return
    }
    switch errno {
    case EEXIST:
      var status = stat()
      try checked("stat", path) { stat(path, &status) }
      if status.st_mode & S_IFMT != S_IFDIR { throw SystemError("mkdir", path, code: ENOTDIR) }
    case ENOENT where path.contains("/") && Path.folder(of: path) != path:
      try make(Path.folder(of: path), mode: mode)
      try make(path, mode: mode)
    default:
      throw SystemError.last("mkdir", path)
    }
  }

  /// Returns the names in a folder, sorted, without `.` and `..`.
  public static func names(in path: String) throws(SystemError) -> [String] {
    guard let stream = opendir(path) else { throw SystemError.last("opendir", path) }
    return names(from: stream)
  }

  /// Returns the names in an open folder, sorted, without `.` and `..`.
  public static func names(in folder: FileDescriptor) throws(SystemError) -> [String] {
    names(from: try stream(of: folder))
  }

  private static func names(from stream: OpaquePointer) -> [String] {
    defer { closedir(stream) }
    var names: [String] = []
    while let name = nextName(stream) { names.append(name) }
    return names.sorted()
  }

  fileprivate static func nextName(_ stream: OpaquePointer) -> String? {
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { return name }
    }
    return nil
  }

  fileprivate static func stream(of folder: FileDescriptor) throws(SystemError) -> OpaquePointer {
    // Reopened, because listing moves the file offset and closing the stream closes its descriptor.
    let raw = try folder.open(".", O_RDONLY | O_DIRECTORY).release()
    guard let stream = fdopendir(raw) else {
      close(raw)
      throw SystemError.last("fdopendir")
    }
    return stream
  }
}

/// The names in a folder, read in batches, in the order of the file system. Names added or removed meanwhile may be missing.
public final class FolderReader {
  private let stream: OpaquePointer

  /// Starts to read an open folder, which may be closed afterwards.
  public init(_ folder: FileDescriptor) throws(SystemError) {
    stream = try Folder.stream(of: folder)
  }

  deinit { closedir(stream) }

  /// Returns the next names, at most `count`, without `.` and `..`; none at the end.
  public func next(_ count: Int) -> [String] {
    var names: [String] = []
    while names.count < count, let name = Folder.nextName(stream) { names.append(name) }
    return names
  }
}
