import Glibc
import SystemCalls

/// What a process with a role is told before all else, in one pipe that it reads to the end: whose it is, and whom it becomes.
///
/// Two lines of text. The first is the build, and stays so in all versions, so that each can tell the others from itself; the second
/// has user, group (`-` for both: it stays who it is), descriptors and parent.
public struct RoleOrder: Equatable, Sendable {
  /// The most bytes of one.
  private static let limit = 256

  /// A user and a group, by their numbers.
  public struct Account: Equatable, Sendable {
    /// The user's.
    public let user: uid_t
    /// The group's.
    public let group: gid_t

    public init(user: uid_t, group: gid_t) {
      self.user = user
      self.group = group
    }
  }

  /// Whom it becomes; `nil` to stay who it is.
  public let account: Account?
  /// How many descriptors it may have open, as far as the system lets it.
  public let descriptorLimit: Int
  /// The supervisor, without whom it ends.
  public let parent: pid_t

  public init(account: Account?, descriptorLimit: Int, parent: pid_t) {
    self.account = account
    self.descriptorLimit = descriptorLimit
    self.parent = parent
  }

  /// What cannot be taken for an order.
  public enum Fault: Error, Equatable {
    /// Another build of agentd wrote it.
    case otherBuild
    /// It is none.
    case unreadable
  }

  /// The order as text.
  public func text(build: String = Build.identity) -> String {
    let account = account.map { "\($0.user) \($0.group)" } ?? "- -"
    return "\(build)\n\(account) \(descriptorLimit) \(parent)\n"
  }

  /// Reads the text.
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

  /// A pipe with the order in it, to be read by the process.
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
