/// A run as a report shows it.
public struct ReportRun: Sendable {
  /// One line of its configuration.
  public struct Fact: Hashable, Sendable {
    public var name: String
    public var text: String
    /// True if it is worth a row even where it is the same for every run.
    public var isNotable: Bool

    public init(name: String, text: String, isNotable: Bool) {
      (self.name, self.text, self.isNotable) = (name, text, isNotable)
    }
  }

  /// Its name in the report.
  public var name: String
  public var path: String
  public var configuration: [Fact]
  /// The data that was modelled: likelihoods of runs that modelled the same may be compared.
  public var task: String
  /// The quantity that validations measured: those of runs that measured the same may be compared.
  public var validation: String
  /// The bound that was maximised: bounds of runs that maximised the same may be compared too.
  public var objective: String
  /// All that was set but the seed: runs of one setting are told apart by their seeds.
  public var setting: String
  public var metrics: RunMetrics
  public var evaluation: RunEvaluation?
  /// The images of that, one by one; nil where they are not known.
  public var tested: TestedImages?
  public var figures: [Figure]
  /// True if commands that take a model take this.
  public var hasModel: Bool
  /// True if there is nothing of a run, as in the folder of a sweep.
  public var isFiguresAlone: Bool {
    !hasModel && configuration.isEmpty && metrics.passes.isEmpty && evaluation == nil
  }

  public init(
    name: String, path: String, configuration: [Fact] = [], task: String = "",
    validation: String = "", objective: String = "", setting: String = "",
    metrics: RunMetrics = RunMetrics(passes: []),
    evaluation: RunEvaluation? = nil, figures: [Figure] = [], hasModel: Bool = true
  ) {
    (self.name, self.path, self.configuration) = (name, path, configuration)
    (self.task, self.validation, self.objective) = (task, validation, objective)
    (self.metrics, self.evaluation, self.figures) = (metrics, evaluation, figures)
    (self.setting, self.hasModel) = (setting, hasModel)
  }
}
