import Compute

extension Trainer {
  static func freshState(
    _ model: Model, _ configuration: TrainingConfiguration, _ images: ImageSet,
    _ initial: [Tensor: [Float]] = [:]
  ) -> [Tensor: [Float]] {
    // A prior of more has images that come again, which start apart.
    let count =
      configuration.priorStart == .images ? min(model.prior.imageCount, images.count) : 0
    let examples = (0..<count).map { images.pixels(of: $0 * images.count / count) }
    var state = model.initialParameters(
      seed: configuration.seed, mean: images.mean,
      frequencies: model.likelihood.classes.map { images.frequencies(ofClasses: $0) },
      images: examples
    ).merging(initial) { $1 }
    for parameter in model.parameters {
      let count = parameter.shape.count
      state[parameter.counterpart(.firstMoment)] = Array(repeating: 0, count: count)
      state[parameter.counterpart(.secondMoment)] = Array(
        repeating: configuration.convention.initialSecondMoment, count: count)
      if configuration.keepsAverages {
        state[parameter.counterpart(.average)] = state[parameter]
      }
    }
    return state
  }
}
