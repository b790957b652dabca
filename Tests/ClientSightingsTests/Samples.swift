import AgentProtocol
import Values

/// A numbered client whose certificate is not valid: nothing here parses it.
func client(_ number: Int, root: Int = 0, certificates: [String] = ["MAoA"]) -> AdmittedClient {
  AdmittedClient(thumbprint: thumbprint(number), root: thumbprint(root), certificates: certificates)!
}

func thumbprint(_ number: Int) -> Thumbprint {
  let digits = String(number, radix: 16)
  return Thumbprint(String(repeating: "0", count: 64 - digits.count) + digits)!
}
