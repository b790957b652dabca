import AgentProtocol
import CertificateImport
import CertificateStore
import Console
import Glibc
import OpenSSL
import SystemCalls

extension Registration {
  /// Imports the contents of a file into the store: `-I FILE`.
  ///
  /// - Parameters:
  ///   - file: the file, or `-` for standard input.
  ///   - removeSource: whether to delete the file after success.
  public func importFile(_ file: String, password: PasswordSource, removeSource: Bool) throws -> Report {
    let name = file == SourceFile.standardInput ? "standard input" : file
    let source = removeSource ? try RemovableSource(file) : nil
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytesWithLists)
    let (bundle, plan): (Bundle, ImportPlan)
    do {
      bundle = try Bundle(contents.bytes, password: password.password)
      plan = try add(bundle)
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "\(name): \(refusal)")
    }
    var warnings = plan.warnings.map { "\(name): \($0)" } + otherStoreWarning
    if let source {
      warnings += try source.remove(contents.identity)
    } else if bundle.key != nil, let mode = contents.mode {
      warnings.append(keyWarning(file, mode, isUnprotected: bundle.isKeyUnprotected))
    }
    return try report(plan, name, warnings)
  }

  /// Adds a bundle to the store; if its certificate was requested here, adds the waiting key as well.
  func add(_ bundle: Bundle) throws -> ImportPlan {
    let (whole, isForRequest) = try completed(bundle)
    let plan = try CertificateImporter(store: store).add(whole, now: now)
    if isForRequest { try store.removeRequestKey() }
    return plan
  }

  private func keyWarning(_ file: String, _ mode: mode_t, isUnprotected: Bool) -> String {
    let readers = mode & 0o077 == 0 ? "" : "can be read by others (mode \(String(mode, radix: 8))) and "
    let protection = isUnprotected ? ", unencrypted" : ""
    return "\(file): \(readers)still holds the private key\(protection); delete it, or import with --remove-source"
  }

  private func report(_ plan: ImportPlan, _ name: String, _ warnings: [String]) throws -> Report {
    let inventory = Inventory(try catalog(), listener: try listenerConfiguration())
    let certificates = plan.entries.map { (entry: inventory.entry($0.certificate, $0.role), isNew: $0.isNew) }
    let lists = plan.revocationLists.map { (entry: inventory.entry($0), isNew: true) }
    let changed = plan.key != nil || (certificates + lists).contains { $0.isNew }
    let reload = changed ? RunningAgent(configuration).reloadAndWait(startedBy: agentCommand).line : nil
    if invocation.json { return try Report(json: (certificates + lists).map(\.entry), warnings: warnings) }
    var lines = [changed ? "imported \(name)" : "\(name): everything in it is already in the store"]
    for (entry, isNew) in certificates + lists {
      lines += [""] + entry.lines(remark: remark(entry, isNew), now: now)
    }
    return Report(lines: lines + [""] + next(plan, inventory, reload), warnings: warnings)
  }

  func remark(_ entry: StoreEntry, _ isNew: Bool) -> String? {
    switch (entry.role, isNew) {
    case ("root", true): "now trusted"
    case (_, true): nil
    case (_, false): entry.inUse ? "already there, in use" : "already there"
    }
  }

  /// Returns the next step, as a command to copy.
  private func next(_ plan: ImportPlan, _ inventory: Inventory, _ reload: String?) -> [String] {
    if let listener = plan.listener {
      let entry = inventory.entry(listener, .listener)
      if !entry.inUse { return ["next:", "  \(command("-L -t \(entry.sha256) -d none"))"] }
    } else if inventory.entries.allSatisfy({ !$0.hasKey }) {
      return ["next: import the listener's certificate and key:", "  \(command("-I FILE -q"))"]
    }
    return [reload ?? "nothing changed"]
  }
}
