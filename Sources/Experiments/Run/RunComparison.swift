import Report

/// Runs beside each other; those that differ in the seed alone are one row. A run whose seed is in its row
/// already, as the copy of one, is in a row of its own.
public struct RunComparison {
  /// The runs of one setting.
  public struct Group {
    public var name: String
    public var runs: [ReportRun]
    /// Over the seeds that were evaluated; nil where there are none, or where they were evaluated on
    /// other images or with other samples.
    public var nll: SeedStatistics?
    /// Of the NLL over images.
    public var standardError: Double?
    /// For each layer, the mean over seeds.
    public var activeUnits: [Double]?
    public var validation: SeedStatistics?
    public var evaluated: Int
    /// True if evaluations cannot be taken together.
    public var isUnlike: Bool
    /// By how much it is above the setting with the lowest NLL among those that were tested on the same
    /// images; nil of that one, and where not known.
    public internal(set) var difference: PairedDifference?
    /// The updates that training had made, of the seed with the fewest and of that with the most.
    public var steps: ClosedRange<Int>?

    /// The standard error of the mean over seeds; nil for one seed.
    public var seedError: Double? {
      nll.flatMap { nll in nll.spread.map { $0 / Double(evaluated).squareRoot() } }
    }

    init(_ runs: [ReportRun]) {
      self.runs = runs
      name = RunComparison.name(runs.map(\.name))
      let evaluations = runs.compactMap(\.evaluation)
      evaluated = evaluations.count
      isUnlike = Set(evaluations.map { [$0.samples, $0.images] }).count > 1
      let steps = evaluations.compactMap(\.step)
      if let fewest = steps.min(), let most = steps.max() { self.steps = fewest...most }
      validation = SeedStatistics(runs.compactMap { $0.metrics.bestValidation?.value })
      guard !isUnlike else { return }
      nll = SeedStatistics(evaluations.map(\.nll))
      standardError = SeedStatistics(evaluations.compactMap(\.standardError))?.mean
      let units = evaluations.compactMap(\.activeUnits)
      activeUnits = units.first?.indices.compactMap { layer in
        SeedStatistics(units.filter { layer < $0.count }.map { Double($0[layer]) })?.mean
      }
    }
  }

  public private(set) var groups: [Group]

  /// - Parameter runs: The runs. Folders of figures alone are left out.
  public init(_ runs: [ReportRun]) {
    var settings: [String] = []
    let runs = runs.filter { !$0.isFiguresAlone }
    for run in runs where !settings.contains(run.setting) { settings.append(run.setting) }
    groups = settings.flatMap { setting in
      Self.ofDistinctSeeds(runs.filter { $0.setting == setting }).map(Group.init)
    }
    let means = groups.map { $0.nll?.mean ?? 0 }
    let known = groups.indices.filter { groups[$0].nll != nil }
      .sorted { (means[$0], $0) < (means[$1], $1) }
    let tested = groups.map { $0.runs.compactMap(\.tested) }
    for (place, index) in known.enumerated() {
      // Those of other images, or in other units, have no part in it.
      for best in known[..<place] where groups[index].difference == nil {
        groups[index].difference = PairedDifference(
          of: tested[index], than: tested[best], named: groups[best].name)
      }
    }
  }

  /// The differences of settings that were tested on the same images, a line each.
  public var differencesText: [String] {
    groups.compactMap { group in group.difference.map { $0.text(of: group.name) } }
  }

  /// The runs of a setting, divided so that each seed is in a part once.
  private static func ofDistinctSeeds(_ runs: [ReportRun]) -> [[ReportRun]] {
    var parts: [(seeds: Set<String>, runs: [ReportRun])] = []
    for run in runs {
      let seed = run.configuration.first { $0.name == "seed" }?.text ?? run.path
      if let part = parts.firstIndex(where: { !$0.seeds.contains(seed) }) {
        parts[part].seeds.insert(seed)
        parts[part].runs.append(run)
      } else {
        parts.append(([seed], [run]))
      }
    }
    return parts.map(\.runs)
  }

