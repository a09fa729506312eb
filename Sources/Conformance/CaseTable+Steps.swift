import Compute
import IWAE

extension CaseTable {
  /// Whole training steps, where a device fuses what it likes. Between them they have one to three
  /// stochastic layers, parameters of the likelihood and of the prior, posteriors of two kinds, and
  /// every activation, objective and estimator.
  func stepCases() -> [ConformanceCase] {
    let small = StepModels.small
    let two = Model(
      dataSize: 21, activation: .softplus,
      encoder: [.init(hidden: [18], latent: 6), .init(hidden: [9], latent: 3)],
      decoder: [.init(hidden: [9]), .init(hidden: [18])])
    let three = StepModels.three(dataSize: 10, .relu)
    let formulas = StepModels.formulas(dataSize: 10)
    let models = [(small, "small"), (two, "two"), (three, "three"), (formulas, "formulas")]
    var cases: [ConformanceCase] = []
    for objective in Objective.names.compactMap({ Objective($0, beta: 0.3, alpha: 0.4) }) {
      // The closed form is that of Gaussians.
      for (model, label) in models where objective != .elbo || model.hasGaussians {
        cases.append(step(label, model, batch: 3, groups: 2, samples: 5, objective))
      }
    }
    for estimator in [Objective.Estimator.stl, .dreg] {
      for (model, label) in models {
        cases += [
          step(label, model, batch: 3, samples: 6, .iwae, estimator: estimator),
          step(label, model, batch: 2, groups: 2, samples: 3, .piwae, estimator: estimator),
        ]
      }
    }
    for (batch, samples) in [(1, 1), (20, 1), (7, 150), (20, 5)] {
      cases.append(step("small", small, batch: batch, samples: samples, .iwae))
    }
    for (model, label) in models {
      cases.append(
        step(
          "\(label), missing values", model, batch: 3, samples: 5, .iwae, estimator: .dreg,
          hasMissing: true))
    }
    for kind in HiddenKind.all {
      cases.append(
        step("hidden \(kind.name)", StepModels.hidden(kind), batch: 3, samples: 5, .iwae))
    }
    for (label, model) in StepModels.joint + StepModels.moved {
      cases += [
        step(label, model, batch: 3, groups: 2, samples: 5, .piwae),
        step(label, model, batch: 2, samples: 24, .iwae, estimator: .dreg),
        step(label, model, batch: 3, samples: 2, .rws),
        training(label, model, batch: 3, samples: 4, .usual),
      ]
    }
    cases.append(
      step(
        "many steps", StepModels.manySteps, batch: 2, samples: 3, .iwae, estimator: .stl))
    for hasMissing in [false, true] {
      cases.append(
        step(
          hasMissing ? "categorical, missing values" : "categorical", StepModels.categorical,
          batch: 4, groups: 2, samples: 5, .piwae, estimator: .dreg, hasMissing: hasMissing))
    }
    for estimator in Objective.Estimator.rows {
      cases.append(
        step(
          "conditional", StepModels.conditional, batch: 4, groups: 2, samples: 5, .miwae,
          estimator: estimator))
    }
    cases.append(step("conditional", StepModels.conditional, batch: 3, samples: 4, .rws))
    cases += [
      step("burda-1", .burda1(dataSize: 784), batch: 4, samples: 5, .iwae),
      step("burda-2", .burda2(dataSize: 784), batch: 4, samples: 5, .iwae, estimator: .dreg),
    ]
    cases += [
      trainingCase(),
      training("small", small, batch: 3, samples: 5, .released),
      training("two", two, batch: 4, samples: 1, .usual),
      training("three", three, batch: 2, samples: 120, .usual),
      training("conditional", StepModels.conditional, batch: 3, samples: 5, .usual),
      training("categorical", StepModels.categorical, batch: 3, samples: 5, .usual),
      training("two", two, batch: 3, samples: 5, .usual, estimator: .auto),
    ]
    return cases
  }

  /// Training steps of a small model.
  func trainingCase() -> ConformanceCase {
    training("small", StepModels.small, batch: 3, samples: 5, .usual)
  }

