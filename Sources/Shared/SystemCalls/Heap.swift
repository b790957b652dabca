import CLinux

/// The heap of this process.
public enum Heap {
  /// Gives back to the kernel what is free in it, also between pieces that are in use (malloc_trim(3)); some ten milliseconds
  /// for a few hundred megabytes.
  public static func giveBack() { malloc_trim(0) }
}
