import AgentProtocol
import SystemCalls
import TestSupport
import Testing

@testable import Listener

/// docs/openapi.yaml lists exactly the existing operations, parameters and problems.
struct OpenAPIDocument {
  private let lines: [Substring]

  init() throws {
    let bytes = try DurableFile.read("\(BuiltProduct.packageFolder)/docs/openapi.yaml", limit: 1 << 20)
    lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }

  /// For each operation id: `METHOD path` and the names of the query parameters.
  private var operations: [String: (request: String, parameters: [String])] {
    var operations: [String: (request: String, parameters: [String])] = [:]
    var (path, method, id) = ("", "", "")
    for line in lines {
      if line.hasPrefix("  /") { path = line.dropFirst(2).dropLast().description }
      if let match = line.wholeMatch(of: #/    (get|put|post|delete|patch|head|options|trace):/#) {
        method = match.1.uppercased()
      }
      if let match = line.wholeMatch(of: #/      operationId: (\w+)/#) {
        id = String(match.1)
        operations[id] = ("\(method) \(path)", [])
      }
      if let match = line.prefixMatch(of: #/        - \{ name: (\w+), in: query/#) {
        operations[id]?.parameters.append(String(match.1))
      }
    }
    return operations
  }

  @Test func namesTheOperations() {
    #expect(Set(operations.keys) == Set(Operation.allCases.map(\.rawValue)))
    for operation in Operation.allCases {
      let path = operation.path.map { "/\($0)" }.joined()
      #expect(operations[operation.rawValue]?.request == "\(operation.method.rawValue) \(path)")
      #expect(operations[operation.rawValue]?.parameters == operation.parameters)
    }
  }

  /// docs/problems.md has a section for each kind, with the kind's name as its link target.
  @Test func theProblemsAreExplained() throws {
    let bytes = try DurableFile.read("\(BuiltProduct.packageFolder)/docs/problems.md", limit: 1 << 20)
    let sections = String(decoding: bytes, as: UTF8.self).split(separator: "\n## ").dropFirst()
    #expect(sections.map { $0.prefix { $0 != "\n" }.description } == ProblemKind.allCases.map(\.rawValue))
    for (section, kind) in zip(sections, ProblemKind.allCases) {
      #expect(section.hasPrefix("\(kind.rawValue)\n\(kind.status), \"\(kind.title)\". "), "\(kind)")
    }
  }

  @Test func namesTheProblemsAndStates() {
    let items = lines.compactMap { $0.wholeMatch(of: #/ +- (\S+)/#).map { String($0.1) } }
    let problems = items.filter { $0.hasPrefix("/problems/") }
    #expect(problems.sorted() == ProblemKind.allCases.map { "/problems/\($0.rawValue)" }.sorted())
    #expect(Set(JobState.allCases.map(\.rawValue)).isSubset(of: items))
  }
}
