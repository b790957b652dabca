import CLinux

/// The heap of this process.
public enum Heap {
  /// Returns free memory to the kernel, including that between allocations in use (malloc_trim(3)). Takes about ten milliseconds for a few
  /// hundred megabytes.
  public static func giveBack() { malloc_trim(0) }
}
