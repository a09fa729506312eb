extension RunComparison {
  /// A row of the table, for programs; nil is what is not known.
  public struct Summary: Encodable, Sendable {
    public var run: String
    /// The folders of its runs.
    public var runs: [String]
    public var seeds: Int
    /// The seeds that were evaluated.
    public var evaluated: Int
    public var validation: Double?
    /// Nil where the seeds were evaluated unlike.
    public var nll: Double?
    public var standardError: Double?
    /// The standard deviation over seeds.
    public var spread: Double?
    public var seedError: Double?
    public var activeUnits: [Double]?
    public var testSamples: Int?
    public var images: Int?
    /// By how much its NLL is above that of the best, image by image.
    public var paired: PairedDifference?
    /// The fewest updates of a seed, and the most.
    public var steps: [Int]?
    /// The names of the devices that evaluated them, each once.
    public var devices: [String]

    init(_ group: Group) {
      (run, runs) = (group.name, group.runs.map(\.path))
      (seeds, evaluated) = (group.runs.count, group.evaluated)
      (validation, nll) = (group.validation?.mean, group.nll?.mean)
      (standardError, spread) = (group.standardError, group.nll?.spread)
      (seedError, activeUnits) = (group.seedError, group.activeUnits)
      let evaluation = group.isUnlike ? nil : group.runs.compactMap(\.evaluation).first
      (testSamples, images) = (evaluation?.samples, evaluation?.images)
      paired = group.difference
      steps = group.steps.map { [$0.lowerBound, $0.upperBound] }
      devices = Set(group.runs.compactMap { $0.evaluation?.device }).sorted()
    }
  }

  /// A summary for each group.
  public var summaries: [Summary] { groups.map(Summary.init) }
}
