import Compute
import Datasets
import IWAE

/// Everything that determines a training run. Every field but the model is a row of `Setting.all`.
public struct RunConfiguration: Hashable, Sendable {
  /// A set's name, or a file or folder.
  public var data: String
  /// A file of the images' labels; empty for those that the data come with.
  public var labels: String
  /// A set's name, or a file or folder, to test on; empty for the data's own test images.
  public var test: String
  /// A file that says where values of the training images were observed; empty for everywhere.
  public var mask: String
  public var split: Split.Rule
  /// True to take the means and deviations out of the data's columns.
  public var standardize: Bool
  public var model: Model
  public var objective: ObjectiveChoice
  public var estimator: Objective.Estimator
  public var groups: Int
  public var samples: Int
  /// The share of the ELBO in ciwae.
  public var beta: Double
  /// The order of renyi.
  public var alpha: Double
  /// Nats that the divergence of each topmost unit counts at least in elbo.
  public var freeBits: Double
  /// The intervals of tvo's sum, its first point after 0, and its side.
  public var partitions: Int
  public var firstPoint: Double
  public var riemann: RiemannSum.Side
  public var batch: Int
  public var passes: Int
  public var schedule: Schedule
  public var order: Order
  public var learningRate: Double
  /// The passes without a better validation after which plateau halves the learning rate.
  public var plateauPasses: Int
  public var optimizer: AdamConvention
  /// The decay of parameters with each update, over the learning rate.
  public var weightDecay: Double
  /// The share of themselves that the averages of parameters keep with each update; 0 for none.
  public var ema: Double
  /// The length that all gradients together have at most; 0 for any.
  public var clipNorm: Double
  /// The start of a vamp prior's inputs.
  public var priorStart: PriorStart
  /// A file, or the folder of a run, from which a new run takes the parameters that fit; empty for none.
  public var initial: String
  /// The parameters that are trained.
  public var finetune: Finetuned
  /// Passes over which the weight of log p(h) - log q(h|x) rises from 0.
  public var warmUp: Double
  /// The weight that warm-up leads to.
  public var klWeight: Double
  /// Passes after which warm-up begins again; 0 for never.
  public var klCycle: Double
  public var binarize: BinarizationRule
  public var validationSamples: Int
  /// Stop after so many passes without a better validation; 0 for never.
  public var patience: Int
  public var keep: Kept
  /// The first training images, on which active units are counted; 0 for the test images.
  public var activityImages: Int
  /// Samples of each test image.
  public var testSamples: Int
  /// The first test images that are tested; 0 for all.
  public var limit: Int
  public var seed: UInt64
  /// The most bytes for parameters and a step; 0 for a quarter of the device's.
  public var memory: Int
  /// The samples that are walked backwards; 0 for all.
  public var backwardSamples: Int
  public var onNaN: NaNPolicy
  /// The steps from one comparison with the reference to the next; 0 for none.
  public var audit: Int
  /// The parts of a batch whose gradients are added in a fixed order, so that as many processes, or
  /// fewer, compute the same bits.
  public var leaves: Int

  /// True if a file described the model; else it follows from the data.
  public var modelIsGiven: Bool { source.describesModel }
  /// The digests of the run's data; nil of what was not trained yet, or before they were kept.
  public var identity: DataIdentity? { source.identity }
  /// Where the run's first parameters came from; nil where they are fresh, or not yet known.
  public var origin: RunOrigin? { source.origin }
  var source = Source()

  /// The same without the digests of its data.
  var ofAnyData: RunConfiguration {
    var result = self
    result.source.identity = nil
    return result
  }

  /// The origin of a configuration, which is no part of its value.
  struct Source: Hashable, Sendable {
    var describesModel = false
    var identity: DataIdentity?
    /// The settings of files of images that were named since the digests were read: the same files may hold
    /// others by now.
    var named: Set<String> = []
    var origin: RunOrigin?

    static func == (a: Source, b: Source) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
  }

