import CLinux
import Glibc

/// The pages of code, constants and data, of the program and its libraries, that are mapped in this process.
///
/// The kernel maps sixteen pages around each one that is touched, and startup touches nearly all: most of an idle process's accounted
/// memory is what only its startup needed.
public enum ProgramPages {
  /// How long a process must be idle before it releases them, in seconds: longer than the polling interval of a scheduler.
  public static let quietTime = 60
  /// How long after its start a process releases what only the start needed, in seconds.
  public static let startTime = 1

  /// MADV_PAGEOUT, which the headers of Debian 12 do not show to Swift: releases unchanged pages of the file's owner, that is root's.
  private static let pageOut: Int32 = 21

  /// Releases all of these pages. What is used later is mapped again from the page cache, or read from the file.
  ///
  /// Nothing is lost: read-only segments are backed by the file, and of the others only unchanged pages are released.
  ///
  /// - Returns: the number of memory ranges that were released.
  @discardableResult
  public static func giveBack() -> Int {
    var ranges = [clinux_range](repeating: clinux_range(), count: 128)
    let count = clinux_program_segments(&ranges, ranges.count)
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    return ranges.prefix(count).count { range in
      let start = range.start / page * page
      // Ignores failures for ranges that cannot be released, such as the kernel's own. Changed data stays, or goes to swap if there is any.
      let advice = range.is_writable ? pageOut : MADV_DONTNEED
      return madvise(UnsafeMutableRawPointer(bitPattern: UInt(start)), range.start + range.size - start, advice) == 0
    }
  }
}
