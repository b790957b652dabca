import AgentProtocol
import Glibc
import JobLaunch
import Logging
import SystemCalls

extension Jobs {
  /// Answers with the job's output file, opened for reading. A follower of a job that waits is answered when it starts.
  func openOutput(_ id: JobID, follow: Bool, _ request: ClientRequest) {
    ledger.afterwards { [weak self] _ in
      guard let self, request.isOpen else { return }
      do throws(Problem) {
        let status = try knownStatus(id)
        if follow, !status.state.isFinal, running[id]?.job == nil { return startWaiters.add(request, for: id) }
        answerOutput(status, follow: follow && !status.state.isFinal, request)
      } catch {
        request.answer(.problem(error))
      }
    }
  }

  private func answerOutput(_ status: JobStatus, follow: Bool, _ request: ClientRequest) {
    do throws(SystemError) {
      let output = try openOutputFile(status.id)
      let path = launcher.outputPath(of: status.id)
      let watch = follow ? try outputWatches.add(status.id, path, on: request.inotify) : nil
      request.answer(.output(status, watch: watch), descriptors: [output])
    } catch {
      log.logger.error("output cannot be opened: \(error)", metadata: ["job": "\(status.id)"])
      request.answer(.problem(Problem(.fault, "the output of job \(status.id) cannot be opened: \(error.reason)")))
    }
  }

  // A job that never started has written nothing.
  private func openOutputFile(_ id: JobID) throws(SystemError) -> FileDescriptor {
    do throws(SystemError) { return try launcher.openOutput(of: id) } catch  where error.code == ENOENT {
      return try FileDescriptor.open("/dev/null", O_RDONLY)
    }
  }
}
