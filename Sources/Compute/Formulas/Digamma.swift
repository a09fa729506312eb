import Foundation

/// The logarithmic derivative of the gamma function.
///
/// NaN at the poles, except that 0 gives -infinity. The error is below 1e-15 of the value or, near
/// its roots, below 1e-15 of the parts that cancel.
func digammaValue(_ x: Double) -> Double {
  if x > 0 { return positiveDigamma(x) }
  if x == 0 { return -.infinity }
  // Reflection: psi(x) = psi(1 - x) - pi cot(pi x). The cotangent has period 1.
  let remainder = x - x.rounded()
  guard remainder != 0, x.isFinite else { return .nan }
  return positiveDigamma(1 - x) - piCotangent(remainder)
}

/// pi cot(pi r) for r in [-1/2, 1/2].
private func piCotangent(_ r: Double) -> Double {
  // Past 1/4, the tangent of the complement keeps the cotangent's zero at 1/2 exact.
  if r.magnitude <= 0.25 { return .pi / tan(.pi * r) }
  let complement = Double.pi * tan(.pi * (0.5 - r.magnitude))
  return r < 0 ? -complement : complement
}

private func positiveDigamma(_ x: Double) -> Double {
  // The other terms are below half a unit in the last place, and 1/x may overflow.
  if x < 1e-18 { return -1 / x }
  guard x.isFinite else { return x }
  // psi(x) = psi(x + n) - sum of 1 / (x + i) for i < n, in pairs of a value and its rounding,
  // since the two terms cancel to the root at 1.46.
  var sum = 0.0
  var rounding = 0.0
  var step = 0.0
  while x + step < 12 {
    let denominator = x + step
    let lost = step > x ? x - (denominator - step) : step - (denominator - x)
    let quotient = 1 / denominator
    rounding += quotient * ((1 as Double).addingProduct(-quotient, denominator) - quotient * lost)
    let next = sum + quotient
    rounding += roundingError(of: next, sum, quotient)
    sum = next
    step += 1
  }
  let y = x + step
  let asymptotic = asymptoticCorrection(y)
  return (log(y) - sum) - (asymptotic + rounding)
}

/// The rounding error of `sum`, which is a + b rounded (Knuth's two-sum).
private func roundingError(of sum: Double, _ a: Double, _ b: Double) -> Double {
  let second = sum - a
  return (a - (sum - second)) + (b - second)
}

/// log y - psi(y) for y >= 12: 1 / 2y and the series of Bernoulli numbers over 2k y^2k.
private func asymptoticCorrection(_ y: Double) -> Double {
  let inverse = 1 / y
  let z = inverse * inverse
  let coefficients: [Double] = [
    1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12,
    -3617.0 / 8160,
  ]
  let series = coefficients.reversed().reduce(0) { $1 + z * $0 }
  return 0.5 * inverse + z * series
}
