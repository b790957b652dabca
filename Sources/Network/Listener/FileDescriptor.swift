import SystemCalls

/// The owning descriptor; NIOCore has a protocol with the same name.
typealias FileDescriptor = SystemCalls.FileDescriptor
