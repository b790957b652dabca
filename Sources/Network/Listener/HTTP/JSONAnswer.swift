import FoundationEssentials
import NIOCore

/// JSON as in answers: compact, keys in a stable order, with a newline at the end.
enum JSONAnswer {
  static func makeEncoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  static func encode(_ value: some Encodable) throws(RequestRefusal) -> ByteBuffer {
    let json: Data
    do { json = try makeEncoder().encode(value) } catch {
      throw RequestRefusal(.fault, "the answer cannot be written as JSON")
    }
    var buffer = ByteBufferAllocator().buffer(capacity: json.count + 1)
    buffer.writeBytes(json)
    buffer.writeInteger(UInt8(ascii: "\n"))
    return buffer
  }
}
