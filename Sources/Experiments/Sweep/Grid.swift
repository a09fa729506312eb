import Compute
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
  public var test: TestSettings
  public var objectives = ["iwae"]
  public var estimators = [Objective.Estimator.standard]
  public var sizes = [Size(groups: 1, samples: 50)]
  public var betas = [0.5]
  public var alphas = [0.5]
  public var seeds: [UInt64] = [0]

  /// The further axes; nil for none.
  private var others: [Axis]?

  /// The values of another setting.
  public struct Axis: Codable, Hashable, Sendable {
    /// The setting's key, or `layers` of the model.
    public let key: String
    /// As the command line spells them.
    public let values: [String]
  }

  public init(base: RunConfiguration, test: TestSettings) { (self.base, self.test) = (base, test) }

  public var axes: [Axis] { others ?? [] }

  /// The key of the axis of models.
  public static let layers = "layers"

  /// The settings that no further axis can have: all cells share the images, and the others have
  /// axes of their own.
  public static let fixed: Set = [
    "data", "split", "binarize", "objective", "estimator", "beta", "alpha", "groups", "samples",
    "seed",
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
      let objective = Objective(setting.objective) ?? .iwae
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

  /// For each of some settings the one that is trained for it: the first that means the same, as piwae
  /// with one group means iwae.
  func trained(for settings: [RunConfiguration]) -> [RunConfiguration] {
    var first: [Meaning: RunConfiguration] = [:]
    return settings.map { setting in
      let meaning = Meaning(setting)
      let known = first[meaning] ?? setting
      first[meaning] = known
      return known
    }
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
    if setting.objective != "ciwae" {
      result.beta = base.beta
      if betas.count > 1 { reasons.append("beta is of ciwae alone") }
    }
    if setting.objective != "renyi" {
      result.alpha = base.alpha
      if alphas.count > 1 { reasons.append("alpha is of renyi alone") }
    }
    if !objective.dependsOnGroups {
      (result.groups, result.samples) = (1, setting.groups * setting.samples)
    }
    return (result, reasons)
  }

  /// Why nothing can be run with it; nil if something can.
  public var problem: String? {
    let counts = 1...(1 << 20)
    guard sizes.allSatisfy({ counts.contains($0.groups) && counts.contains($0.samples) }),
      test.samples >= 1, (test.limit ?? 1) >= 1
    else { return "expected groups, samples and test samples of at least 1, and at most 2^20." }
    if seeds.isEmpty { return "expected a seed." }
    for axis in axes {
      do throws(ConfigurationError) {
        for value in axis.values { _ = try base.varied(axis.key, value) }
      } catch {
        return error.description
      }
    }
    let (settings, notes) = settings()
    if settings.isEmpty { return "no setting is left: \(notes.joined(separator: "; "))" }
    do throws(ConfigurationError) {
      for setting in settings { _ = try setting.training() }
    } catch {
      return error.description
    }
    return nil
  }

  /// Why this grid cannot go on where another left off; nil if it only adds to it.
  public func problem(goingOnWith old: Grid) -> String? {
    var problems = Differences.between(old.base, base)
    problems += Differences.between(old.test, test).map { "test \($0)" }
    func compare<Value: Hashable>(_ name: String, _ axis: KeyPath<Grid, [Value]>) {
      let missing = Set(old[keyPath: axis]).subtracting(self[keyPath: axis])
      if !missing.isEmpty {
        let values = old[keyPath: axis].filter(missing.contains).map { "\($0)" }
        problems.append("\(name) \(values.joined(separator: ", ")) not asked for now")
      }
    }
    compare("objectives", \.objectives)
    compare("estimators", \.estimators)
    compare("groups and samples", \.sizes)
    compare("betas", \.betas)
    compare("alphas", \.alphas)
    compare("seeds", \.seeds)
    if axes.map(\.key) != old.axes.map(\.key) { problems.append("other settings are varied") }
    for (axis, before) in zip(axes, old.axes) {
      let missing = before.values.filter { !axis.values.contains($0) }
      if !missing.isEmpty {
        problems.append("\(axis.key) \(missing.joined(separator: ", ")) not asked for now")
      }
    }
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }
}

