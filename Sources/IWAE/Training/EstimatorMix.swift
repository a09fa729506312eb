import Compute

/// The shares of a gradient that is zero on average, tensor by tensor, with which its sum with another
/// varies least.
///
/// With g a gradient and d the difference of two estimators of it, both from the same samples, g + s d is
/// right on average for any s that does not come from those samples, and E|g + s d|^2 is least for
///
///     s = -E<g, d> / E<d, d>
///
/// of which both means are learnt from steps that went before.
struct EstimatorMix: Equatable {
  /// <g, d> and <d, d> of a tensor, summed over what was learnt from.
  struct Sums: Equatable {
    var product: Float = 0
    var square: Float = 0

    /// The share; 0 where nothing is known.
    var share: Float {
      let share = -product / square
      return square > 0 && share.isFinite ? share : 0
    }
  }

  /// The part of the sums that stays when more is learnt in training, where parameters move.
  static let decay: Float = 0.99

  let parameters: [Tensor]
  private(set) var sums: [Sums]

  init(of parameters: [Tensor]) {
    self.parameters = parameters
    sums = parameters.map { _ in Sums() }
  }

  /// Learns from the gradients of one step. Those that are no numbers teach nothing.
  ///
  /// - Parameters:
  ///   - gradients: For each parameter g, or g + s d where `added`.
  ///   - differences: d, for each.
  ///   - added: The shares s that gradients hold already; nil for none.
  ///   - decay: The part of what was known that stays.
  mutating func learn(
    _ gradients: [[Float]], _ differences: [[Float]], added: [Float]? = nil, decay: Float = 1
  ) {
    for (index, (gradient, difference)) in zip(gradients, differences).enumerated() {
      var (product, square) = (0.0, 0.0)
      for (g, d) in zip(gradient, difference) {
        product += Double(g) * Double(d)
        square += Double(d) * Double(d)
      }
      product -= square * Double(added?[index] ?? 0)
      let next = Sums(
        product: decay * sums[index].product + Float(product),
        square: decay * sums[index].square + Float(square))
      if next.product.isFinite, next.square.isFinite { sums[index] = next }
    }
  }

  var shares: [Float] { sums.map(\.share) }

  /// Gradients with their shares of what others differ by.
  func mixed(_ gradients: [[Float]], _ others: [[Float]]) -> [[Float]] {
    zip(zip(gradients, others), shares).map { pair, share in
      zip(pair.0, pair.1).map { $0 + share * ($1 - $0) }
    }
  }
}

/// The mix of a step's programs, and of a run's state.
extension EstimatorMix {
  /// Adds the share of a parameter's difference to its gradient.
  static func addition(to parameter: Tensor) -> Normalize {
    Normalize(
      input: GradientTarget(.difference).tensor(of: parameter), sum: inverse(of: parameter),
      output: parameter.counterpart(.gradient))
  }

  /// `(1)`: one over the share; 0 adds nothing.
  private static func inverse(of parameter: Tensor) -> Tensor {
    Tensor("\(parameter.name).difference.inverse", .vector(1), .state)
  }

  /// A parameter's sums in a run's state.
  static func place(of parameter: Tensor) -> Tensor {
    Tensor(parameter.name, .vector(2), .state)
  }

  var state: [Tensor: [Float]] {
    Dictionary(
      uniqueKeysWithValues: zip(parameters, sums).map {
        (Self.place(of: $0), [$1.product, $1.square])
      })
  }

  /// Takes over what a state holds of it.
  mutating func restore(_ state: [Tensor: [Float]]) {
    for (index, parameter) in parameters.enumerated() {
      let known = state[Self.place(of: parameter)]
      sums[index] = known.map { Sums(product: $0[0], square: $0[1]) } ?? Sums()
    }
  }

  /// Learns from the step that a memory's gradients are of.
  mutating func learn(from memory: any Memory) throws(DeviceError) {
    var (gradients, differences): ([[Float]], [[Float]]) = ([], [])
    for parameter in parameters {
      gradients.append(try memory.floats(parameter.counterpart(.gradient)))
      differences.append(try memory.floats(GradientTarget(.difference).tensor(of: parameter)))
    }
    learn(gradients, differences, added: shares, decay: Self.decay)
    try upload(to: memory)
  }

  /// Lets the next steps add the shares.
  func upload(to memory: any Memory) throws(DeviceError) {
    for (parameter, share) in zip(parameters, shares) {
      try memory.upload([share == 0 ? 0 : 1 / share], to: Self.inverse(of: parameter))
    }
  }
}
