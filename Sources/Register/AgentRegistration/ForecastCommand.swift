import AgentProtocol
import CertificateImport
import Console
import Forecast
import OpenSSL
import Values
import Wording

extension Registration {
  /// Reports what will break first in the store, or for recently seen clients, by a given time: `-V --at TIME`.
  ///
  /// - Parameter time: a time, or a date, which means its first second; not in the past.
  public func forecast(at time: String) throws -> Report {
    let moment = try Self.moment(time)
    let present = Timestamp(seconds: now)
    if moment < present {
      throw CommandError(
        .usage, "--at: \(moment.short) is in the past; to check one client for that time, name its file: -V FILE --at")
    }
    let clients = recent(try seenClients())
    let forecast = try Forecast(of: try judgedStore(try catalog()), clients: clients, from: now)
    let broken = forecast.breakages(by: moment)
    var report: Report
    if invocation.json {
      report = try Report(
        json: ForecastDescription(at: moment, broken: broken, next: forecast.breakages.first, clients: clients.count))
    } else {
      let judged = "store and \(counted(clients.count, "client")) of the last 30 days"
      report = Report(lines: lines(broken, forecast.breakages.first, by: moment, judged), warnings: otherStoreWarning)
    }
    report.status = broken.isEmpty ? .success : .configuration
    return report
  }

  private func lines(_ broken: [Breakage], _ next: Breakage?, by moment: Timestamp, _ judged: String) -> [String] {
    guard let first = broken.first else {
      let later = next.map { "the first thing breaks \(text($0))" } ?? "nothing breaks later either"
      return ["nothing breaks until \(moment.short) (\(judged)); \(later)"]
    }
    let more = broken.count == 1 ? [] : ["\(broken.count - 1) more until \(moment.short); all of them with --json"]
    return ["breaks \(text(first))"] + more
  }

  private func text(_ breakage: Breakage) -> String { breakage.text(from: Timestamp(seconds: now)) }
}

/// The output of `-V --at TIME --json`.
private struct ForecastDescription: Encodable {
  let at: Timestamp
  let sound: Bool
  /// The number of clients checked.
  let clients: Int
  /// What breaks by then, in order of time.
  let breakages: [Breakage]
  /// The first breakage at any time.
  let first: Breakage?

  init(at moment: Timestamp, broken: [Breakage], next: Breakage?, clients: Int) {
    at = moment
    sound = broken.isEmpty
    self.clients = clients
    breakages = broken
    first = next
  }
}