  /// Three training steps in a row, in earnest: batches out of resident data, the optimizer, and
  /// temporaries that share their places.
  private func training(
    _ label: String, _ model: Model, batch: Int, samples: Int, _ convention: AdamConvention,
    estimator: Objective.Estimator = .standard
  ) -> ConformanceCase {
    let title =
      "training(\(label),\(convention.rawValue),batch=\(batch),k=\(samples)"
      + (estimator == .standard ? ")" : ",\(estimator.rawValue))")
    var inputs = CaseInputs(case: title, seed: seed)
    let images = 3 * batch + 1
    let shape = Shape.matrix(rows: images, columns: model.dataSize)
    let source = Tensor("data", shape, .resident, element: .float32)
    let order = Tensor("order", .vector(images), .resident, element: .uint32)
    let total = Tensor("total", .vector(1), .state)
    let classes = model.condition.map {
      Tensor("classes", .matrix(rows: images, columns: $0), .resident, element: .uint8)
    }
    // The epsilon is large, so that updates do not blow up the rounding of small gradients.
    var optimizer = Adam(convention)
    optimizer.epsilon = 0.1
    let configuration = StepConfiguration(
      batchSize: batch, samples: samples, objective: .iwae, estimator: estimator,
      source: .resident(
        source: source, order: order, scale: 1,
        binarization: model.likelihood.isBinarized ? .sample : .none, labels: classes),
      optimizer: optimizer, sumsOverBatch: convention == .released, boundTotal: total)
    let step = checked(title) { try Step.build(model, configuration) }
    var values = parameterValues(of: model, &inputs)
    values[source] = .floats(
      model.likelihood.isBinarized
        ? inputs.uniforms(shape.count) : Self.data(of: model.likelihood, shape.count, &inputs))
    values[order] = .words(inputs.permutation(images))
    // The shares of what is mixed, as quotients: each of a size of its own.
    let states = step.program.tensors.filter {
      [.state, .accumulator].contains($0.role) && $0 != total
    }
    for (index, state) in states.filter({ $0.role == .state }).enumerated() {
      values[state] = .floats([1.5 + Float(index % 3)])
    }
    values[total] = .floats([0])
    if let classes { values[classes] = .bytes(labelRows(of: model, images)) }
    for parameter in model.parameters {
      values[parameter.counterpart(.secondMoment)] = .floats(
        Array(repeating: convention.initialSecondMoment, count: parameter.shape.count))
    }
    var control = Control()
    control.seed = seed
    control.pass = 4
    convention.apply(to: &control, step: 0, rate: 0.01, optimizer: optimizer)
    let limit = limit(model, rows: batch * samples)
    return ConformanceCase(
      name: title, program: step.program,
      shared: model.parameters + [source, order, total] + states
        + [classes].compactMap(\.self),
      values: values, control: control,
      checks: [.init(tensor: total, tolerance: logWeightLimit(model))]
        + model.parameters.flatMap { parameter in
          [
            .init(tensor: parameter, tolerance: limit, pool: "parameters"),
            .init(
              tensor: parameter.counterpart(.firstMoment), tolerance: limit,
              pool: layer(of: parameter)),
          ]
        }, runs: 3, protection: .none)
  }

