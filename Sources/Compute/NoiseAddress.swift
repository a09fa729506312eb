/// The purpose of a random number. Distinct purposes never share a counter.
public enum NoisePurpose: Hashable, Sendable {
  /// The threshold of a pixel that is binarized afresh.
  case binarization
  /// The order of images in a pass.
  case shuffling
  /// The initial value of a parameter.
  case initialization
  /// Procedurally generated data.
  case data
  /// Drawing latents and pixels from the trained model.
  case generation
  /// Choosing among samples by their weights.
  case resampling
  /// The acceptance of a transition.
  case acceptance
  /// The reparameterization noise of one stochastic layer, counted upwards from the data.
  case latent(layer: Int)

  /// The number of stochastic layers that have streams of their own.
  public static let maximumLayers = 240

  /// The purpose as it enters the counter's top byte.
  public var code: UInt32 {
    switch self {
    case .binarization: 1
    case .shuffling: 2
    case .initialization: 3
    case .data: 4
    case .generation: 5
    case .resampling: 6
    case .acceptance: 7
    case .latent(let layer): 16 + UInt32(layer)
    }
  }
}

/// The address of one row of random numbers; a column completes it to a Philox counter.
///
/// A Philox call yields four words, so a call serves four columns: column `j` is word
/// `(j / 16) % 4` of the call at `(j / 64) * 16 + j % 16`. Sixteen neighbouring columns thus come
/// from sixteen neighbouring calls, which suits vectors of sixteen and costs a scalar nothing.
public struct NoiseAddress: Hashable, Sendable {
  public var seed: UInt64
  public var purpose: NoisePurpose
  /// The training step for latents, the pass for pixels.
  public var time: UInt32
  /// The image's index in the data set.
  public var image: UInt32
  /// The sample's index among all of its image's samples.
  public var sample: UInt32

  public init(
    seed: UInt64, purpose: NoisePurpose, time: UInt32 = 0, image: UInt32 = 0, sample: UInt32 = 0
  ) {
    self.seed = seed
    self.purpose = purpose
    self.time = time
    self.image = image
    self.sample = sample
  }

  /// The largest column that an address reaches: a call's index has 24 bits.
  public static let maximumColumns = 1 << 26

  /// The four words of the call that serves a column.
  func words(servingColumn column: Int) -> SIMD4<UInt32> {
    precondition(column < Self.maximumColumns, "a row of noise has at most 2^26 columns")
    let call = UInt32(column / 64 * 16 + column % 16)
    return Philox.words(at: SIMD4(purpose.code << 24 | call, sample, image, time), seed: seed)
  }

  /// A uniform number in [0, 1), a multiple of 2^-24, so exact in a `Float`.
  public func uniform(column: Int) -> Float {
    Float(word(column: column) >> 8) * 0x1p-24
  }

  /// A uniform number in (0, 1), an odd multiple of 2^-24, so exact in a `Float`.
  public func openUniform(column: Int) -> Float {
    Float(word(column: column) >> 8 | 1) * 0x1p-24
  }

  /// The random word of a column.
  public func word(column: Int) -> UInt32 {
    words(servingColumn: column)[column / 16 % 4]
  }

  /// A standard normal number; the same bits on every device.
  public func normal(column: Int) -> Float {
    let words = words(servingColumn: column)
    let which = column / 16 % 4
    let pair = which < 2 ? boxMuller(words.x, words.y) : boxMuller(words.z, words.w)
    return which % 2 == 0 ? pair.cosine : pair.sine
  }
}

/// Two independent standard normal numbers from two random words (Box and Muller 1958).
///
/// Only operations that IEEE 754 rounds exactly occur (`+`, `*`, fused multiply-add, conversion,
/// bit moves), in the order that `noise.cl` uses, so that the bits agree. Division and square
/// root are left out because OpenCL lets a device round them wrongly.
public func boxMuller(_ first: UInt32, _ second: UInt32) -> (cosine: Float, sine: Float) {
  // (0, 1]: half a step above zero, so the logarithm is finite.
  let uniform = fma(Float(first), 0x1p-32, 0x1p-33)
  let radius = exactSquareRoot(-2 * exactLogarithm(uniform))
  let (sine, cosine) = exactSineCosine(turns: second)
  return (radius * cosine, radius * sine)
}

@inline(__always)
private func fma(_ a: Float, _ b: Float, _ c: Float) -> Float { c.addingProduct(a, b) }

/// log x for normal x: x = 2^e m with m in [sqrt(1/2), sqrt(2)), then a polynomial in m - 1.
private func exactLogarithm(_ x: Float) -> Float {
  let bits = Int32(bitPattern: x.bitPattern)
  let exponent = (bits &- 0x3f35_04f3) >> 23
  let f = Float(bitPattern: UInt32(bitPattern: bits &- exponent << 23)) - 1
  var p: Float = -0x1.38b4ccp-4
  p = fma(p, f, 0x1.055b46p-3)
  p = fma(p, f, -0x1.0d8552p-3)
  p = fma(p, f, 0x1.22da22p-3)
  p = fma(p, f, -0x1.547244p-3)
  p = fma(p, f, 0x1.99a008p-3)
  p = fma(p, f, -0x1.000228p-2)
  p = fma(p, f, 0x1.555554p-2)
  let z = f * f
  var y = (p * f) * z
  y = fma(Float(exponent), -0x1.bd0106p-13, y)
  y = fma(-0.5, z, y)
  return fma(Float(exponent), 0x1.63p-1, f + y)
}

/// The square root of x >= 0 by Newton's iteration on its reciprocal, and one correction.
private func exactSquareRoot(_ x: Float) -> Float {
  let half = 0.5 * x
  var y = Float(bitPattern: 0x5f37_59df &- x.bitPattern >> 1)
  for _ in 0..<3 { y *= fma(-(half * y), y, 1.5) }
  let root = x * y
  return fma(fma(-root, root, x), 0.5 * y, root)
}

/// Sine and cosine of an angle given as a fraction of 2^32 of a full turn.
private func exactSineCosine(turns: UInt32) -> (sine: Float, cosine: Float) {
  // The nearest quarter turn, and what remains: at most an eighth of a turn either way.
  let quadrant = (turns &+ 0x2000_0000) >> 30
  let rest = Int32(bitPattern: turns &- quadrant << 30)
  let t = Float(rest) * 0x1.921fb6p-30
  let z = t * t
  var s: Float = -0x1.994e86p-13
  s = fma(s, z, 0x1.110760p-7)
  s = fma(s, z, -0x1.555546p-3)
  s = fma(s * z, t, t)
  var c: Float = 0x1.9a0230p-16
  c = fma(c, z, -0x1.6c0c8cp-10)
  c = fma(c, z, 0x1.55554ap-5)
  c = fma(c * z, z, fma(-0.5, z, 1))
  let swapped = quadrant & 1 == 1
  let sineSign = (quadrant & 2) << 30
  let cosineSign = ((quadrant &+ 1) & 2) << 30
  return (
    Float(bitPattern: (swapped ? c : s).bitPattern ^ sineSign),
    Float(bitPattern: (swapped ? s : c).bitPattern ^ cosineSign)
  )
}
