import AgentProtocol
import Glibc
import JobLaunch
import JobLedger
import Logging
import SystemCalls

extension Jobs {
  /// Answers with the file of one of the job's streams, opened for reading. If the client follows a waiting job, answers when it starts.
  func openOutput(_ id: JobID, _ stream: OutputStream, follow: Bool, _ request: ClientRequest) {
    ledger.afterwards { [weak self] _ in
      guard let self, request.isOpen else { return }
      do throws(Problem) {
        let status = try knownStatus(id, for: request)
        try checkKept(stream, of: id)
        if follow, !status.state.isFinal, running[id]?.job == nil { return startWaiters.add(request, for: id) }
        answerOutput(status, stream, follow: follow && !status.state.isFinal, request)
      } catch {
        request.answer(.problem(error))
      }
    }
  }

  /// Answers requests for the output of a job that were kept until it ran or was certain never to run.
  func answerStartWaiters(of id: JobID) {
    for request in startWaiters.take(id) { request.command.row.handler(self, request) }
  }

  /// Refuses a stream that the job does not have.
  private func checkKept(_ stream: OutputStream, of id: JobID) throws(Problem) {
    guard stream == .stderr else { return }
    let request: JobRequest?
    do throws(LedgerError) { request = try ledger.request(of: id) } catch { throw logged(error) }
    guard request?.stderr == .separate else {
      throw Problem(
        .notFound, "job \(id) has no separate stderr: it was submitted without \"stderr\": \"separate\"")
    }
  }

  private func answerOutput(_ status: JobStatus, _ stream: OutputStream, follow: Bool, _ request: ClientRequest) {
    do throws(SystemError) {
      let output = try openOutputFile(status.id, stream)
      let path = launcher.outputPath(of: status.id, stream)
      var watch: Int32?
      if follow, let inotify = request.inotify { watch = try outputWatches.add(status.id, path, on: inotify) }
      request.answer(.output(status, watch: watch), descriptors: [output])
    } catch {
      log.logger.error("output cannot be opened: \(error)", metadata: ["job": "\(status.id)"])
      // Descriptors become free again: the client may retry, and does so automatically.
      let kind: ProblemKind = [EMFILE, ENFILE].contains(error.code) ? .unavailable : .fault
      request.answer(.problem(Problem(kind, "the output of job \(status.id) cannot be opened: \(error.reason)")))
    }
  }

  // A job that never started has written nothing.
  private func openOutputFile(_ id: JobID, _ stream: OutputStream) throws(SystemError) -> FileDescriptor {
    do throws(SystemError) { return try launcher.openOutput(of: id, stream) } catch  where error.code == ENOENT {
      return try FileDescriptor.open("/dev/null", O_RDONLY)
    }
  }
}
