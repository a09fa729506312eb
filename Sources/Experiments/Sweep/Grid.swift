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
  public var test: TestPlan
  public var objectives = ["iwae"]
  public var estimators = [Objective.Estimator.standard]
  public var sizes = [Size(groups: 1, samples: 50)]
  public var betas = [0.5]
  public var alphas = [0.5]
  public var seeds: [UInt64] = [0]

  public init(base: RunConfiguration, test: TestPlan) { (self.base, self.test) = (base, test) }

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
      if names.insert(one.settingName).inserted {
        settings.append(one)
      } else {
        reasons.forEach(leaveOut)
      }
    }
    return (settings, notes)
  }

  private func combinations() -> [RunConfiguration] {
    var result: [RunConfiguration] = []
    for objective in objectives {
      for estimator in estimators {
        for beta in betas {
          for alpha in alphas {
            for size in sizes {
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
    return result
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
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }
}

extension RunConfiguration {
  /// What names the objective, its samples and its estimator.
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
