/// Shortens the gradients of all parameters where they are longer together than a limit, as torch's
/// `clip_grad_norm_` does:
///
///     norm = sqrt(sum of g^2 over all gradients)
///     g *= min(1, limit / (norm + 1e-6))
public struct Clip: SlottedFamily {
  public var limit: Float
  /// `(parts)`: the norms of parts of the gradients, which a device divides as it likes; 0 where it needs
  /// fewer.
  public var norms: Tensor

  /// The parts at most: enough to keep a device busy, and as many on each, so that the order of sums does
  /// not follow from its size.
  public static let parts = 256
  /// What keeps the quotient finite.
  public static let margin: Float = 1e-6

  public init(
    limit: Float, norms: Tensor = Tensor("gradient_norms", .vector(Clip.parts), .temporary)
  ) {
    self.limit = limit
    self.norms = norms
  }
}

extension Clip {
  public static let slots = [
    Slot<Clip>("norms", .write, of: { $0.norms }, extent: { _ in .exactly(.vector(parts)) })
  ]

  public var impliedRoles: Set<Role> { [.gradient] }

  public var rows: Int? { nil }
  public var arithmetic: Double { 0 }

  /// Reads the gradients twice, and writes them.
  public func cost(parameterCount: Int) -> Cost {
    let count = Double(parameterCount)
    return Cost(floatingPointOperations: 3 * count, bytes: 3 * 4 * count)
  }

  public func validate() throws(ProgramError) {
    try expect(limit > 0 && limit.isFinite, "expected a limit above 0, found \(limit).")
  }
}
