import COpenSSL

/// A fault that gives a name different meanings for different readers.
package enum NameFault: Hashable, Sendable {
  /// A NUL character within a name, at which other software may stop reading.
  case embeddedNUL
  /// A name that is not valid in its own encoding, for example overlong UTF-8.
  case brokenEncoding
}

extension Certificate {
  /// The first fault of the subject and the alternative names; `nil` if there is none.
  package var nameFault: NameFault? {
    let name = X509_get_subject_name(pointer)
    for index in 0..<X509_NAME_entry_count(name) {
      guard let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)),
        let text = ASN1Text.strictUTF8(value)
      else { return .brokenEncoding }
      if text.contains("\0") { return .embeddedNUL }
    }
    let alternatives = subjectAlternativeNames
    if alternatives.contains(where: { $0.value.contains("\0") }) { return .embeddedNUL }
    // These forms are IA5String, which is ASCII.
    if alternatives.contains(where: { !$0.value.utf8.allSatisfy { $0 < 0x80 } }) { return .brokenEncoding }
    return nil
  }
}

extension ASN1Text {
  /// Returns the text, or `nil` if the bytes are not valid in the string's declared encoding.
  static func strictUTF8(_ string: UnsafePointer<ASN1_STRING>) -> String? {
    var buffer: UnsafeMutablePointer<UInt8>?
    let count = ASN1_STRING_to_UTF8(&buffer, string)
    guard count >= 0, let buffer else {
      ERR_clear_error()
      return nil
    }
    defer { CRYPTO_free(buffer, #file, #line) }
    return String(validating: UnsafeBufferPointer(start: buffer, count: Int(count)), as: UTF8.self)
  }
}