/// A run's training, whatever its objective is called.
private struct Meaning: Hashable {
  let configuration: RunConfiguration
  let rule: EstimatorRule?
  let isClosedForm: Bool

  init(_ setting: RunConfiguration) {
    let objective = Objective(setting.objective, beta: setting.beta, alpha: setting.alpha)
    rule = objective?.rule(
      groups: setting.groups, samples: setting.samples, estimator: setting.estimator
    ).inOneScope(ifOnly: setting.groups)
    isClosedForm = objective?.isClosedForm ?? false
    // Estimators that are the same rule are the same.
    var configuration = setting
    (configuration.objective, configuration.estimator) = ("", .standard)
    (configuration.beta, configuration.alpha) = (0, 0)
    if !setting.schedule.takesRate { configuration.learningRate = 0 }
    self.configuration = configuration
  }
}

extension EstimatorRule {
  /// The same rule with every scope the whole, where a group is the whole.
  fileprivate func inOneScope(ifOnly groups: Int) -> EstimatorRule {
    guard groups == 1 else { return self }
    var rule = self
    rule.bound.scope = .all
    rule.encoderBound.scope = .all
    rule.decoder.scope = .all
    rule.path.scope = .all
    rule.score.scope = .all
    return rule
  }
}

extension RunConfiguration {
  /// The same with another value of a setting, or of the model's layers.
  fileprivate func varied(
    _ key: String, _ text: String
  ) throws(ConfigurationError) -> RunConfiguration {
    if Grid.fixed.contains(key) {
      throw ConfigurationError(
        "'\(key)' cannot vary so: all cells share it, or it has an axis of its own.")
    }
    var result = self
    if key == Grid.layers {
      var model = try Model(layers: text, dataSize: model.dataSize)
      (model.activation, model.likelihood) = (self.model.activation, self.model.likelihood)
      (model.prior, model.hiddenKind) = (self.model.prior, self.model.hiddenKind)
      for layer in model.encoder.indices {
        model.encoder[layer].posterior = self.model.encoder[0].posterior
      }
      if let problem = model.problem { throw ConfigurationError("The model: \(problem)") }
      result.model = model
    } else if let setting = Setting.named(key) {
      try result.set(setting, to: text)
    } else {
      throw ConfigurationError("there is no setting '\(key)'.")
    }
    return result
  }

  /// A name from the objective, its samples and its estimator.
  public var settingName: String {
    var parts = [objective]
    if objective == "ciwae" { parts.append("b\(beta)") }
    if objective == "renyi" { parts.append("a\(alpha)") }
    if groups > 1 || Objective(objective)?.dependsOnGroups == true { parts.append("m\(groups)") }
    parts.append("k\(samples)")
    if estimator != .standard { parts.append(estimator.rawValue) }
    return parts.joined(separator: "-")
  }

  /// The same with another seed.
  public func seeded(_ seed: UInt64) -> RunConfiguration {
    var result = self
    result.seed = seed
    return result
  }
}

/// In what two values differ, field by field of their JSON.
public enum Differences {
  public static func between<Value: Encodable>(_ old: Value, _ new: Value) -> [String] {
    let (old, new) = (fields(old), fields(new))
    return Set(old.keys).union(new.keys).sorted().compactMap { key in
      let (before, after) = (old[key] ?? "none", new[key] ?? "none")
      return before == after ? nil : "\(key) was \(before) and is \(after) now"
    }
  }

  private static func fields(_ value: some Encodable) -> [String: String] {
    guard let data = try? JSONEncoder().encode(value),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return [:] }
    return object.mapValues { value in
      if let value = value as? String { return value }
      let options: JSONSerialization.WritingOptions = [.sortedKeys, .fragmentsAllowed]
      let text = try? JSONSerialization.data(withJSONObject: value, options: options)
      return text.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
    }
  }
}
