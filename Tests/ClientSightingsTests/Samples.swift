import AgentProtocol
import Values

/// A client of a number, of no certificate that anybody could read: nobody here does.
func client(_ number: Int, root: Int = 0, certificates: [String] = ["MAoA"]) -> AdmittedClient {
  AdmittedClient(thumbprint: thumbprint(number), root: thumbprint(root), certificates: certificates)!
}

func thumbprint(_ number: Int) -> Thumbprint {
  let digits = String(number, radix: 16)
  return Thumbprint(String(repeating: "0", count: 64 - digits.count) + digits)!
}
