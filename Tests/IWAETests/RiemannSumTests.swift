import Compute
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// The thermodynamic objective where its value is known.
@Suite struct RiemannSumTests {
  /// What an estimate of one image's samples leaves.
  private struct Estimated {
    var bound: Double
    var decoder: [Double]
    var score: [Double]
  }

  private func estimate(
    _ logWeights: [Float], groups: Int = 1, _ sum: RiemannSum, on device: any Device
  ) throws -> Estimated {
    let shape = Shape.vector(logWeights.count)
    let samples = logWeights.count / groups
    let (input, bound) = (Tensor("w", shape, .input), Tensor("bound", .vector(1), .output))
    let (decoder, score) = (Tensor("decoder", shape, .output), Tensor("score", shape, .output))
    var builder = ProgramBuilder("estimate")
    try builder.append(
      .estimate(
        Estimate(
          logWeights: input, groups: groups, samples: samples,
          rule: Objective.tvo(sum).rule(groups: groups, samples: samples), bounds: bound,
          decoderCoefficients: decoder, scoreCoefficients: score)))
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    try executable.upload(logWeights, to: input)
    try executable.run(Control())
    func values(_ tensor: Tensor) throws -> [Double] {
      try executable.floats(tensor).map(Double.init)
    }
    return Estimated(
      bound: try values(bound)[0], decoder: try values(decoder), score: try values(score))
  }

  private func isNear(_ found: [Double], _ expected: [Double], _ error: Double = 1e-6) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= error }
  }

  private static let logWeights: [Float] = [-91, -88.5, -95, -89, -120, -88]

  @Test func pointsRiseEvenlyInTheirLogarithms() {
    let sum = RiemannSum(intervals: 3, first: 0.01, side: .right)
    #expect(isNear(sum.terms.map(\.point), [0.01, 0.1, 1], 1e-8))
    #expect(isNear(sum.terms.map(\.width), [0.01, 0.09, 0.9], 1e-8))
    #expect(isNear(RiemannSum(intervals: 3, first: 0.01).terms.map(\.point), [0, 0.01, 0.1], 1e-8))
    let one = RiemannSum(intervals: 1)
    #expect(one.terms.map(\.point) == [0] && one.terms.map(\.width) == [1])
  }

  /// A single interval, its left end: the evidence lower bound, and its gradient by the score function
  /// with the mean as a baseline.
  @Test func oneIntervalIsTheEvidenceLowerBound() throws {
    let found = try estimate(Self.logWeights, RiemannSum(intervals: 1), on: ReferenceDevice())
    let values = Self.logWeights.map(Double.init)
    let mean = values.reduce(0, +) / 6
    #expect(abs(found.bound - mean) < 1e-5)
    #expect(isNear(found.decoder, values.map { _ in 1.0 / 6 }))
    #expect(isNear(found.score, values.map { (-1 + $0 - mean) / 6 }))
  }

  /// The integral over the same samples is the log of their mean weight: one side lies below, the other
  /// above, and many points close in on it.
  @Test func theIntegralIsTheLogOfTheMeanWeight() throws {
    let values = Self.logWeights.map(Double.init)
    let integral = log(values.reduce(0) { $0 + exp($1 + 88) } / 6) - 88
    for (intervals, gap) in [(5, 5.0), (1000, 0.05)] {
      let sum = RiemannSum(intervals: intervals, first: 1e-3)
      var right = sum
      right.side = .right
      let bounds = try [sum, right].map {
        try estimate(Self.logWeights, $0, on: ReferenceDevice()).bound
      }
      #expect(bounds[0] < integral && integral < bounds[1])
      #expect(bounds[1] - bounds[0] < gap, "\(bounds)")
    }
  }

  /// Log-weights that are equal are the bound, and one of -infinity has no weight at any point.
  @Test(arguments: RiemannSum.Side.allCases) func extremesAreNumbers(side: RiemannSum.Side) throws {
    let openCL = try OpenCLDevice.open()
    defer { openCL.close() }
    for device: any Device in [ReferenceDevice(), openCL] {
      let sum = RiemannSum(side: side)
      let equal = try estimate([-90.5, -90.5, -90.5, -90.5], groups: 2, sum, on: device)
      #expect(abs(equal.bound + 90.5) < 1e-5)
      #expect(isNear(equal.decoder, [0.25, 0.25, 0.25, 0.25]))
      #expect(isNear(equal.score, [-0.25, -0.25, -0.25, -0.25]))
      let one = try estimate([-90.5, -.infinity], sum, on: device)
      #expect(abs(one.bound + 90.5 + log(2)) < 1e-5)
      #expect(isNear(one.decoder, [1, 0]) && isNear(one.score, [-1, 0]))
      let none = try estimate([-.infinity, -.infinity], sum, on: device)
      #expect(none.bound == -.infinity && none.decoder == [0, 0] && none.score == [0, 0])
    }
  }

  @Test func whatIsNoSumIsRefused() {
    for sum in [RiemannSum(intervals: 0), RiemannSum(first: 0), RiemannSum(first: .nan)] {
      #expect(Objective.tvo(sum).rule(groups: 1, samples: 2).problem(samples: 2) != nil)
    }
    #expect(Objective.tvo(RiemannSum()) == Objective("tvo"))
    #expect(Objective.tvo(RiemannSum(side: .right)) != Objective("tvo"))
  }
}
