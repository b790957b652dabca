import CLinux
import Glibc
import Sandbox
import SupervisorLink
import Synchronization
import SystemCalls

/// A question sent to the resolver.
struct NumberedLookUp: Codable {
  let number: UInt64
  let question: LookUp
}

/// The answer to a `NumberedLookUp`.
struct NumberedFound: Codable {
  let number: UInt64
  let found: Found
}

/// The process that looks up users and groups for the supervisor.
///
/// Modules of the name service wait for remote directories, run third-party code, and cannot be interrupted. Each look-up has its own
/// thread, so that a slow one does not delay others.
public enum ResolverProcess {
  /// The maximum number of concurrent questions; the supervisor sends no more.
  static let mostAtATime = 32
  /// The first argument that makes agentd's executable run as the resolver, and its title in ps(1).
  public static let title = "agentd: resolver"

  /// Answers questions until the supervisor has gone. Blocks the calling thread, which must be the only one.
  ///
  /// - Parameters:
  ///   - socket: this process's end of a stream socket.
  ///   - identity: the numeric user and group IDs to switch to; empty to keep the present ones.
  /// - Returns: the exit code, as in sysexits(3). Threads may still run, so call _exit(2) next.
  public static func run(socket: FileDescriptor, as identity: [String]) -> Int32 {
    let isForRoot = geteuid() == 0
    if identity.count == 2, let user = uid_t(identity[0]), let group = gid_t(identity[1]) {
      do throws(SystemError) { try become(user, group) } catch { return EX_OSERR }
    }
    for number in [SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE] { signal(number, SIG_IGN) }
    clinux_set_name("agentd-resolver")
    _ = clinux_forbid_dumps()
    _ = Confinement.resolver.enter()
    let writer = Mutex(LinkWriter<NumberedFound>(socket))
    var reader = LinkReader<NumberedLookUp>(socket)
    do {
      while try reader.receive() != .ended {
        while let (asked, _) = try reader.next() {
          let answer: @Sendable () -> Void = {
            let found = asked.question.answer(forRoot: isForRoot)
            writer.withLock { writer in
              guard (try? writer.enqueue(NumberedFound(number: asked.number, found: found))) != nil else { return }
              _ = try? writer.flush()
            }
          }
          // Without room for another thread this one looks it up, and the next questions wait.
          do throws(SystemError) { try DetachedThread.start(answer) } catch { answer() }
        }
      }
      return EXIT_SUCCESS
    } catch {
      return EX_OSERR
    }
  }
}
