import COpenSSL

/// X.509 names as text.
enum DistinguishedName {
  /// Returns a name as in RFC 4514: the most specific part first, in UTF-8, with control and special characters escaped.
  static func text(_ name: OpaquePointer?) -> String {
    guard let name, let bio = try? MemoryBIO() else { return "" }
    guard X509_NAME_print_ex(bio.pointer, name, 0, cssl_name_flags) >= 0 else {
      ERR_clear_error()
      return "(unreadable name)"
    }
    return escaped(bio.text())
  }

  /// Escapes what OpenSSL does not and what may mislead a terminal or a reader.
  ///
  /// These are control characters above U+007F, and invisible ones such as those that change the writing direction.
  private static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        for byte in String(scalar).utf8 { result += "\\" + Hexadecimal.text([byte]).uppercased() }
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  /// Returns the values of all common names in UTF-8, in order; NUL and control characters are kept.
  static func commonNames(_ name: OpaquePointer?) -> [String] { values(NID_commonName, of: name) }

  /// Returns the values of all attributes of one kind in UTF-8, in order; NUL and control characters are kept.
  static func values(_ kind: Int32, of name: OpaquePointer?) -> [String] {
    var names: [String] = []
    var index = X509_NAME_get_index_by_NID(name, kind, -1)
    while index >= 0 {
      let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))
      if let value { names.append(ASN1Text.utf8(value)) }
      index = X509_NAME_get_index_by_NID(name, kind, index)
    }
    return names
  }

  /// Adds a common name of 1 to 64 characters (ub-common-name).
  static func add(commonName: String, to name: OpaquePointer?, _ operation: String) throws(OpenSSLError) {
    let bytes = Array(commonName.utf8)
    guard (1...64).contains(commonName.unicodeScalars.count), bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw .own(operation, "a common name has 1 to 64 characters and no control character")
    }
    // PrintableString if it suffices, UTF8String otherwise: what CAs commonly issue.
    let type = bytes.allSatisfy { $0 < 0x80 } ? MBSTRING_ASC : MBSTRING_UTF8
    try checked(
      operation, X509_NAME_add_entry_by_NID(name, NID_commonName, type, bytes, Int32(bytes.count), -1, 0))
  }
}

/// ASN.1 strings and numbers as text.
enum ASN1Text {
  static func utf8(_ string: UnsafePointer<ASN1_STRING>) -> String { strictUTF8(string) ?? "(unreadable text)" }

  static func bytes(_ string: UnsafePointer<ASN1_STRING>) -> [UInt8] {
    Array(UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(max(ASN1_STRING_length(string), 0))))
  }

  /// Returns a whole number in lower-case hex digits, in pairs and at least one pair; with a leading `-` if negative.
  static func hexadecimal(_ number: UnsafePointer<ASN1_INTEGER>) -> String {
    let digits = Hexadecimal.text(bytes(number))
    return (ASN1_STRING_type(number) == V_ASN1_NEG_INTEGER ? "-" : "") + (digits.isEmpty ? "00" : digits)
  }

  /// Returns seconds since 1970-01-01T00:00:00Z; `nil` if the time is absent or malformed.
  static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    var broken = tm()
    guard let time, ASN1_TIME_to_tm(time, &broken) == 1 else {
      ERR_clear_error()
      return nil
    }
    return Int64(timegm(&broken))
  }
}