  /// The beginning that the names of some runs share, without a seed's number; all names where none.
  static func name(_ names: [String]) -> String {
    guard let first = names.first, names.count > 1 else { return names.first ?? "" }
    var common = names.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    func trim(while isEnd: (Character) -> Bool) {
      while let last = common.last, isEnd(last) { common.removeLast() }
    }
    // A number that goes on in one of them is none that they share.
    if names.contains(where: { $0.dropFirst(common.count).first?.isNumber == true }) {
      trim(while: \.isNumber)
    }
    func isSeparator(_ character: Character) -> Bool { "-_. /".contains(character) }
    trim(while: isSeparator)
    if common.hasSuffix("seed") {
      common.removeLast("seed".count)
      trim(while: isSeparator)
    }
    return common.isEmpty ? names.joined(separator: ", ") : common
  }

  // MARK: Tables

  /// The facts in which groups differ.
  private var differences: [String] {
    let facts = groups.map { $0.runs[0].configuration }
    var names: [String] = []
    for fact in facts.joined() where fact.name != "seed" && !names.contains(fact.name) {
      let texts = facts.map { facts in facts.first { $0.name == fact.name }?.text }
      if Set(texts).count > 1 { names.append(fact.name) }
    }
    return names
  }

  /// A row for each group.
  public var table: ResultTable {
    let names = differences
    let run = ResultTable.Column.text("run", key: "run")
    let isPaired = groups.contains { $0.difference != nil }
    let found = Self.ofEvaluation + (isPaired ? [PairedDifference.column] : [])
    let taken = Set(([run] + found).flatMap(\.keys))
    let facts = names.map { name in
      // What was asked for, beside what was found.
      let key = name.replacing(" ", with: "_")
      return ResultTable.Column.text(name, key: taken.contains(key) ? "setting_\(key)" : key)
    }
    var table = ResultTable(
      [run] + facts + found,
      remark: "Means over seeds. The error of NLL is the standard error over images; spread is the "
        + "standard deviation over seeds, and seed error the mean's standard error over them."
        + (isPaired ? " What is above the best is so image by image, and its error is that." : ""))
    for group in groups {
      let facts = names.map { name in
        group.runs[0].configuration.first { $0.name == name }?.text ?? ""
      }
      let paired = [
        ResultTable.Cell(group.difference?.difference, error: group.difference?.standardError)
      ]
      table.append(
        ([group.name] + facts).map { .text($0) } + cells(group) + (isPaired ? paired : []))
    }
    return table
  }

  private static let ofEvaluation: [ResultTable.Column] =
    [
      .count("seeds", key: "seeds"),
      .number("validation", key: "validation", decimals: 2, unit: "nats"),
    ] + CellSummary.columns.prefix(2)
    + [.number("seed error", key: "seed_error", decimals: 2, unit: "nats")]
    + CellSummary.columns.dropFirst(2)
    + [
      .count("samples", key: "test_samples"), .count("images", key: "images"),
      .count("steps", key: "steps"),
    ]

  private func cells(_ group: Group) -> [ResultTable.Cell] {
    let evaluation = group.isUnlike ? nil : group.runs.compactMap(\.evaluation).first
    let seeds = Double(group.runs.count)
    return [
      group.evaluated == group.runs.count || group.evaluated == 0
        ? .number(seeds) : .worded("\(group.evaluated) of \(group.runs.count)", seeds),
      .init(group.validation?.mean),
      group.isUnlike
        ? .missing("evaluated unlike") : .init(group.nll?.mean, error: group.standardError),
      .init(group.nll?.spread), .init(group.seedError), CellSummary.cell(group.activeUnits),
      .init(evaluation.map { Double($0.samples) }), .init(evaluation.map { Double($0.images) }),
      group.steps.map { steps in
        steps.lowerBound == steps.upperBound
          ? .number(Double(steps.lowerBound))
          : .text("\(steps.lowerBound) to \(steps.upperBound)")
      } ?? .none,
    ]
  }

  /// The table on a page; nil where no setting has several seeds and no two were tested on the same images.
  public var seeds: PageTable? {
    guard groups.contains(where: { $0.runs.count > 1 || $0.difference != nil }) else { return nil }
    let table = table
    return PageTable(
      columns: table.columns.map { $0.title + ($0.unit.map { " (\($0))" } ?? "") },
      rows: table.pageRows, remark: table.remark)
  }
}
