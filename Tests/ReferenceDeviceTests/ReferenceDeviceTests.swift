import Compute
import Foundation
import Testing

@testable import ReferenceDevice

/// The oracle's own functions against numbers worked out by hand.
@Suite struct ReferenceDeviceTests {
  @Test func logMeanExpIsExactFarFromZero() {
    #expect(abs(logMeanExp([-1e4, -1e4 + log(3)]) - (-1e4 + log(2))) < 1e-9)
    #expect(logMeanExp([1e4, 1e4]) == 1e4)
    #expect(logMeanExp([-.infinity, -.infinity]) == -.infinity)
    #expect(abs(logMeanExp([-.infinity, 0]) - log(0.5)) < 1e-15)
    #expect(logMeanExp([0, .nan]).isNaN)
  }

  @Test func softmaxOfNothingIsZero() {
    #expect(softmax([-.infinity, -.infinity]) == [0, 0])
    #expect(softmax([1e4, 1e4, -.infinity]) == [0.5, 0.5, 0])
    #expect(softmax([0, .nan]).allSatisfy { $0.isNaN })
  }

  @Test func boundsAndColumns() {
    let weights = [log(1.0), log(3.0), log(5.0), log(7.0)][...]
    #expect(abs(BoundRule(.all).evaluate(weights, samples: 2) - log(4)) < 1e-15)
    let groups = BoundRule(.group).evaluate(weights, samples: 2)
    #expect(abs(groups - (log(2) + log(6)) / 2) < 1e-15)
    let mean = BoundRule(meanShare: 1).evaluate(weights, samples: 2)
    #expect(abs(mean - log(105) / 4) < 1e-15)
    let column = CoefficientRule(.group, constant: 1, linear: 2, square: 4)
    let found: [Double] = column.evaluate(weights, samples: 2)
    for (w, coefficient) in zip([0.25, 0.75, 5.0 / 12, 7.0 / 12], found) {
      let expected: Double = 1 + 2 * w + 4 * w * w
      #expect(abs(coefficient - expected) < 1e-14)
    }
  }

  @Test func leavingOneOutIsADifferenceOfBounds() {
    let weights = [log(1.0), log(4.0), log(16.0)]
    let falls = leaveOneOut(weights[...])
    // Without the first, its weight is the geometric mean of 4 and 16, which is 8; and so on.
    let sums: [Double] = [8 + 4 + 16, 1 + 4 + 16, 1 + 4 + 2]
    for (fall, sum) in zip(falls, sums) {
      let expected: Double = log(21 / sum)
      #expect(abs(fall - expected) < 1e-12)
    }
    #expect(leaveOneOut([-.infinity, -.infinity]) == [0, 0])
  }

  @Test func largeLogitsAreFinite() {
    #expect(logOnePlusExp(1000) == 1000)
    #expect(logOnePlusExp(-1000) == 0)
    #expect(sigmoid(1000) == 1 && sigmoid(-1000) == 0)
  }

  @Test func unknownTensorsAreNamed() throws {
    let device = ReferenceDevice()
    let memory = try device.allocate([])
    let weight = Tensor("w", .matrix(rows: 1, columns: 1), .parameter)
    var builder = ProgramBuilder("test")
    try builder.append(
      .multiply(
        Multiply(
          input: Tensor("x", .matrix(rows: 1, columns: 1), .input), weight: weight,
          output: Tensor("y", .matrix(rows: 1, columns: 1), .output))))
    #expect(throws: DeviceError.unknownTensor(name: "w", role: .parameter)) {
      try device.compile(builder.build(), on: memory)
    }
  }

  @Test func valuesMustFit() throws {
    let state = Tensor("s", .vector(3), .state)
    let memory = try ReferenceDevice().allocate([state])
    #expect(throws: DeviceError.wrongCount(tensor: "s", expected: 3, found: 2)) {
      try memory.upload([1, 2], to: state)
    }
    #expect(throws: DeviceError.wrongElement(tensor: "s", expected: .float32, found: .uint32)) {
      try memory.upload(.words([1, 2, 3]), to: state)
    }
  }
}
