import Glibc
import NIOCore
import NIOPosix
import Synchronization
import SystemCalls

/// Tells followers that their file has grown.
///
/// The supervisor adds the inotify(7) watches, because it knows the paths; this class reads the events.
final class OutputWatcher: Sendable {
  private struct Registry {
    var next: UInt64 = 0
    var followers: [Int32: [UInt64: Follower]] = [:]
  }

  /// One request's interest in one watch, until `cancel`.
  struct Watch: Sendable {
    fileprivate let descriptor: Int32
    fileprivate let number: UInt64
  }

  private let registry = Mutex(Registry())

  /// Calls `wake` on `loop` each time the file grows; growth in quick succession may cause only one call.
  func watch(_ descriptor: Int32, on loop: any EventLoop, wake: @escaping @Sendable () -> Void) -> Watch {
    registry.withLock { registry in
      registry.next += 1
      registry.followers[descriptor, default: [:]][registry.next] = Follower(loop, wake)
      return Watch(descriptor: descriptor, number: registry.next)
    }
  }

  /// Removes the follower of `watch`.
  func cancel(_ watch: Watch) {
    registry.withLock { registry in
      registry.followers[watch.descriptor]?.removeValue(forKey: watch.number)
      if registry.followers[watch.descriptor]?.isEmpty == true {
        registry.followers.removeValue(forKey: watch.descriptor)
      }
    }
  }

  /// The number of followers.
  var count: Int { registry.withLock { $0.followers.values.reduce(0) { $0 + $1.count } } }

  /// Reads events from `inotify` until the channel is closed.
  func start(_ inotify: FileDescriptor, on group: any EventLoopGroup) -> EventLoopFuture<any Channel> {
    NIOPipeBootstrap(group: group)
      // read(2) of an inotify descriptor fails if the buffer does not hold one event with the longest name.
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(InotifyHandler(self))
        }
      }
      .takingOwnershipOfDescriptor(input: inotify.release())
  }

  /// Wakes the followers of `descriptor`; all followers if it is -1, with which the kernel reports lost events.
  fileprivate func tell(_ descriptor: Int32) {
    let woken = registry.withLock { registry in
      descriptor == -1
        ? registry.followers.values.flatMap(\.values) : registry.followers[descriptor].map { Array($0.values) } ?? []
    }
    for follower in woken { follower.tell() }
  }
}

private final class Follower: Sendable {
  private let loop: any EventLoop
  private let wake: @Sendable () -> Void
  private let isTold = Atomic(false)

  init(_ loop: any EventLoop, _ wake: @escaping @Sendable () -> Void) {
    self.loop = loop
    self.wake = wake
  }

  func tell() {
    if isTold.exchange(true, ordering: .acquiringAndReleasing) { return }
    loop.execute {
      self.isTold.store(false, ordering: .releasing)
      self.wake()
    }
  }
}

/// Parses inotify events; struct inotify_event in inotify(7).
private final class InotifyHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let watcher: OutputWatcher

  init(_ watcher: OutputWatcher) {
    self.watcher = watcher
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var events = Self.unwrapInboundIn(data)
    var told: Int32?
    while let (descriptor, _, _, nameLength) = events.readMultipleIntegers(
      endianness: .host, as: (Int32, UInt32, UInt32, UInt32).self)
    {
      events.moveReaderIndex(forwardBy: min(Int(nameLength), events.readableBytes))
      // A job that writes a lot causes runs of events for the same watch.
      if descriptor != told { watcher.tell(descriptor) }
      told = descriptor
    }
  }
}