  /// A course of the learning rate, by name.
  public enum Schedule: String, CaseIterable, SettingValue, Sendable {
    case burda
    case burdaReleased = "burda-released"
    case constant, cosine, plateau

    /// True if it goes by `learningRate`.
    var takesRate: Bool { [.constant, .cosine, .plateau].contains(self) }
  }

  /// The order of images in a pass.
  public enum Order: String, CaseIterable, SettingValue, Sendable { case shuffled, fixed }

  /// The parameters that are tested.
  public enum Kept: String, CaseIterable, SettingValue, Sendable { case best, last }

  /// The parameters that are trained: all, or the encoder's, with the model held.
  public enum Finetuned: String, CaseIterable, SettingValue, Sendable { case all, encoder }

  /// The default of every setting.
  public static let usual = RunConfiguration()

  public init(
    data: String = "strokes", labels: String = "", test: String = "", mask: String = "",
    split: Split.Rule = .standard, standardize: Bool = false,
    model: Model = .burda1(dataSize: 784), objective: ObjectiveChoice = "iwae",
    estimator: Objective.Estimator = .standard, groups: Int = 1, samples: Int = 50,
    beta: Double = 0.5, alpha: Double = 0.5, freeBits: Double = 0, partitions: Int = 5,
    firstPoint: Double = 0.08, riemann: RiemannSum.Side = .left, batch: Int = 20, passes: Int = 20,
    schedule: Schedule = .cosine, order: Order = .shuffled, learningRate: Double = 0.001,
    optimizer: AdamConvention = .usual, priorStart: PriorStart = .images, warmUp: Double = 0,
    klWeight: Double = 1, klCycle: Double = 0,
    binarize: BinarizationRule = .sample,
    validationSamples: Int = 50, patience: Int = 0, keep: Kept = .best, activityImages: Int = 0,
    testSamples: Int = 5000, limit: Int = 0, seed: UInt64 = 0, memory: Int = 0,
    backwardSamples: Int = 0, onNaN: NaNPolicy = .stop, audit: Int = 0, leaves: Int = 1,
    weightDecay: Double = 0, clipNorm: Double = 0, ema: Double = 0,
    plateauPasses: Int = 10, initial: String = "",
    finetune: Finetuned = .all
  ) {
    self.data = data
    self.labels = labels
    self.test = test
    self.mask = mask
    self.split = split
    self.standardize = standardize
    self.model = model
    self.objective = objective
    self.estimator = estimator
    self.groups = groups
    self.samples = samples
    self.beta = beta
    self.alpha = alpha
    self.freeBits = freeBits
    self.partitions = partitions
    self.firstPoint = firstPoint
    self.riemann = riemann
    self.batch = batch
    self.passes = passes
    self.schedule = schedule
    self.order = order
    self.learningRate = learningRate
    self.plateauPasses = plateauPasses
    self.optimizer = optimizer
    self.weightDecay = weightDecay
    (self.clipNorm, self.ema) = (clipNorm, ema)
    self.priorStart = priorStart
    (self.initial, self.finetune) = (initial, finetune)
    self.warmUp = warmUp
    self.klWeight = klWeight
    self.klCycle = klCycle
    self.binarize = binarize
    self.validationSamples = validationSamples
    self.patience = patience
    self.keep = keep
    self.activityImages = activityImages
    self.testSamples = testSamples
    self.limit = limit
    self.seed = seed
    self.memory = memory
    self.backwardSamples = backwardSamples
    self.onNaN = onNaN
    self.audit = audit
    self.leaves = leaves
  }
}

extension AdamConvention: SettingValue {}
extension NaNPolicy: SettingValue {}
extension PriorStart: SettingValue {}
extension RiemannSum.Side: SettingValue {}
extension Objective.Estimator: SettingValue {}

extension Split.Rule: SettingValue {
  init?(text: String) { self.init(text) }

  var text: String {
    switch self {
    case .standard: "standard"
    case .full: "full"
    case .released: "released"
    case .count(let count): "\(count)"
    }
  }
}
