import Compute

/// A standard normal distribution that coupling steps have moved.
///
/// The density takes latents back: for each step b' = (b - m(a)) exp(-s(a)), and then
/// log p(z) = log N(u; 0, I) - the sum of all s.
struct FlowPrior: JointPrior {
  let steps: Int
  let hidden: [Int]

  var hiddenLayers: Int { steps * hidden.count }

  private func couplings(of model: Model) -> [Coupling] {
    Coupling.flow(
      "prior.flow", steps: steps, latent: model.encoder[model.encoder.count - 1].latent,
      hidden: hidden, activation: model.activation)
  }

  func parameters(of model: Model) -> [LayerParameter] {
    couplings(of: model).flatMap(\.network.layerParameters)
  }

  func problem(of model: Model) -> String? {
    let latent = model.encoder[model.encoder.count - 1].latent
    return Coupling.problem(latent: latent).map { "the prior \($0)" }
  }

  func prepare(_ model: Model, _ program: inout ProgramBuilder) throws(ProgramError) -> [Tensor] {
    []
  }

  func append(
    at sample: Tensor, _ prepared: [Tensor], of model: Model, into term: Tensor,
    to program: inout ProgramBuilder
  ) throws(ProgramError) {
    var parts = try CouplingParts(sample, named: "prior.units", &program)
    var totals: [Tensor] = []
    for coupling in couplings(of: model) {
      totals.append(try parts.take(coupling, inverted: true, &program).total)
    }
    for part in [parts.first, parts.second] {
      let density = Tensor("\(part.name).density", term.shape, .temporary)
      let normal = Prior.standardNormalLogDensity.substituting(["z": part.value])
      try program.append(.map(Map([.init(sumOf: -normal, into: density)], reading: [part])))
      totals.append(density)
    }
    // A map takes so many operands, its result among them.
    let most = Map.maximumOperands - 2
    for first in stride(from: 0, to: totals.count, by: most) {
      let some = Array(totals[first..<min(first + most, totals.count)])
      let start = first == 0 ? Formula(0) : term.value
      let sum = some.reduce(start) { $0 - $1.value }
      try program.append(
        .map(Map([.init(sum, into: term)], reading: some + (first == 0 ? [] : [term]))))
    }
  }

  func draw(_ generator: Generator, _ addresses: [NoiseAddress]) throws -> [Float] {
    let model = generator.model
    let shape = Shape.matrix(
      rows: addresses.count, columns: model.encoder[model.encoder.count - 1].latent)
    let (noise, latents) = (Tensor("u", shape, .input), Tensor("z", shape, .output))
    var program = ProgramBuilder("prior")
    var parts = try CouplingParts(noise, named: "prior.units", &program)
    for coupling in couplings(of: model).reversed() {
      _ = try parts.take(coupling, inverted: false, &program)
    }
    try parts.join(into: latents, &program)
    let values = addresses.flatMap { address in
      (0..<shape.columns).map { address.normal(column: $0) }
    }
    return try generator.run(program.build(), [noise: values], reading: [latents])[0]
  }
}

extension Prior {
  /// A flow of so many coupling steps, each with hidden layers of these sizes.
  ///
  /// - Precondition: There is at least one step.
  public static func flow(steps: Int, hidden: [Int] = [100]) -> Prior {
    precondition(steps >= 1, "expected at least one step, found \(steps)")
    return Prior(
      definition: .object([
        "family": .string("flow"), "steps": .number(Double(steps)),
        "hidden": .array(hidden.map { .number(Double($0)) }),
      ]), family: "flow", name: "flow:\(steps)", logDensity: nil,
      joint: FlowPrior(steps: steps, hidden: hidden))
  }

  static let flowFamily = DensityFamily<Prior>(
    name: "flow", isNamed: false, numberField: "steps"
  ) { fields throws(DescriptionError) in
    try fields.allow(["steps", "hidden"])
    return .flow(
      steps: try fields.count("steps", 1...64), hidden: try fields.sizes("hidden", otherwise: [100])
    )
  }
}
