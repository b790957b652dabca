import OpenSSL

extension PathFinding {
  /// Whether the objection does not refuse a client.
  ///
  /// X509_V_FLAG_X509_STRICT adds four formal requirements that RFC 5280 has for CAs but few CAs made by hand meet: subject and authority
  /// key identifiers, `critical` on basic constraints, and a key usage in CA certificates (`openssl req -x509` made roots without one for
  /// years). Signatures and CA flags are still checked. All other objections refuse, such as a path length without CA, explicit curve
  /// parameters, an empty issuer name, extensions in a certificate before version 3, or two different algorithms for one signature.
  var isTolerated: Bool { fault == .tolerableForm }
}
