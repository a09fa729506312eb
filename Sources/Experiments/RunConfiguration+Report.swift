import Foundation
import IWAE
import Report

/// A configuration as people read it.
extension RunConfiguration {
  /// The run by its data, its objective and its samples.
  public var label: String {
    let data = URL(fileURLWithPath: data).deletingPathExtension().lastPathComponent
    return "\(data)-\(objective)-\(samples)"
  }

  /// The data as they are modelled: likelihoods of runs with equal tasks may be compared.
  public var task: String {
    "\(data), \(split.text), \(test.isEmpty ? "" : "tested on \(test), ")\(binarizationText), "
      + (standardize ? "standardized, " : "")
      + "\(model.likelihood)\(model.condition == nil ? "" : ", given the label")"
  }

  /// The rule by which grey pixels become 0s and 1s, where the likelihood wants it.
  private var binarizationText: String { model.likelihood.isBinarized ? binarize.text : "none" }

  /// The objective with all that makes its bound tighter.
  public var objectiveText: String {
    let own = Setting.ofObjectives.filter { $0.row == nil && $0.concerns(objective.name) }
    return "\(objective), M = \(groups), K = \(samples)"
      + own.map { ", \(SweepReport.words($0.key)) \($0.text(self))" }.joined()
  }

  /// Everything, and which of it is worth a row: what always matters, and what is not usual.
  public var facts: [ReportRun.Fact] {
    let usual = Self.usual
    let ofModel: [ReportRun.Fact] = [
      .init(
        name: "binarization", text: binarizationText,
        isNotable: model.likelihood.isBinarized && binarize != usual.binarize),
      .init(name: "model", text: model.text, isNotable: true),
      .init(name: "likelihood", text: model.likelihood.name, isNotable: true),
      .init(
        name: "posterior", text: model.posteriorText,
        isNotable: model.posteriorText != usual.model.posteriorText),
      .init(name: "prior", text: model.prior.name, isNotable: model.prior != usual.model.prior),
      .init(
        name: "condition", text: model.condition.map { "the label, of \($0) classes" } ?? "none",
        isNotable: model.condition != nil),
    ]
    return facts(of: Setting.data) + ofModel
      + facts(of: Setting.step + Setting.course + Setting.testing + Setting.limits + [.seed])
  }

  /// Every line of it, for a reader of the run's events.
  var settingTable: ResultTable {
    var table = ResultTable([.text("setting", key: "setting"), .text("value", key: "value")])
    table.append([.text("objective"), .text(objectiveText)])
    for fact in facts { table.append([.text(fact.name), .text(fact.text)]) }
    return table
  }

  /// A text that is the same for runs on the same content that differ in the seed alone.
  var textOfAnySeed: String {
    get throws {
      var any = self
      any.seed = 0
      return String(decoding: try any.file, as: UTF8.self)
    }
  }

  private func facts(of settings: [Setting]) -> [ReportRun.Fact] {
    settings.compactMap { setting in
      guard let row = setting.row else { return nil }
      return .init(
        name: row.name, text: row.text?(self) ?? setting.text(self),
        isNotable: row.isAlwaysShown || setting.text(self) != setting.text(.usual))
    }
  }
}

extension Model {
  private func sizes(_ hidden: [Int]) -> String {
    hidden.map(String.init).joined(separator: ",")
  }

  /// Layers as `--layers` takes them.
  var layersText: String {
    encoder.map { "\(sizes($0.hidden)):\($0.latent)" }.joined(separator: "/")
  }

  /// Layers, then what else there is.
  fileprivate var text: String {
    let isMirrored = decoder.map(\.hidden) == encoder.reversed().map { $0.hidden.reversed() }
    let back =
      isMirrored ? "" : ", decoder \(decoder.map { sizes($0.hidden) }.joined(separator: "/"))"
    return "\(layersText)\(back), \(activation)"
  }

  /// The name of the posterior of every layer, or of each where they differ.
  fileprivate var posteriorText: String {
    let names = encoder.map(\.posterior.name)
    return Set(names).count == 1 ? names[0] : names.joined(separator: ", ")
  }
}
