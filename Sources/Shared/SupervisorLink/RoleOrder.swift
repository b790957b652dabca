import Glibc
import SystemCalls

/// The first information that a process with a role reads, from a pipe, to its end: who started it and which user to become.
///
/// Two lines of text. The first is the build; it keeps this form in all versions, so that each recognises the others. The second has user,
/// group (`-` for both: no change), descriptor limit and parent.
public struct RoleOrder: Equatable, Sendable {
  /// The maximum size of an order, in bytes.
  private static let limit = 256

  /// A user ID and a group ID.
  public struct Account: Equatable, Sendable {
    /// The user ID.
    public let user: uid_t
    /// The group ID.
    public let group: gid_t

    public init(user: uid_t, group: gid_t) {
      self.user = user
      self.group = group
    }
  }

  /// The user and group to become; `nil` for no change.
  public let account: Account?
  /// The maximum number of open descriptors, as far as the system permits.
  public let descriptorLimit: Int
  /// The supervisor; the process exits when it is gone.
  public let parent: pid_t

  public init(account: Account?, descriptorLimit: Int, parent: pid_t) {
    self.account = account
    self.descriptorLimit = descriptorLimit
    self.parent = parent
  }

  /// The reasons why bytes are not accepted as an order.
  public enum Fault: Error, Equatable {
    /// Another build of agentd wrote it.
    case otherBuild
    /// It is not an order.
    case unreadable
  }

  /// Returns the order as text.
  public func text(build: String = Build.identity) -> String {
    let account = account.map { "\($0.user) \($0.group)" } ?? "- -"
    return "\(build)\n\(account) \(descriptorLimit) \(parent)\n"
  }

  /// Parses the text of an order.
  public init(_ bytes: [UInt8], build: String = Build.identity) throws(Fault) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.count >= 2 else { throw .unreadable }
    guard lines[0].elementsEqual(build.utf8) else { throw .otherBuild }
    let words = lines[1].split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    guard words.count == 4, let limit = Int(words[2]), let parent = pid_t(words[3]) else { throw .unreadable }
    if words[0] == "-", words[1] == "-" {
      account = nil
    } else {
      guard let user = uid_t(words[0]), let group = gid_t(words[1]) else { throw .unreadable }
      account = Account(user: user, group: group)
    }
    (descriptorLimit, self.parent) = (limit, parent)
  }

  /// Returns a pipe that contains the order, for the process to read.
  public func pipe(build: String = Build.identity) throws(SystemError) -> FileDescriptor {
    let ends = try FileDescriptor.pipe()
    try ends.write.writeAll(text(build: build).utf8)
    return ends.read
  }

  /// Reads the order that this process was started with, and closes the pipe.
  public static func take() throws(Fault) -> RoleOrder {
    let pipe = FileDescriptor(owning: Role.order)
    guard let bytes = try? pipe.readAll(limit: limit) else { throw .unreadable }
    return try RoleOrder(bytes)
  }
}
