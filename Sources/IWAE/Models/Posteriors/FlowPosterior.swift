import Compute

/// Coupling steps that move a Gaussian:
///
///     u' = (a, b exp(s(a, context)) + m(a, context))        log q(u') = log q(u) - the sum of s
struct FlowMove: PosteriorMove {
  let steps: Int
  let hidden: [Int]
  /// The columns that the encoder adds to each step's input.
  let context: Int

  var headNames: [String] { context > 0 ? ["context"] : [] }
  var hiddenLayers: Int { steps * hidden.count }

  func heads(latent: Int) -> [Head] { headNames.map { Head(name: $0, outputs: context) } }

  private func couplings(of model: Model, layer: Int) -> [Coupling] {
    Coupling.flow(
      "encoder.\(layer).flow", steps: steps, latent: model.encoder[layer].latent, context: context,
      hidden: hidden, activation: model.activation)
  }

  func parameters(of model: Model, layer: Int) -> [LayerParameter] {
    couplings(of: model, layer: layer).flatMap(\.network.layerParameters)
  }

  func problem(latent: Int) -> String? {
    Coupling.problem(latent: latent).map { "the posterior \($0)" }
  }

  func append(
    _ units: DrawnUnits, into sample: Tensor, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Moved {
    var parts = try CouplingParts(units.values, named: sample.name, &program)
    var steps: [CouplingParts.Taken] = []
    for coupling in couplings(of: units.model, layer: units.layer) {
      steps.append(
        try parts.take(
          coupling, inverted: false, beside: context > 0 ? units.heads.last : nil, &program))
    }
    try parts.join(into: sample, &program)
    return Moved(spreads: steps.map(\.total)) {
      [steps] slope, program throws(ProgramError) in
      try Self.slope(of: sample, slope, along: steps, &program)
    }
  }

  /// Carries the derivative of log q by the latents along the steps, which needs no inverse:
  ///
  ///     g'_b = g_b exp(-s)        g'_a = g_a - the Jacobian of (s, m), transposed, with (1 + g'_b b exp(s), g'_b)
  private static func slope(
    of sample: Tensor, _ beginning: BoundFormula, along steps: [CouplingParts.Taken],
    _ program: inout ProgramBuilder
  ) throws(ProgramError) -> Tensor {
    let slope = Tensor("\(sample.name).slope", sample.shape, .temporary)
    let start = Tensor("\(slope.name).units", sample.shape, .temporary)
    try program.append(
      .map(Map([.init(beginning.formula, into: start)], reading: beginning.sources)))
    var parts = try CouplingParts(start, named: slope.name, &program)
    for step in steps {
      let name = "\(slope.name).\(step.coupling.network.name)"
      let (staying, moving) = parts[step.coupling]
      let moved = Tensor("\(name).moved", moving.shape, .temporary)
      try program.append(
        .map(
          Map(
            [.init(moving.value * .exp(-step.scale), into: moved)],
            reading: [moving, step.heads[1]])))
      var walk = Derivation(suffix: ".\(slope.name)")
      walk.add(BoundFormula(moved.value, reading: [moved]), to: step.heads[0])
      let growth = 1 + moving.value * step.before.value
      walk.add(
        BoundFormula(
          growth * (1 - step.scale * step.scale), reading: [moving, step.before, step.heads[1]]),
        to: step.heads[1])
      try walk.walk(step.network, of: &program)
      if let known = try walk.value(of: step.stayed, in: &program) {
        let stayed = Tensor("\(name).stayed", staying.shape, .temporary)
        try program.append(
          .map(
            Map(
              [.init(staying.value - known.formula, into: stayed)],
              reading: [staying] + known.sources)))
        parts.first = step.coupling.movesFirst ? moved : stayed
        parts.second = step.coupling.movesFirst ? stayed : moved
      } else {
        parts.replace(step.coupling, by: moved)
      }
    }
    try parts.join(into: slope, &program)
    return slope
  }
}

extension Posterior {
  /// A Gaussian that coupling steps move.
  ///
  /// - Precondition: There is at least one step.
  /// - Parameters:
  ///   - steps: The number of steps.
  ///   - hidden: The sizes of each step's hidden layers.
  ///   - context: The columns that the encoder adds to each step's input.
  public static func flow(steps: Int, hidden: [Int] = [100], context: Int = 0) -> Posterior {
    precondition(steps >= 1, "expected at least one step, found \(steps)")
    precondition(context >= 0, "expected a context of at least 0 columns, found \(context)")
    var fields: [String: JSONValue] = [
      "family": .string("flow"), "steps": .number(Double(steps)),
      "hidden": .array(hidden.map { .number(Double($0)) }),
    ]
    if context > 0 { fields["context"] = .number(Double(context)) }
    return .gaussian(
      .object(fields), family: "flow", name: "flow:\(steps)",
      move: FlowMove(steps: steps, hidden: hidden, context: context))
  }

  static let flowFamily = DensityFamily<Posterior>(
    name: "flow", isNamed: false, numberField: "steps"
  ) { fields throws(DescriptionError) in
    try fields.allow(["steps", "hidden", "context"])
    return .flow(
      steps: try fields.count("steps", 1...64),
      hidden: try fields.sizes("hidden", otherwise: [100]),
      context: fields.values["context"] == nil ? 0 : try fields.count("context", 0...1 << 16))
  }
}
