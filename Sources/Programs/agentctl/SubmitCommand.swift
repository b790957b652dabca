import AgentClient
import ArgumentParser

/// Submits a job.
struct SubmitCommand: AgentCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit", abstract: "Submit a job and print its id, without waiting.",
    usage: "agentctl submit [options] AGENT -- PROGRAM ARGUMENTS",
    discussion: "With --id the same command may be repeated safely: the job is never run twice.")

  @OptionGroup var target: TargetOptions
  @OptionGroup var job: JobOptions
  @Flag(help: "Print the job as JSON.") var json = false

  func perform(_ agent: AgentClient) async throws {
    let running = RunningJob(job.jobID(), try job.request(), on: agent)
    let show = target.access.command("show", target.agent, "\(running.id)")
    let interruption = Interruption { _ in
      Task { try await running.stop() }
    } again: {
      complain("\(running.id) may have been submitted; find out with: \(show)")
    }
    defer { interruption.end() }
    do {
      let submission = try await running.submit()
      // The id is the result; without it nobody finds the job.
      if interruption.signal != nil { complain("cancelled \(submission.job.id)") }
      if let remark = submission.remark { complain(remark) }
      try json ? printJSON(SubmittedJob(submission.job, submission)) : printLine(submission.job.id.description)
    } catch let error as RunningJob.NotSubmitted {
      complain("\(running.id): \(error.reason)")
    }
    if let signal = interruption.signal { throw ExitCode(128 + signal) }
  }
}
