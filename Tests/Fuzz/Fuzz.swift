import Glibc
import SystemCalls
import TestSupport

/// `agentd-fuzz TARGET [ARGUMENT...]`: runs libFuzzer on a target, with the target's own seeds and words. The arguments are libFuzzer's:
/// options, a folder for the corpus, or files to try again. Without a target, lists the targets.
@main
struct Fuzz {
  static func main() throws {
    guard CommandLine.arguments.count > 1 else { return print(targets.map(\.name).joined(separator: "\n")) }
    guard let target = targets.first(where: { $0.name == CommandLine.arguments[1] }) else {
      fatalError("there is no target \(CommandLine.arguments[1])")
    }
    let folder = try TemporaryFolder()
    Run.start(target, scratch: folder)
    // libFuzzer ends with exit(3).
    atexit { Run.removeScratch() }
    let options = try options(for: target, in: folder)
    var arguments =
      ([CommandLine.arguments[0]] + options + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
    var count = CInt(arguments.count - 1)
    exit(
      arguments.withUnsafeMutableBufferPointer { arguments in
        var first = arguments.baseAddress!
        return runDriver(&count, &first) { Run.one(UnsafeRawBufferPointer(start: $0, count: $1)) }
      })
  }

  private static func options(for target: FuzzTarget, in folder: TemporaryFolder) throws -> [String] {
    let seeds = try target.seeds().enumerated().map { try folder.write("seed-\($0.offset)", $0.element) }
    // libFuzzer does not accept an empty dictionary.
    let words = (target.words + ["\0"]).map { "\"\($0.utf8.map(quoted).joined())\"\n" }.joined()
    let list = try folder.write("seeds", seeds.joined(separator: ","))
    let dictionary = try folder.write("words", words)
    // No leak detection: objects referenced only from a Swift string or enum look leaked. Real leaks show in the memory limit.
    return ["-max_len=\(target.maximumBytes)", "-dict=\(dictionary)", "-seed_inputs=@\(list)", "-detect_leaks=0"]
  }

  private static func quoted(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "\\x\(digits.utf8.count == 1 ? "0" : "")\(digits)"
  }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
