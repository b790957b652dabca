import Glibc

/// Making and listing folders.
public enum Folder {
  /// Makes `path` and the folders above it where they are missing; those made get `mode`, whatever the umask.
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

  /// The names in a folder, sorted, without `.` and `..`.
  public static func names(in path: String) throws(SystemError) -> [String] {
    guard let stream = opendir(path) else { throw SystemError.last("opendir", path) }
    return names(from: stream)
  }

  /// The names in an open folder, sorted, without `.` and `..`.
  public static func names(in folder: FileDescriptor) throws(SystemError) -> [String] {
    // Opened anew, because listing moves the position of the description, and closing the stream closes its descriptor.
    let raw = try folder.open(".", O_RDONLY | O_DIRECTORY).release()
    guard let stream = fdopendir(raw) else {
      close(raw)
      throw SystemError.last("fdopendir")
    }
    return names(from: stream)
  }

  private static func names(from stream: OpaquePointer) -> [String] {
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
