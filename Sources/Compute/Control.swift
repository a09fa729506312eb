/// The numbers that change from run to run of a program; uploaded before each.
public struct Control: Hashable, Sendable {
  /// The key of all addressed noise.
  public var seed: UInt64 = 0
  /// The training step: the time of latent noise.
  public var step: UInt32 = 0
  /// The pass over the data: the time of binarization noise.
  public var pass: UInt32 = 0
  /// The position in the order at which the batch begins.
  public var batchOffset: UInt32 = 0
  /// The index of the first sample of each image, for evaluation in chunks.
  public var sampleOffset: UInt32 = 0
  /// The weight of log p(h) - log q(h|x) in log w: 1 but for training that weighs it.
  public var klWeight: Float = 1
  /// Adam's step length, with its bias correction.
  public var stepSize: Float = 0
  /// The factor of the square root of Adam's second moment.
  public var momentScale: Float = 1
  /// The share of every parameter that Adam takes away before its step.
  public var decay: Float = 0

  public init() {}

  /// The record as devices receive it: sixteen words, the last six unused.
  public var words: SIMD16<UInt32> {
    SIMD16(
      UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), step, pass,
      batchOffset, sampleOffset, klWeight.bitPattern, stepSize.bitPattern, momentScale.bitPattern,
      decay.bitPattern, 0, 0, 0, 0, 0, 0)
  }
}

extension Control {
  /// A field of the record that formulas may mention.
  public enum Value: String, Hashable, Sendable, CaseIterable {
    case klWeight = "kl_weight"

    /// The name in formulas, which no tensor's and no user's name equals.
    public var variable: String { "control.\(rawValue)" }

    public var formula: Formula { .variable(variable) }
  }

  public subscript(value: Value) -> Float {
    switch value {
    case .klWeight: klWeight
    }
  }

  /// The record's fields in kernel order, the type by which kernels know each.
  public static let fields = [
    ("uint", "seed_low"), ("uint", "seed_high"), ("uint", "step"), ("uint", "pass"),
    ("uint", "batch_offset"), ("uint", "sample_offset"), ("float", Value.klWeight.rawValue),
    ("float", "step_size"), ("float", "moment_scale"), ("float", "decay"),
  ]
}

/// A convention by which Adam's bias correction enters the update.
public enum AdamConvention: String, Hashable, Sendable, CaseIterable {
  /// Kingma and Ba's algorithm: epsilon is added to the corrected square root.
  case usual
  /// The released IWAE code: epsilon is added to the uncorrected square root, second moments
  /// start at one, and each update follows the moments as they stood before its gradient.
  case released

  /// The initial value of every second moment.
  public var initialSecondMoment: Float { self == .usual ? 0 : 1 }

  /// Sets the control record's step length, moment scale and decay.
  ///
  /// - Parameters:
  ///   - control: The record.
  ///   - step: The number of updates made before this one.
  ///   - rate: The learning rate.
  ///   - optimizer: The update that reads the record.
  public func apply(to control: inout Control, step: Int, rate: Double, optimizer: Adam) {
    // Of the rate alone: a correction of moments is none of parameters.
    control.decay = Float(rate * optimizer.weightDecay)
    let first = 1 - power(Double(optimizer.beta1), step + 1)
    let second = (1 - power(Double(optimizer.beta2), step + 1)).squareRoot()
    switch self {
    case .usual:
      control.stepSize = Float(rate / first)
      control.momentScale = Float(1 / second)
    case .released:
      control.stepSize = Float(rate * second / first)
      control.momentScale = 1
    }
  }

  /// base^count by repeated squaring: the same bits on every platform.
  private func power(_ base: Double, _ count: Int) -> Double {
    var result = 1.0
    var square = base
    var rest = count
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
