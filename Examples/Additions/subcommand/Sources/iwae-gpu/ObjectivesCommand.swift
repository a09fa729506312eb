import Commands
import IWAE

extension Command {
  static let objectives = Command(
    name: "objectives",
    abstract: "List every objective and the estimators that it has.",
    options: [],
    examples: [Example("iwae-gpu objectives", "See which there are")],
    run: { _, terminal in try listObjectives(terminal) })
}

private func listObjectives(_ terminal: Terminal) throws -> ExitCode {
  for name in Objective.names {
    guard let objective = Objective(name) else { continue }
    let estimators = objective.hasEstimators ? Objective.Estimator.allCases : [.standard]
    try terminal.output("\(name): \(estimators.map(\.rawValue).joined(separator: ", "))")
  }
  return .done
}
