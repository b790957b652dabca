import AgentClient
import AgentInventory
import AgentProtocol
import ArgumentParser
import Console
import SchedulerRegistry

/// The command agentctl: shows agents and runs jobs on them from the scheduler's side.
struct ControlCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agentctl", abstract: "Shows agents and runs jobs on them.", version: agentdVersion,
    subcommands: [
      RunCommand.self, SubmitCommand.self, ShowCommand.self, JobsCommand.self, LogsCommand.self, WaitCommand.self,
      CancelCommand.self, DeleteCommand.self, EventsCommand.self, AgentsCommand.self, DisableCommand.self,
      EnableCommand.self, LabelCommand.self, TopCommand.self, ConsoleCommand.self,
    ])
}

/// A command that talks to one agent.
protocol AgentCommand: AsyncParsableCommand {
  /// The agent.
  var target: TargetOptions { get }
  /// Executes the command.
  func perform(_ agent: AgentClient) async throws
}

extension AgentCommand {
  func run() async throws { try await told { try await perform(try target.client()) } }
}

/// A command that concerns the scheduler's agents.
protocol FleetCommand: AsyncParsableCommand {
  /// The identity of the scheduler.
  var identity: IdentityOptions { get }
  /// Executes the command.
  func perform(_ inventory: AgentInventory) async throws
}

extension FleetCommand {
  func run() async throws {
    try await told {
      let inventory = try identity.inventory()
      defer { inventory.saveSightings() }
      try await perform(inventory)
    }
  }
}

/// Runs `body` and reports an error as one line on standard error, and as an exit code as in sysexits(3).
func told(_ body: () async throws -> Void) async throws {
  do { try await body() } catch let error as AgentError {
    complain("\(error)")
    throw ExitCode(error.status.rawValue)
  } catch let error as InventoryError {
    complain("\(error)\(IdentityOptions.hint(for: error))")
    throw ExitCode(ExitStatus.noInput.rawValue)
  } catch let error as RegistryError {
    complain("\(error)")
    throw ExitCode(ExitStatus.noInput.rawValue)
  } catch let error as OutputClosed {
    throw ExitCode(error.code)
  }
}

extension AgentError {
  /// The exit status for the error.
  var status: ExitStatus {
    switch self {
    case .unreachable: .unavailable
    case .untrusted, .unauthenticated: .noPermission
    case .misconfigured: .protocol
    case .unusable: .noInput
    case .problem(let problem):
      // By RFC 9110: refused by the agent, an error in our request, a temporary failure of the agent, another failure of it.
      switch problem.kind.status {
      case 403: .noPermission
      case 400..<500: .data
      case 503, 507: .temporary
      default: .software
      }
    }
  }
}
