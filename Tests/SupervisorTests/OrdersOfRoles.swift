import Glibc
import SupervisorLink
import SystemCalls
import TestSupport
import Testing

/// The order to a process with a role is read as written, and nothing else is accepted as an order.
struct OrdersOfRoles {
  @Test(arguments: [nil, RoleOrder.Account(user: 65534, group: 65533), .init(user: .max - 1, group: 0)])
  func anOrderIsReadAsItWasWritten(account: RoleOrder.Account?) throws {
    let order = RoleOrder(account: account, descriptorLimit: 16, parent: 4711)
    #expect(try RoleOrder(Array(order.text().utf8)) == order)
  }

  @Test(arguments: [
    "", "\n", "1 2 3 4", "BUILD", "BUILD\n", "BUILD\n1 2 3\n", "BUILD\n1 2 3 4 5\n", "BUILD\n- 2 3 4\n",
    "BUILD\n1 - 3 4\n",
    "BUILD\n-1 2 3 4\n", "BUILD\n4294967296 2 3 4\n", "BUILD\n1 2 x 4\n", "BUILD\n1 2 3 4294967296\n",
  ])
  func nothingElseIsOne(text: String) {
    let fault: RoleOrder.Fault = text.hasPrefix("BUILD") || !text.hasSuffix("\n") ? .unreadable : .otherBuild
    #expect(throws: fault) { try RoleOrder(Array(text.utf8), build: "BUILD") }
  }

  @Test(arguments: ["agentd 0.0.9 with link contract 1", "agentd", "\(Build.identity)0"])
  func anOrderOfAnotherBuildIsToldByItsFirstLine(build: String) {
    let text = RoleOrder(account: nil, descriptorLimit: 16, parent: 1).text(build: build)
    #expect(throws: RoleOrder.Fault.otherBuild) { try RoleOrder(Array(text.utf8)) }
    // Whatever follows the build.
    #expect(throws: RoleOrder.Fault.otherBuild) { try RoleOrder(Array("\(build)\n{}\n".utf8)) }
  }

  @Test(arguments: ["agentd: listener", "agentd: signer"])
  func theProgramEndsAtAnOrderOfAnotherBuild(role: String) throws {
    let order = RoleOrder(account: nil, descriptorLimit: 16, parent: getpid())
    #expect(try end(role, order.pipe(build: "agentd 0.0.9 with link contract 1")) == .exited(Build.otherBuildExit))
  }

  @Test(arguments: ["agentd: listener", "agentd: signer", "agentd-network", "agentd: other"])
  func theProgramIsOfNoUseByHand(title: String) throws {
    #expect(try end(title, nil) == .exited(EX_USAGE))
  }

  @Test func itEndsWhereItsParentIsGone() throws {
    let order = RoleOrder(account: nil, descriptorLimit: 16, parent: getppid())
    #expect(try end("agentd: signer", order.pipe()) == .exited(EX_OSERR))
  }

  /// Returns how the program ends when started like this; its socket stays open.
  private func end(_ title: String, _ order: FileDescriptor?) throws -> ProcessEnd {
    let (ours, theirs) = try FileDescriptor.socketPair()
    defer { ours.close() }
    var program = Program(
      try BuiltProduct.path("agentd-network"), arguments: [title], descriptors: [nil, nil, nil, theirs, order])
    program.environment = []
    let process = try program.start()
    var status: Int32 = 0
    try checked("waitpid") { waitpid(process.processID, &status, 0) }
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
  }
}
