import Compute
import IWAE

extension CaseTable {
  /// Whole training steps, where a device fuses what it likes. Between them they have one to three
  /// stochastic layers, every likelihood, activation, objective and estimator.
  static func stepCases(_ seed: UInt64) -> [ConformanceCase] {
    let small = Model(
      dataSize: 37, encoder: [.init(hidden: [19, 17], latent: 5)],
      decoder: [.init(hidden: [17, 19])])
    let two = Model(
      dataSize: 21, activation: .softplus,
      encoder: [.init(hidden: [18], latent: 6), .init(hidden: [9], latent: 3)],
      decoder: [.init(hidden: [9]), .init(hidden: [18])])
    let three = Model(
      dataSize: 10, activation: .relu, likelihood: .gaussian,
      encoder: [
        .init(hidden: [], latent: 4), .init(hidden: [5], latent: 3), .init(hidden: [4], latent: 2),
      ],
      decoder: [.init(hidden: []), .init(hidden: [6]), .init(hidden: [7])])
    var cases: [ConformanceCase] = []
    for name in Objective.names {
      guard let objective = Objective(name, beta: 0.3, alpha: 0.4) else { continue }
      for (model, label) in [(small, "small"), (two, "two"), (three, "three")] {
        cases.append(
          step(label, model, name, batch: 3, groups: 2, samples: 5, objective, .standard, seed))
      }
    }
    for estimator in [Objective.Estimator.stl, .dreg] {
      for (model, label) in [(small, "small"), (two, "two"), (three, "three")] {
        cases.append(
          step(label, model, "iwae", batch: 3, groups: 1, samples: 6, .iwae, estimator, seed))
        cases.append(
          step(label, model, "piwae", batch: 2, groups: 2, samples: 3, .piwae, estimator, seed))
      }
    }
    for (batch, samples) in [(1, 1), (20, 1), (7, 150), (20, 5)] {
      cases.append(
        step(
          "small", small, "iwae", batch: batch, groups: 1, samples: samples, .iwae, .standard, seed)
      )
    }
    cases.append(
      step(
        "burda-1", .burda1(dataSize: 784), "iwae", batch: 4, groups: 1, samples: 5, .iwae,
        .standard, seed))
    cases.append(
      step(
        "burda-2", .burda2(dataSize: 784), "iwae", batch: 4, groups: 1, samples: 5, .iwae, .dreg,
        seed))
    return cases
  }

  private static func step(
    _ label: String, _ model: Model, _ name: String, batch: Int, groups: Int, samples: Int,
    _ objective: Objective, _ estimator: Objective.Estimator, _ seed: UInt64
  ) -> ConformanceCase {
    let title =
      "step(\(label),\(name),\(estimator.rawValue),batch=\(batch),m=\(groups),k=\(samples))"
    var inputs = CaseInputs(case: title, seed: seed)
    let configuration = StepConfiguration(
      batchSize: batch, groups: groups, samples: samples, objective: objective,
      estimator: estimator, optimizer: nil)
    let step: Step
    do throws(ProgramError) {
      step = try Step.build(model, configuration)
    } catch {
      preconditionFailure("\(title): \(error)")
    }
    var values: [Tensor: HostValues] = [:]
    for parameter in model.parameters {
      // Small log-sigmas keep densities, and so all numbers, of moderate size.
      let gain: Float = parameter.name.contains("log_sigma") ? 0.1 : 0.7
      let scale =
        parameter.shape.isVector ? 0.1 : gain / Float(parameter.shape.columns).squareRoot()
      values[parameter] = .floats(inputs.normals(parameter.shape.count, scale: scale))
    }
    if let images = step.images {
      values[images] = .floats(
        model.likelihood == .bernoulli
          ? inputs.bits(images.shape.count) : inputs.normals(images.shape.count))
    }
    if let indices = step.indices {
      values[indices] = .words((0..<batch).map { UInt32($0) * 1009 })
    }
    var control = Control()
    control.seed = seed
    control.step = 5
    control.klWeight = 0.9
    // The widest layer bounds the length of every sum but those over samples; log-weights are no
    // larger than a unit or two a pixel.
    let widest = model.parameters.map(\.shape.columns).max() ?? 1
    let depth = max(widest, batch * samples * groups)
    let limit = Tolerance.weighted(sums: depth, logWeight: 2 * model.dataSize)
    return ConformanceCase(
      name: title, program: step.program, shared: model.parameters, values: values,
      control: control,
      checks: [step.logWeights, step.bounds, step.encoderBounds, step.bound].map {
        .init($0, .sums(of: depth))
      }
        + step.program.tensors(.gradient).map {
          .init($0, limit, isPooled: true)
        })
  }
}
