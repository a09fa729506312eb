import Foundation

/// The table of a report: a column for each run.
struct Comparison {
  struct Row {
    var name: String
    /// One for each run; nil where nothing is known.
    var cells: [String?]
    /// The runs with the best value, where that can be said.
    var best: Set<Int> = []
    /// True if the numbers could have had a best.
    var isContest = false
    /// True if it was chosen, so that a difference is worth a mark.
    var isChosen = false

    var differs: Bool { isChosen && Set(cells.compactMap(\.self)).count > 1 }
  }

  private enum Goal { case high, low }

  let runs: [ReportRun]
  private(set) var configuration: [Row] = []
  private(set) var training: [Row] = []
  private(set) var evaluation: [Row] = []

  init(_ runs: [ReportRun]) {
    self.runs = runs
    configuration = configurationRows
    training = trainingRows
    evaluation = evaluationRows
  }

  private var configurationRows: [Row] {
    var names: [String] = []
    for fact in runs.flatMap(\.configuration) where !names.contains(fact.name) {
      names.append(fact.name)
    }
    return names.compactMap { name in
      let facts = runs.map { run in run.configuration.first { $0.name == name } }
      let row = Row(name: name, cells: facts.map { $0?.text }, isChosen: true)
      return row.differs || facts.contains { $0?.isNotable == true } ? row : nil
    }
  }

  private var trainingRows: [Row] {
    [
      Row(
        name: "passes done",
        cells: runs.map { $0.metrics.passes.last.map { Numbers.short($0.pass) } }),
      Row(name: "training time", cells: runs.map { $0.metrics.seconds.map(Self.time) }),
      row(
        "bound, last pass", { $0.metrics.lastBound }, .high,
        among: { "\($0.task), \($0.objective)" }),
      row(
        "validation, best", { $0.metrics.bestValidation?.value }, .high, among: \.validation
      ) { run, text in
        run.metrics.bestValidation.map { "\(text) in pass \(Numbers.short($0.pass))" } ?? text
      },
    ].filter { row in row.cells.contains { $0 != nil } }
  }

  private var evaluationRows: [Row] {
    func whole(_ value: Int?) -> String? { value.map { Self.decimal(Double($0), decimals: 0) } }
    func kind(_ run: ReportRun) -> String {
      "\(run.task), \(String(describing: run.evaluation?.samples)), "
        + "\(String(describing: run.evaluation?.images))"
    }
    // An error that is not known is not small enough to be the best by.
    let errors = runs.map { $0.evaluation?.standardError ?? .nan }
    let evaluations = runs.map(\.evaluation)
    return [
      row("NLL", { $0.evaluation?.nll }, .low, among: kind, errors: errors) { run, text in
        run.evaluation?.standardError.map { "\(text) ± \(Self.decimal($0))" } ?? text
      },
      row(
        "NLL without inactive units", { $0.evaluation?.nllActiveUnitsOnly }, .low, among: kind,
        errors: errors),
      row("NLL of the data's own density", { $0.evaluation?.exactNll }),
      row("NLL in the data's own units", { $0.evaluation?.nllInDataUnits }),
      row("bound", { $0.evaluation?.bound }),
      row("reconstruction", { $0.evaluation?.reconstruction }),
      row("divergence", { $0.evaluation?.divergence }),
      Row(
        name: "active units",
        cells: evaluations.map {
          $0?.activeUnits?.map { "\($0)" }.joined(separator: " + ")
        }),
      row("effective samples", { $0.evaluation?.effectiveSampleSize }),
      Row(name: "samples of each image", cells: evaluations.map { whole($0?.samples) }),
      Row(name: "images", cells: evaluations.map { whole($0?.images) }),
      Row(name: "after steps", cells: evaluations.map { whole($0?.step) }),
    ].filter { row in row.cells.contains { $0 != nil } }
  }

