import COpenSSL
import Glibc

/// OpenSSL's list of alternative names, built from `AlternativeName` values.
struct GeneralNames: ~Copyable {
  private let stack: OpaquePointer
  private static let operation = "write alternative name"

  init() throws(OpenSSLError) {
    stack = try checked(Self.operation, cssl_GENERAL_NAME_stack_new())
  }

  deinit { GENERAL_NAMES_free(stack) }

  func add(_ name: AlternativeName) throws(OpenSSLError) {
    let made = try Self.make(name)
    guard cssl_GENERAL_NAME_stack_push(stack, made) > 0 else {
      GENERAL_NAME_free(made)
      throw .take(Self.operation)
    }
  }

  var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(stack) }

  private static func make(_ name: AlternativeName) throws(OpenSSLError) -> UnsafeMutablePointer<GENERAL_NAME> {
    let (type, bytes) = try form(name)
    let value = try checked(
      operation, ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING))
    guard let made = GENERAL_NAME_new(), ASN1_STRING_set(value, bytes, Int32(bytes.count)) == 1 else {
      ASN1_STRING_free(value)
      throw .take(operation)
    }
    GENERAL_NAME_set0_value(made, type, value)
    return made
  }

  private static func form(_ name: AlternativeName) throws(OpenSSLError) -> (type: Int32, bytes: [UInt8]) {
    func text(_ type: Int32) throws(OpenSSLError) -> (Int32, [UInt8]) {
      let bytes = Array(name.value.utf8)
      guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        throw .own(operation, "\(name.description.debugDescription) has characters that are not allowed there")
      }
      return (type, bytes)
    }
    switch name {
    case .dns: return try text(GEN_DNS)
    case .email: return try text(GEN_EMAIL)
    case .uri: return try text(GEN_URI)
    case .address(let address):
      guard let bytes = addressBytes(address) else {
        throw .own(operation, "\(address.debugDescription) is not an IPv4 or IPv6 address")
      }
      return (GEN_IPADD, bytes)
    case .other: throw .own(operation, "a name of unknown type")
    }
  }

  private static func addressBytes(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }
}

/// OpenSSL's form of times.
enum ASN1Time {
  /// Calls `body` with a time, given in seconds since the epoch, that is valid during the call.
  static func with<Result>(
    _ seconds: Int64, _ body: (UnsafeMutablePointer<ASN1_TIME>) throws(OpenSSLError) -> Result
  ) throws(OpenSSLError) -> Result {
    // UTCTime until 2049, GeneralizedTime from 2050 on: RFC 5280 section 4.1.2.5.
    let time = try checked("write a time", ASN1_TIME_set(nil, time_t(seconds)))
    defer { ASN1_TIME_free(time) }
    return try body(time)
  }
}

/// OpenSSL's form of serial and list numbers.
enum SerialNumber {
  /// Calls `body` with the number of these bytes, most significant first; it is valid during the call.
  static func with<Result>(
    _ bytes: [UInt8], _ body: (UnsafeMutablePointer<ASN1_INTEGER>) throws(OpenSSLError) -> Result
  ) throws(OpenSSLError) -> Result {
    let number = try checked("write a number", BN_bin2bn(bytes, Int32(bytes.count), nil))
    defer { BN_free(number) }
    let encoded = try checked("write a number", BN_to_ASN1_INTEGER(number, nil))
    defer { ASN1_INTEGER_free(encoded) }
    return try body(encoded)
  }
}
