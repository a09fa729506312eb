import Compute

/// The ways to carry a training out, and what each comes to.
extension Determinism {
  /// The promise of a way.
  public enum Promise: Hashable, Sendable, CustomStringConvertible {
    case sameBits
    /// A distance, relative to the size of all that is compared.
    case within(Double)
    /// None: it is as it comes out.
    case nothing

    public var description: String {
      switch self {
      case .sameBits: "the same bits"
      case .within(let limit): "within \(limit)"
      case .nothing: "none"
      }
    }
  }

  /// A way to carry it out.
  public struct Way {
    public var name: String
    public var promise: Promise
    /// What it is compared with; nil for what the training comes to on the device itself.
    var expected: (() throws -> [Float])?
    var run: () throws -> [Float]

    public init(_ name: String, _ promise: Promise, _ run: @escaping () throws -> [Float]) {
      (self.name, self.promise, self.run) = (name, promise, run)
    }
  }

  /// What a way came to.
  public struct Finding: Encodable, Sendable {
    public var way: String
    public var promise: String
    /// Nil where it failed.
    public var sameBits: Bool?
    public var distance: Double?
    /// Why it failed.
    public var problem: String?
    public var kept = false

    init(
      _ way: String, _ promise: Promise, _ values: () throws -> [Float],
      _ expected: () throws -> [Float]
    ) {
      (self.way, self.promise) = (way, "\(promise)")
      do {
        let (values, expected) = (try values(), try expected())
        let isSame = values.map(\.bitPattern) == expected.map(\.bitPattern)
        let distance = Self.distance(values, expected)
        (sameBits, self.distance) = (isSame, distance)
        kept =
          switch promise {
          case .sameBits: isSame
          // Nothing that is no number is within a limit.
          case .within(let limit): distance <= limit
          case .nothing: true
          }
      } catch {
        problem = "\(error)"
      }
    }

    /// One line for people.
    public var text: String {
      func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
      }
      let found = sameBits == true ? "same bits" : "distance \(Float(distance ?? .nan))"
      return "\(kept ? "kept  " : "BROKEN")  \(padded(way, to: 46))  \(padded(promise, to: 13))  "
        + (problem.map { "FAILED: \($0)" } ?? found)
    }

    private static func distance(_ values: [Float], _ expected: [Float]) -> Double {
      guard values.count == expected.count else { return .infinity }
      var (difference, size) = (0.0, 0.0)
      for (value, expected) in zip(values, expected) {
        difference += (Double(value) - Double(expected)) * (Double(value) - Double(expected))
        size += Double(expected) * Double(expected)
      }
      return difference == 0 ? 0 : (difference / size).squareRoot()
    }
  }

  /// The ways that any device has.
  ///
  /// - Parameters:
  ///   - device: The device.
  ///   - reopen: Opens it once more.
  ///   - reference: The reference, which computes in double precision.
  public func ways(
    on device: any Device, reopen: @escaping @Sendable () throws -> any Device,
    reference: any Device
  ) throws -> [Way] {
    var result = [
      Way("again", .sameBits) {
        let other = try reopen()
        defer { other.close() }
        return try train(on: other)
      },
      Way("stopped and resumed after every step", .sameBits) {
        try train(on: device, isInterrupted: true)
      },
      Way("on the reference", .within(2e-6)) { try train(on: reference) },
    ]
    for (division, name) in try divisions(on: device) {
      result.append(
        Way(name, division == .whole ? .sameBits : .within(1e-6)) {
          try train(on: device, as: division)
        })
    }
    let leaves = 4
    for count in 2...leaves {
      var ranks = Way("\(leaves) leaves of a batch on \(count) ranks", .sameBits) {
        let all = try ThreadRanks.run(count) { ranks in
          let other = try reopen()
          defer { other.close() }
          other.ranks = ranks
          return try train(on: other, leaves: leaves)
        }
        // Those of the rank that differs, if one does.
        return all.first { $0 != all[0] } ?? all[0]
      }
      ranks.expected = { try train(on: device, leaves: leaves) }
      result.append(ranks)
    }
    result.append(
      Way("\(leaves) leaves of a batch", .within(1e-6)) { try train(on: device, leaves: leaves) })
    var reversed = Way("a batch's gradient, its images reversed", .nothing) {
      try gradients(on: device, isReversed: true)
    }
    reversed.expected = { try gradients(on: device, isReversed: false) }
    return result + [reversed]
  }

  /// Carries it out in some ways, one after another.
  ///
  /// - Parameters:
  ///   - ways: The ways.
  ///   - device: The device on which it is carried out first.
  ///   - tell: Told of each way when it is done.
  public func compare(
    _ ways: [Way], on device: any Device, tell: (Finding) throws -> Void = { _ in }
  ) throws -> [Finding] {
    let first = try train(on: device)
    return try ways.map { way in
      let finding = Finding(way.name, way.promise, way.run, way.expected ?? { first })
      try tell(finding)
      return finding
    }
  }
}
