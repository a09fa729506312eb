import IWAE
import Report

/// A configuration as people read it.
extension RunConfiguration {
  /// What is modelled: likelihoods of runs with equal tasks may be compared.
  var task: String { "\(data), \(split), \(binarizationText), \(model.likelihood)" }

  /// How grey pixels become 0s and 1s, where the likelihood wants it.
  private var binarizationText: String { model.likelihood.isBinarized ? binarize : "none" }

  /// What is maximised, with all that makes a bound tighter.
  var objectiveText: String {
    let parameter =
      switch objective {
      case "ciwae": ", beta \(beta)"
      case "renyi": ", alpha \(alpha)"
      default: ""
      }
    return "\(objective), M = \(groups), K = \(samples)\(parameter)"
  }

  /// Everything, and which of it is worth a row: what always matters, and what is not usual.
  var facts: [ReportRun.Fact] {
    let usual = RunConfiguration()
    return [
      .init(name: "data", text: data, isNotable: true),
      .init(name: "split", text: split, isNotable: split != usual.split),
      .init(
        name: "binarization", text: binarizationText,
        isNotable: model.likelihood.isBinarized && binarize != usual.binarize),
      .init(name: "model", text: model.text, isNotable: true),
      .init(
        name: "likelihood", text: model.likelihood.name, isNotable: true),
      .init(
        name: "posterior", text: model.posteriorText,
        isNotable: model.posteriorText != usual.model.posteriorText),
      .init(
        name: "prior", text: model.prior.name, isNotable: model.prior != usual.model.prior),
      .init(name: "objective", text: objectiveText, isNotable: true),
      .init(name: "estimator", text: estimator, isNotable: estimator != usual.estimator),
      .init(
        name: "backward samples", text: backwardSamples == 0 ? "all" : "\(backwardSamples)",
        isNotable: backwardSamples != usual.backwardSamples),
      .init(name: "batch", text: "\(batch)", isNotable: true),
      .init(name: "passes asked for", text: "\(passes)", isNotable: true),
      .init(
        name: "schedule",
        text: schedule.hasPrefix("burda") ? schedule : "\(schedule) from \(learningRate)",
        isNotable: true),
      .init(name: "order of images", text: order, isNotable: order != usual.order),
      .init(name: "Adam", text: optimizer, isNotable: optimizer != usual.optimizer),
      .init(name: "warm-up", text: "\(warmUp) passes", isNotable: warmUp != usual.warmUp),
      .init(
        name: "validation samples", text: "\(validationSamples)",
        isNotable: validationSamples != usual.validationSamples),
      .init(name: "patience", text: "\(patience)", isNotable: patience != usual.patience),
      .init(name: "parameters kept", text: keep, isNotable: keep != usual.keep),
      .init(
        name: "active units counted on",
        text: activityImages == 0 ? "test images" : "\(activityImages) training images",
        isNotable: activityImages != usual.activityImages),
      .init(name: "seed", text: "\(seed)", isNotable: true),
      .init(
        name: "memory", text: memory == 0 ? "automatic" : readable(bytes: memory),
        isNotable: memory != usual.memory),
    ]
  }
}

extension Model {
  /// Layers as `--layers` takes them, then what else there is.
  fileprivate var text: String {
    func sizes(_ hidden: [Int]) -> String { hidden.map(String.init).joined(separator: ",") }
    let layers = encoder.map { "\(sizes($0.hidden)):\($0.latent)" }.joined(separator: "/")
    let isMirrored = decoder.map(\.hidden) == encoder.reversed().map { $0.hidden.reversed() }
    let back =
      isMirrored ? "" : ", decoder \(decoder.map { sizes($0.hidden) }.joined(separator: "/"))"
    return "\(layers)\(back), \(activation)"
  }

  /// The name of the posterior of every layer, or of each where they differ.
  fileprivate var posteriorText: String {
    let names = encoder.map(\.posterior.name)
    return Set(names).count == 1 ? names[0] : names.joined(separator: ", ")
  }
}
