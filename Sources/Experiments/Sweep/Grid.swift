import Foundation
import IWAE

/// The settings that a sweep crosses, on top of what is the same for all: what `sweep.json` holds.
public struct Grid: Codable, Sendable {
  /// Groups of samples of each image.
  public struct Size: Codable, Hashable, Sendable, CustomStringConvertible {
    public var groups: Int
    public var samples: Int

    public init(groups: Int, samples: Int) { (self.groups, self.samples) = (groups, samples) }

    public var description: String { "\(groups) x \(samples)" }
  }

  public var base: RunConfiguration
  public var objectives: [ObjectiveChoice]
  public var estimators: [Objective.Estimator]
  public var sizes: [Size]
  public var betas: [Double]
  public var alphas: [Double]
  public var seeds: [UInt64]

  /// The further axes; nil for none.
  private var others: [Axis]?

  /// The values of another setting.
  public struct Axis: Codable, Hashable, Sendable {
    /// The setting's key, or `layers` of the model.
    public let key: String
    /// As the command line spells them.
    public let values: [String]
  }

  /// The further axes are added by `vary`.
  public init(
    base: RunConfiguration, objectives: [ObjectiveChoice] = ["iwae"],
    estimators: [Objective.Estimator] = [.standard],
    sizes: [Size] = [Size(groups: 1, samples: 50)], betas: [Double] = [0.5],
    alphas: [Double] = [0.5], seeds: [UInt64] = [0]
  ) {
    (self.base, self.objectives, self.estimators) = (base, objectives, estimators)
    (self.sizes, self.betas, self.alphas, self.seeds) = (sizes, betas, alphas, seeds)
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    base = try fields.decode(RunConfiguration.self, forKey: .base)
    objectives = try fields.decode([ObjectiveChoice].self, forKey: .objectives)
    estimators = try fields.decode([Objective.Estimator].self, forKey: .estimators)
    sizes = try fields.decode([Size].self, forKey: .sizes)
    betas = try fields.decode([Double].self, forKey: .betas)
    alphas = try fields.decode([Double].self, forKey: .alphas)
    seeds = try fields.decode([UInt64].self, forKey: .seeds)
    others = try fields.decodeIfPresent([Axis].self, forKey: .others)
    // Files of before have the tests beside the base.
    struct Tests: Decodable { var test: TestSettings? }
    if let test = try Tests(from: decoder).test {
      (base.testSamples, base.limit) = (test.samples, test.limit ?? 0)
    }
  }

  public var axes: [Axis] { others ?? [] }

  /// The key of the axis of models.
  public static let layers = "layers"

  /// The settings of the images and of the tests, which all cells share.
  static let shared: Set = [
    "data", "labels", "test", "mask", "split", "standardize", "binarize", "test_samples", "limit",
  ]

  /// The settings that have axes of their own.
  public static let ownAxes: Set = [
    "objective", "estimator", "beta", "alpha", "groups", "samples", "seed",
  ]

  /// Crosses everything with the values of another setting.
  ///
  /// - Parameters:
  ///   - key: The setting's key, or `layers`.
  ///   - text: The values with commas between them, as the setting's flag takes each.
  public mutating func vary(_ key: String, over text: String) throws(ConfigurationError) {
    let parts =
      key == Self.layers
      ? Model.list(of: text)
      : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var values: [String] = []
    for part in parts {
      let value = try Self.text(key, of: base.varied(key, part))
      if !values.contains(value) { values.append(value) }
    }
    others = axes + [Axis(key: key, values: values)]
  }

  /// The configurations of the grid with the seed 0, and what was left out of it and why.
  public func settings() -> (settings: [RunConfiguration], notes: [String]) {
    var settings: [RunConfiguration] = []
    var names: Set<String> = []
    var notes: [String] = []
    func leaveOut(_ reason: String) { if !notes.contains(reason) { notes.append(reason) } }
    for setting in combinations() {
      let objective = setting.objective.objective() ?? .iwae
      guard setting.estimator == .standard || objective.hasEstimators else {
        leaveOut("\(setting.objective) has no estimator but the standard one")
        continue
      }
      guard setting.samples >= objective.leastSamples else {
        leaveOut("\(setting.objective) needs at least \(objective.leastSamples) samples")
        continue
      }
      let (one, reasons) = simplified(setting, objective)
      if setting.groups != one.groups {
        leaveOut(
          "\(setting.objective) depends on M x K alone: M groups of K samples run as one group of "
            + "M x K")
      }
      if names.insert(name(of: one)).inserted {
        settings.append(one)
      } else {
        reasons.forEach(leaveOut)
      }
    }
    return (settings, notes)
  }

  private func combinations() -> [RunConfiguration] {
    var bases = [base]
    for axis in axes {
      // Each value was tried when the axis was made or read.
      bases = bases.flatMap { base in axis.values.compactMap { try? base.varied(axis.key, $0) } }
    }
    var result: [RunConfiguration] = []
    for objective in objectives {
      for estimator in estimators {
        for beta in betas {
          for alpha in alphas {
            for size in sizes {
              for base in bases {
                var setting = base
                (setting.objective, setting.estimator) = (objective, estimator)
                (setting.beta, setting.alpha) = (beta, alpha)
                (setting.groups, setting.samples) = (size.groups, size.samples)
                result.append(setting)
              }
            }
          }
        }
      }
    }
    return result
  }

  /// A setting's name among those of the grid, which its runs' folders bear.
  public func name(of setting: RunConfiguration) -> String {
    let values = values(of: setting).map { axis in
      axis.key
        + axis.value.replacing("/", with: "--").replacing(":", with: ".")
        .map { $0.isLetter || $0.isNumber || "-._".contains($0) ? String($0) : "_" }.joined()
    }
    return ([setting.settingName] + values).joined(separator: "-")
  }

  /// The values that a setting has on the other axes.
  func values(of setting: RunConfiguration) -> [(key: String, value: String)] {
    axes.map { axis in
      (axis.key, Self.text(axis.key, of: setting))
    }
  }

  /// A value as the command line spells it.
  private static func text(_ key: String, of setting: RunConfiguration) -> String {
    Setting.named(key)?.text(setting) ?? setting.model.layersText
  }

  /// The one among all settings of the same meaning that is run, and why others mean the same.
  private func simplified(
    _ setting: RunConfiguration, _ objective: Objective
  ) -> (RunConfiguration, reasons: [String]) {
    var result = setting
    var reasons: [String] = []
    for own in Setting.ofObjectives where !own.concerns(objective.name) {
      // What the base says may be no value for this objective.
      own.copy(Self.ownAxes.contains(own.key) ? base : RunConfiguration(), &result)
      if isVaried(own) {
        let owners = (own.objectives ?? []).sorted().joined(separator: ", ")
        reasons.append("\(own.key) is of \(owners) alone")
      }
    }
    if !objective.dependsOnGroups {
      (result.groups, result.samples) = (1, setting.groups * setting.samples)
    }
    return (result, reasons)
  }

  /// True if a setting that only some objectives have has more than one value.
  private func isVaried(_ setting: Setting) -> Bool {
    switch setting.key {
    case Setting.beta.key: betas.count > 1
    case Setting.alpha.key: alphas.count > 1
    default: axes.contains { $0.key == setting.key && $0.values.count > 1 }
    }
  }
}
