import Compute

/// The part of a normal distribution that lets units depend on each other:
///
///     z = units + lower e        log q(z) = log q(units), for the triangle's determinant is 1
struct TriangleMove: PosteriorMove {
  let headNames = ["lower"]

  func heads(latent: Int) -> [Head] {
    // At first units are independent.
    [Head(name: "lower", outputs: latent * (latent - 1) / 2, startsAtZero: true)]
  }

  func problem(latent: Int) -> String? {
    let range = 2...Triangle.maximumUnits
    return range.contains(latent)
      ? nil
      : "the posterior 'full' needs \(range.lowerBound) to \(range.upperBound) latents, found "
        + "\(latent). Of one latent it is 'gaussian'."
  }

  func append(
    _ units: DrawnUnits, into sample: Tensor, to program: inout ProgramBuilder
  ) throws(ProgramError) -> Moved {
    let (logSigma, lower) = (units.heads[1], units.heads[2])
    guard let noise = units.noise else {
      try program.append(
        .map(Map([.init(units.values.value, into: sample)], reading: [units.values])))
      return Moved()
    }
    let product = Tensor("\(sample.name).product", sample.shape, .temporary)
    try program.append(.triangle(Triangle(.product(lower: lower), input: noise, output: product)))
    try program.append(
      .map(
        Map(
          [.init(units.values.value + product.value, into: sample)],
          reading: [units.values, product])))
    return Moved { _, program throws(ProgramError) in
      // log q is -|e|^2 / 2 and what does not depend on z, and e is the inverse triangle times z - mean.
      let diagonal = Tensor("\(sample.name).diagonal", logSigma.shape, .temporary)
      let solution = Tensor("\(sample.name).solution", sample.shape, .temporary)
      let slope = Tensor("\(sample.name).slope", sample.shape, .temporary)
      try program.append(
        .map(Map([.init(.exp(logSigma.value), into: diagonal)], reading: [logSigma])))
      try program.append(
        .triangle(
          Triangle(.solve(lower: lower, diagonal: diagonal), input: noise, output: solution)))
      try program.append(.map(Map([.init(-solution.value, into: slope)], reading: [solution])))
      return slope
    }
  }
}

extension Posterior {
  /// A normal distribution of any covariance: z = mean + (diag(exp(log_sigma)) + lower) e.
  public static let full = gaussian(
    .string("full"), family: "full", name: "full", move: TriangleMove())
}
