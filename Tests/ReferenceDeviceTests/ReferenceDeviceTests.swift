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

  private func run(
    _ operation: Compute.Operation, _ control: Control, _ values: [Tensor: [Float]]
  ) throws -> any Executable {
    let device = ReferenceDevice()
    var builder = ProgramBuilder("test")
    try builder.append(operation)
    let program = builder.build()
    let memory = try device.allocate(
      program.tensors.filter { $0.role == .parameter || $0.role == .state })
    let executable = try device.compile(program, on: memory)
    for (tensor, values) in values {
      try executable.upload(
        tensor.element == .uint32 ? .words(values.map { UInt32($0) }) : .floats(values), to: tensor)
    }
    try executable.run(control)
    return executable
  }

  @Test func mapsReadOperandsAsTheyLie() throws {
    let a = Tensor("a", .matrix(rows: 4, columns: 2), .input)
    let b = Tensor("b", .matrix(rows: 2, columns: 2), .input)
    let r = Tensor("r", .vector(2), .input)
    let c = Tensor("c", .vector(2), .parameter)
    let p = Tensor("p", .vector(1), .parameter)
    let y = Tensor("y", a.shape, .output)
    let s = Tensor("s", .vector(4), .output)
    let m = Tensor("m", .matrix(rows: 4, columns: 1), .output)
    let map = Map(
      [
        .init("a" + 10 * "b" + 100 * "r" + 1000 * "c" + "p", into: y), .init(sumOf: "b", into: s),
        .init(sumOf: Control.Value.klWeight.formula * "a", into: m),
      ], reading: [a, b, r, c, p])
    var control = Control()
    control.klWeight = 0.5
    let executable = try run(
      .map(map), control,
      [
        a: [1, 2, 3, 4, 5, 6, 7, 8], b: [1, 2, 3, 4], r: [1, 2], c: [1, 2], p: [0.5],
      ])
    #expect(
      try executable.download(y)
        == .floats([1111.5, 2122.5, 1113.5, 2124.5, 1235.5, 2246.5, 1237.5, 2248.5]))
    #expect(try executable.download(s) == .floats([3, 3, 7, 7]))
    #expect(try executable.download(m) == .floats([1.5, 3.5, 5.5, 7.5]))
  }

  @Test func mapsReadAllBeforeTheyWrite() throws {
    let shape = Shape.matrix(rows: 3, columns: 2)
    let (x, y) = (Tensor("x", shape, .state), Tensor("y", shape, .state))
    let map = Map([.init("y", into: x), .init("x", into: y)], reading: [x, y])
    let executable = try run(
      .map(map), Control(), [x: [1, 2, 3, 4, 5, 6], y: [6, 5, 4, 3, 2, 1]])
    #expect(try executable.download(x) == .floats([6, 5, 4, 3, 2, 1]))
    #expect(try executable.download(y) == .floats([1, 2, 3, 4, 5, 6]))
  }

  /// Rows of more and of fewer elements than are evaluated at once.
  @Test(arguments: [(3, 5000), (5000, 3), (1, 4096), (4097, 1)])
  func mapsOfManyElements(_ rows: Int, _ columns: Int) throws {
    let x = Tensor("x", .vector(rows), .input)
    let c = Tensor("c", .vector(columns), .parameter)
    let s = Tensor("s", .vector(rows), .output)
    let executable = try run(
      .map(Map([.init(sumOf: "x" * "c", into: s)], reading: [x, c])), Control(),
      [x: (0..<rows).map { Float($0) }, c: Array(repeating: 1, count: columns)])
    #expect(try executable.download(s) == .floats((0..<rows).map { Float($0 * columns) }))
  }

  @Test func noiseIsAddressed() throws {
    let indices = Tensor("i", .vector(2), .input, element: .uint32)
    let drawn = Tensor("d", .vector(4), .input, element: .uint32)
    let y = Tensor("y", .matrix(rows: 4, columns: 70), .output)
    var control = Control()
    (control.seed, control.step, control.sampleOffset) = (9, 7, 3)
    for distribution in Noise.Distribution.allCases {
      for picks in [nil, drawn] {
        let noise = Noise(
          distribution, purpose: .latent(layer: 2), indices: indices, drawn: picks, output: y)
        let executable = try run(
          .noise(noise), control,
          picks == nil ? [indices: [5, 8]] : [indices: [5, 8], drawn: [1, 4, 0, 2]])
        let samples: [UInt32] = picks == nil ? [3, 4, 3, 4] : [4, 7, 3, 5]
        let expected = samples.enumerated().flatMap { row, sample in
          let address = NoiseAddress(
            seed: 9, purpose: .latent(layer: 2), time: 7, image: row < 2 ? 5 : 8, sample: sample)
          return (0..<70).map {
            distribution == .normal ? address.normal(column: $0) : address.openUniform(column: $0)
          }
        }
        #expect(try executable.download(y) == .floats(expected))
      }
    }
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

  /// Gradients and moments have values once a program or the host needs them.
  @Test func companionsTakeRoomWhenNeeded() throws {
    let device = ReferenceDevice()
    let weight = Tensor("w", .vector(2), .parameter)
    let memory = try #require(try device.allocate([weight]) as? ReferenceMemory)
    var reading = ProgramBuilder("read")
    let x = Tensor("x", .matrix(rows: 3, columns: 2), .input)
    let y = Tensor("y", x.shape, .output)
    try reading.append(.map(Map([.init("w" * "x", into: y)], reading: [x, weight])))
    _ = try device.compile(reading.build(), on: memory)
    #expect(Array(memory.values.keys) == [weight])
    try memory.upload([1, 2], to: weight.counterpart(.secondMoment))
    #expect(try memory.floats(weight.counterpart(.secondMoment)) == [1, 2])
    #expect(memory.values.count == 2)
    var update = ProgramBuilder("update")
    try update.append(.adam(Adam()))
    try device.compile(update.build(), on: memory).run(Control())
    #expect(memory.values.count == 4)
    let other = Tensor("other", .vector(2), .parameter).counterpart(.gradient)
    #expect(throws: DeviceError.unknownTensor(name: "other", role: .gradient)) {
      try memory.upload([1, 2], to: other)
    }
  }

  /// No system gives so much, and an array that asked for it would end the process.
  @Test func tooMuchMemoryIsRefused() throws {
    let device = ReferenceDevice()
    let shape = Shape.matrix(rows: 1 << 30, columns: 1 << 20)
    let kinds: [(Role, Compute.Element)] = [
      (.parameter, .float32), (.state, .float32), (.resident, .float32), (.resident, .uint8),
    ]
    for (role, element) in kinds {
      let error = #expect(throws: DeviceError.self) {
        try device.allocate([Tensor("huge", shape, role, element: element)])
      }
      guard case .insufficientMemory(_, let what, let asked, let available) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(what == "'huge'" && asked == (element == .uint8 ? 1 : 8) << 50)
      #expect(available > 0 && available < asked)
    }
    let (x, y) = (Tensor("x", shape, .input), Tensor("y", shape, .output))
    var builder = ProgramBuilder("huge")
    try builder.append(.map(Map([.init("x" * 2, into: y)], reading: [x])))
    let error = #expect(throws: DeviceError.self) {
      try device.compile(builder.build(), on: device.allocate([]))
    }
    #expect(error?.description.contains("reference has too little memory for 'x'") == true)
    // Nor is work begun for which there is nothing left.
    #expect(throws: DeviceError.self) { try device.check(8 << 50, for: "its work") }
    #expect(throws: Never.self) { try device.check(1 << 20, for: "its work") }
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
