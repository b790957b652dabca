import AgentProtocol
import CertificateImport
import CertificateStore
import Console
import Glibc
import OpenSSL
import SystemCalls

extension Registration {
  /// `-I FILE`: makes the contents of a file part of the store.
  ///
  /// - Parameters:
  ///   - file: the file, or `-` for standard input.
  ///   - removeSource: delete the file after success.
  public func importFile(_ file: String, password: PasswordSource, removeSource: Bool) throws -> Report {
    let name = file == SourceFile.standardInput ? "standard input" : file
    if removeSource { try checkRemovable(file) }
    let contents = try SourceFile.read(file, limit: Bundle.maximumBytes)
    let (bundle, plan): (Bundle, ImportPlan)
    do {
      bundle = try Bundle(contents.bytes, password: password.password)
      plan = try add(bundle)
    } catch let refusal as ImportRefusal {
      throw CommandError(.data, "\(name): \(refusal)")
    }
    var warnings = plan.warnings.map { "\(name): \($0)" } + otherStoreWarning
    if removeSource {
      try remove(file)
    } else if bundle.key != nil, let mode = contents.mode {
      warnings.append(keyWarning(file, mode, isUnprotected: bundle.isKeyUnprotected))
    }
    return try report(plan, name, warnings)
  }

  /// Makes a bundle part of the store; that of a certificate that was requested here, with the key that waits for it.
  func add(_ bundle: Bundle) throws -> ImportPlan {
    let (whole, isForRequest) = try completed(bundle)
    let plan = try CertificateImporter(store: store).add(whole, now: now)
    if isForRequest { try store.removeRequestKey() }
    return plan
  }

  /// Learns before anything is changed whether the file can be deleted afterwards.
  private func checkRemovable(_ file: String) throws(CommandError) {
    if file == SourceFile.standardInput {
      throw CommandError(.usage, "--remove-source: standard input cannot be removed; name a file")
    }
    if access(Path.folder(of: file), W_OK | X_OK) != 0, errno != ENOENT {
      throw CommandError(
        .noPermission, "\(file): --remove-source cannot delete it: \(String(cString: strerror(errno)))")
    }
  }

  private func remove(_ file: String) throws(CommandError) {
    do throws(SystemError) { try DurableFile.remove(file) } catch {
      throw CommandError(
        .inputOutput, "\(file): was imported, but cannot be deleted: \(error.reason); delete it by hand")
    }
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
    let reload = changed ? RunningAgent(configuration).reload(startedBy: agentCommand) : nil
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

  /// What is to be done next, as a command to copy.
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
