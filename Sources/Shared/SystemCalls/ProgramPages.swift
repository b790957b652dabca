import CLinux
import Glibc

/// The pages of code, of the program and its libraries, that this process has mapped.
///
/// The kernel maps sixteen at a time around each that is touched, and the start touches nearly all: most of an idle process's
/// memory, as far as it counts, is code that only its start needed.
public enum ProgramPages {
  /// How long a process has nothing to do before it gives them back: longer than a scheduler lets pass between two looks.
  public static let quietTime = 60

  /// Gives all of them back. What is executed next comes from the page cache again, or from the file.
  ///
  /// They are read-only and the file's own, so nothing is lost: no relocation is ever written into code.
  ///
  /// - Returns: how many parts of the memory were given back.
  @discardableResult
  public static func giveBack() -> Int {
    var ranges = [clinux_range](repeating: clinux_range(), count: 64)
    let count = clinux_executable_segments(&ranges, ranges.count)
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    return ranges.prefix(count).count { range in
      let start = range.start / page * page
      // Of a part that cannot be given back, such as the kernel's own, nothing is wanted.
      return madvise(UnsafeMutableRawPointer(bitPattern: UInt(start)), range.start + range.size - start, MADV_DONTNEED)
        == 0
    }
  }
}
