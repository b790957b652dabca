import Glibc

/// A C string array: an array of pointers that ends with NULL. It owns both the array and the strings.
public struct CStringArray: ~Copyable {
  private let strings: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

  /// Copies `strings`, which must not contain NUL.
  public init(_ strings: [some Collection<UInt8>]) {
    let array = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() {
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
      for (offset, byte) in string.enumerated() { (copy + offset).initialize(to: CChar(bitPattern: byte)) }
      (copy + string.count).initialize(to: 0)
      array.initializeElement(at: index, to: copy)
    }
    array.initializeElement(at: strings.count, to: nil)
    self.strings = array
  }

  /// The array; valid for as long as this value.
  public var pointer: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(strings.baseAddress!) }

  deinit {
    for string in strings { string?.deallocate() }
    strings.deallocate()
  }
}