  /// A row of numbers. With a goal the best is marked, where all numbers are of the same kind and
  /// it leads every other by twice both standard errors together.
  private func row(
    _ name: String, _ value: (ReportRun) -> Double?, _ goal: Goal? = nil,
    among kind: (ReportRun) -> String = { _ in "" }, errors: [Double]? = nil,
    text: (ReportRun, String) -> String = { $1 }
  ) -> Row {
    let values = runs.map(value)
    let cells = zip(runs, values).map { run, value in
      value.map { text(run, Self.decimal($0)) }
    }
    let known = zip(runs, values).filter { $1?.isFinite == true }
    let numbers = known.compactMap(\.1)
    guard let goal, numbers.count > 1, Set(known.map { kind($0.0) }).count == 1,
      let best = goal == .low ? numbers.min() : numbers.max()
    else { return Row(name: name, cells: cells, isContest: goal != nil && runs.count > 1) }
    let errors = errors ?? Array(repeating: 0, count: runs.count)
    func leads(_ run: Int) -> Bool {
      values[run] == best
        && runs.indices.allSatisfy { other in
          guard other != run, let value = values[other], value.isFinite else { return true }
          let combined = (errors[run] * errors[run] + errors[other] * errors[other]).squareRoot()
          return abs(value - best) >= 2 * combined
        }
    }
    return Row(name: name, cells: cells, best: Set(values.indices.filter(leads)), isContest: true)
  }

  /// So many decimals, as far as they mean something.
  private static func decimal(_ value: Double, decimals: Int = 2) -> String {
    abs(value) < 1e9 ? Numbers.fixed(value, decimals: decimals) : Numbers.short(value)
  }

  private static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, (0..<1e12).contains(seconds) else { return Numbers.short(seconds) }
    if seconds < 100 { return "\(Numbers.fixed(seconds, decimals: 1)) s" }
    let minutes = Int((seconds / 60).rounded())
    return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }
}

// MARK: HTML

extension Comparison {
  var html: String {
    let heads = runs.map { run in
      "<th scope=\"col\">\(escaped(run.name))"
        + (run.path == run.name ? "" : "<span class=\"path\">\(escaped(run.path))</span>") + "</th>"
    }
    let groups = [
      ("Configuration", configuration), ("Training", training), ("Evaluation", evaluation),
    ]
    let bodies = groups.filter { !$0.1.isEmpty }.map { name, rows in
      """
      <tbody>
      <tr><th scope="rowgroup" colspan="\(runs.count + 1)">\(name)</th></tr>
      \(rows.map(html).joined(separator: "\n"))
      </tbody>
      """
    }
    return """
      <div class="scroll" role="region" aria-label="Comparison of the runs" tabindex="0">
      <table class="comparison">
      <thead><tr><td></td>\(heads.joined())</tr></thead>
      \(bodies.joined(separator: "\n"))
      </table>
      </div>
      \(rule)
      """
  }

  private var rule: String {
    guard (training + evaluation).contains(where: { $0.isContest }) else { return "" }
    return
      "<p class=\"summary\">Only numbers of the same kind compete for the best: of the same data "
      + "and likelihood, measured alike. An NLL must lead by twice the root of the summed "
      + "squares of both standard errors.</p>"
  }

  private func html(_ row: Row) -> String {
    let cells = row.cells.enumerated().map { index, cell in
      guard let cell else { return "<td><span class=\"none\">none</span></td>" }
      return row.best.contains(index)
        ? "<td><strong>\(escaped(cell))</strong> <span class=\"tag\">best</span></td>"
        : "<td>\(escaped(cell))</td>"
    }
    let mark = row.differs ? " <span class=\"tag quiet\">differs</span>" : ""
    let kind = row.differs ? " class=\"differs\"" : ""
    return "<tr\(kind)><th scope=\"row\">\(escaped(row.name))\(mark)</th>\(cells.joined())</tr>"
  }
}