  func step(
    _ label: String, _ model: Model, batch: Int, groups: Int = 1, samples: Int,
    _ objective: Objective, estimator: Objective.Estimator = .standard, hasMissing: Bool = false,
    isRandom: Bool = false
  ) -> ConformanceCase {
    let title =
      "step(\(label),\(objective.name),\(estimator.rawValue),batch=\(batch),m=\(groups),k=\(samples))"
    var inputs = CaseInputs(case: title, seed: seed)
    let configuration = StepConfiguration(
      batchSize: batch, groups: groups, samples: samples, objective: objective,
      estimator: estimator, source: .uploaded(hasMissing: hasMissing), optimizer: nil)
    let step = checked(title) { try Step.build(model, configuration) }
    var values = parameterValues(of: model, &inputs)
    if let images = step.images {
      let pixels = Self.data(of: model.likelihood, images.shape.count, &inputs)
      values[images] = .floats(
        hasMissing ? pixels.enumerated().map { $0 % 3 == 1 ? .nan : $1 } : pixels)
    }
    if let labels = step.labels {
      values[labels] = .floats(labelRows(of: model, batch).map(Float.init))
    }
    if let indices = step.indices {
      values[indices] = .words((0..<batch).map { UInt32($0) * 1009 })
    }
    var control = Control()
    control.seed = seed
    control.step = 5
    control.klWeight = 0.9
    // VIMCO's and TVO's coefficients are differences of log-weights, not shares of them: as large as
    // what tells samples apart, and their errors as large as the log-weights'.
    let size =
      configuration.objective.rule(groups: groups, samples: samples).needsEverySample ? 4 : 1
    let limit =
      isRandom ? .step(times: size) : limit(model, rows: batch * samples * groups, times: size)
    return ConformanceCase(
      name: title, program: step.program, shared: model.parameters, values: values,
      control: control,
      checks: [step.logWeights, step.bounds, step.encoderBounds, step.bound].map {
        .init(tensor: $0, tolerance: isRandom ? .step(times: 1) : logWeightLimit(model))
      }
        + step.program.tensors(.gradient).map {
          .init(tensor: $0, tolerance: limit, pool: layer(of: $0))
        }, mayBeIllConditioned: isRandom)
  }

  /// Values that a likelihood gives a density.
  private static func data(
    of likelihood: Likelihood, _ count: Int, _ inputs: inout CaseInputs
  ) -> [Float] {
    if likelihood.isBinarized { return inputs.bits(count) }
    switch likelihood.support {
    case .unit: return inputs.uniforms(count)
    case .counts: return inputs.uniforms(count).map { (6 * $0).rounded(.down) }
    case .levels: return inputs.uniforms(count).map { (256 * $0).rounded(.down) / 255 }
    case .positive: return inputs.uniforms(count).map { 0.1 + 3 * $0 }
    case .classes(let classes):
      return inputs.uniforms(count).map { (Float(classes) * $0).rounded(.down) }
    case .reals: return inputs.normals(count)
    }
  }

  /// Labels by turns.
  private func labelRows(of model: Model, _ rows: Int) -> [UInt8] {
    let classes = model.condition ?? 1
    return checked("labels") { try model.labelRows((0..<rows).map { $0 % classes }, rows: rows) }
  }

  /// The limit of a gradient. The widest layer bounds the length of every sum but those over samples. A
  /// log-weight adds up a unit or two for each pixel, and for each latent under p and under q.
  private func limit(_ model: Model, rows: Int, times: Int = 1) -> Tolerance {
    .weighted(sums: max(widest(model), rows), logWeight: 2 * times * terms(model))
  }

  /// The limit of a log-weight, and of a bound, which is as exact.
  private func logWeightLimit(_ model: Model) -> Tolerance {
    .logWeights(terms: terms(model), depth: widest(model))
  }

  /// The products in the longest sum of a layer.
  private func widest(_ model: Model) -> Int {
    model.parameters.filter { !$0.shape.isVector }.map(\.shape.columns).max() ?? 1
  }

  /// The log densities that a log-weight adds up.
  private func terms(_ model: Model) -> Int {
    model.dataSize + 2 * model.encoder.reduce(0) { $0 + $1.latent }
  }

  /// The name of the layer that a weight or a bias belongs to.
  private func layer(of parameter: Tensor) -> String {
    parameter.name.split(separator: ".").dropLast().joined(separator: ".")
  }

  /// Small log-sigmas keep densities, and so all numbers, of moderate size.
  private func parameterValues(
    of model: Model, _ inputs: inout CaseInputs
  ) -> [Tensor: HostValues] {
    var values: [Tensor: HostValues] = [:]
    for parameter in model.parameters {
      let isScale = parameter.name.contains("log_sigma") || parameter.name.contains("log_scale")
      // Steps of a flow multiply each other's slopes.
      let isOfFlow = parameter.name.contains(".flow.")
      let gain: Float = isScale ? 0.1 : isOfFlow ? 0.3 : 0.7
      let scale =
        parameter.shape.isVector ? 0.1 : gain / Float(parameter.shape.columns).squareRoot()
      values[parameter] = .floats(inputs.normals(parameter.shape.count, scale: scale))
    }
    return values
  }
}
