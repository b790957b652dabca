import SystemCalls

/// The owning descriptor; NIOCore has a protocol of the same name.
typealias FileDescriptor = SystemCalls.FileDescriptor
