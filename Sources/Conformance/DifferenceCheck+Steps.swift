import Compute
import IWAE

extension DifferenceCheck {
  static let models =
    [
      ("one", StepModels.one(dataSize: 7, hidden: [5, 4], latent: 3)),
      ("three", StepModels.three(dataSize: 6, .softplus)),
      ("formulas", StepModels.formulas(dataSize: 6)), ("conditional", StepModels.conditional),
      ("categorical", StepModels.categorical),
    ] + StepModels.moved

  /// The bound of a whole model, differentiated through every parameter.
  static func bounds(_ seed: UInt64) -> [Problem] {
    var problems: [Problem] = []
    for (objective, _) in ascended {
      // What is ascended is one bound's gradient only where decoder and encoder agree.
      let rule = objective.rule(groups: groups, samples: samples)
      guard rule.path == rule.decoder else { continue }
      // The closed form leaves out the randomness of what lies above, as the bound does; it is that of
      // a Gaussian and the standard normal distribution.
      for (label, model) in models where objective != .elbo || model.hasGaussians {
        problems.append(bound(label, model, objective, seed))
      }
    }
    // Every kind of hidden layers.
    return problems
      + HiddenKind.all.map { bound("hidden \($0.name)", StepModels.hidden($0), .iwae, seed) }
      + StepModels.joint.flatMap { label, model in
        [.vae, .miwae].map { bound(label, model, $0, seed) }
      }
      + models.prefix(2).map { label, model in
        bound("free bits, \(label)", model, .elbo(freeBits: 0.1), seed)
      }
  }

  private static func bound(
    _ label: String, _ model: Model, _ objective: Objective, _ seed: UInt64
  ) -> Problem {
    let scene = scene(label, model, GradientEstimator(objective), seed)
    return Problem(
      name: "differences(bound,\(label),\(objective.name))", program: scene.step.program,
      shared: model.parameters, values: scene.values, control: control(),
      function: { executable, _ in executable[scene.step.bound][0] },
      pairs: model.parameters.map { ($0, $0.counterpart(.gradient)) })
  }

  /// The function that each objective and estimator ascends with its coefficients held still, from
  /// plain loops:
  ///
  ///     sum over samples of  cDecoder log p(x, h)                  by the parameters of p
  ///                        + cPath (log p(x, h) - log q(h|x))      through h, log q's parameters held
  ///                        + cScore log q(h|x)                     by log q's parameters, h held
  static func ascents(_ seed: UInt64) -> [Problem] {
    let all = GradientEstimator.all(beta: 0.25, alpha: 0.5).filter { $0.objective != .elbo }
    return models.flatMap { label, model in
      all.filter {
        ["one", "formulas"].contains(label) || [.iwae, .rws, .vimco].contains($0.objective)
      }
      .map { ascent(label, model, $0, seed) }
    }
  }

  static func ascent(
    _ label: String, _ model: Model, _ estimator: GradientEstimator, _ seed: UInt64
  ) -> Problem {
    let scene = scene(label, model, estimator, seed)
    let step = scene.step
    func coefficients(_ name: String) -> Tensor? {
      step.program.tensors.first { $0.name == "coefficients.\(name)" }
    }
    let (decoder, path, score) = (
      coefficients("decoder"), coefficients("path"), coefficients("score")
    )
    let hasPath = !estimator.objective.rule(
      groups: groups, samples: samples, estimator: estimator.estimator
    ).path.isZero
    let plain = scene.plain
    let klWeight = Double(control().klWeight)
    return Problem(
      name: "differences(ascent,\(label),\(estimator.name))", program: step.program,
      shared: model.parameters, values: scene.values, control: control(),
      held: model.parameters + [decoder, path, score].compactMap(\.self),
      function: { moved, held in
        func values(_ tensor: Tensor) -> [Double] { moved[tensor] }
        func center(_ tensor: Tensor) -> [Double] { held[tensor] ?? [] }
        let none = [Double](repeating: 0, count: plain.rows)
        let cDecoder = decoder.map(center) ?? none
        let cPath = path.map(center) ?? (hasPath ? cDecoder : none)
        let cScore = score.map(center) ?? cPath.map(-)
        let still = plain.samples(center)
        let through = plain.samples(values)
        let terms: [(coefficients: [Double], factor: Double, values: [Double])] = [
          (cDecoder, 1, plain.likelihood(at: still, values)),
          (cDecoder, klWeight, plain.prior(at: still, values)),
          (cPath, 1, plain.likelihood(at: through, center)),
          (cPath, klWeight, plain.prior(at: through, center)),
          (cPath, -klWeight, plain.posterior(at: through, center)),
          (cScore, klWeight, plain.posterior(at: still, values)),
        ]
        return terms.reduce(0) { total, term in
          zip(term.coefficients, term.values).reduce(total) { $0 + term.factor * $1.0 * $1.1 }
        }
      },
      pairs: model.parameters.map { ($0, $0.counterpart(.gradient)) }, readsResults: false)
  }

  // MARK: Scenes

  private static let (batch, groups, samples) = (2, 2, 4)

  /// A step, what its tensors hold, and the same as plain loops.
  private struct Scene {
    var step: Step
    var values: [Tensor: HostValues]
    var plain: PlainModel
  }

  private static func scene(
    _ label: String, _ model: Model, _ estimator: GradientEstimator, _ seed: UInt64
  ) -> Scene {
    let title = "step(\(label),\(estimator.name))"
    var inputs = CaseInputs(case: title, seed: seed)
    let configuration = StepConfiguration(
      batchSize: batch, groups: groups, samples: samples, objective: estimator.objective,
      estimator: estimator.estimator, noiseIsGiven: true, optimizer: nil)
    let step = checked(title) { try Step.build(model, configuration) }
    var values: [Tensor: [Float]] = [:]
    for tensor in model.parameters {
      // Small log-sigmas: three layers of large ones leave the range of numbers.
      let isScale = tensor.name.contains("log_sigma") || tensor.name.contains("log_scale")
      values[tensor] = inputs.normals(tensor.shape.count, scale: isScale ? 0.1 : 0.4)
    }
    for (layer, tensor) in step.noise.enumerated() {
      values[tensor] =
        switch model.encoder[layer].posterior.noise {
        case .normal: inputs.normals(tensor.shape.count)
        case .uniform: inputs.uniforms(tensor.shape.count).map { 0.05 + 0.9 * $0 }
        }
    }
    if let images = step.images { values[images] = inputs.bits(images.shape.count) }
    let classes = checked(title) {
      try model.labelRows((0..<batch).map { $0 + 1 }, rows: batch).map(Float.init)
    }
    if let labels = step.labels { values[labels] = classes }
    let rows = batch * groups * samples
    let images = (step.images.flatMap { values[$0] } ?? []).map(Double.init)
    let plain = PlainModel(
      model: model, rows: rows,
      images: (0..<rows).flatMap { row in
        let image = row / (groups * samples)
        return images[image * model.dataSize..<(image + 1) * model.dataSize]
      },
      labels: (0..<rows).map { row in
        let (image, columns) = (row / (groups * samples), model.condition ?? 0)
        return classes[image * columns..<(image + 1) * columns].map(Double.init)
      },
      noise: step.noise.map { (values[$0] ?? []).map(Double.init) })
    return Scene(step: step, values: values.mapValues { .floats($0) }, plain: plain)
  }
}
