import Compute
import Foundation
import Testing

@testable import OpenCLDevice

/// The kernels' elementary functions, in units of the last place.
@Suite struct NumericsOnOpenCL {
  /// Applies an activation to every value, through a layer of one weight that is 1.
  private func apply(
    _ activation: Activation, to values: [Float], derivative: Bool = false, on device: OpenCLDevice
  ) throws -> [Float] {
    let shape = Shape.matrix(rows: values.count, columns: 1)
    let input = Tensor("input", shape, .input)
    let at = Tensor("at", shape, .input)
    let weight = Tensor("weight", .matrix(rows: 1, columns: 1), .parameter)
    let output = Tensor("output", shape, .output)
    var builder = ProgramBuilder("numerics")
    try builder.append(
      .multiply(
        Multiply(
          input: input, weight: weight, transposed: derivative, activation: activation,
          derivativeAt: derivative ? at : nil, output: output)))
    let memory = try device.allocate([weight])
    let executable = try device.compile(builder.build(), on: memory)
    try memory.upload([1], to: weight)
    try executable.upload(derivative ? values.map { _ in 1 } : values, to: input)
    if derivative { try executable.upload(values, to: at) }
    try executable.run(Control())
    return try executable.floats(output)
  }

  /// e^x for every value, through a sample whose mean is 0 and whose noise is 1.
  private func exponentials(of values: [Float], on device: OpenCLDevice) throws -> [Float] {
    let shape = Shape.matrix(rows: values.count, columns: 1)
    let names = ["mean", "logSigma", "noise"].map { Tensor($0, shape, .input) }
    let indices = Tensor("indices", .vector(1), .input, element: .uint32)
    let sample = Tensor("sample", shape, .output)
    var builder = ProgramBuilder("exponentials")
    try builder.append(
      .reparameterize(
        Reparameterize(
          mean: names[0], logSigma: names[1], indices: indices, source: .given, noise: names[2],
          sample: sample)))
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    try executable.upload(values.map { _ in 0 }, to: names[0])
    try executable.upload(values, to: names[1])
    try executable.upload(values.map { _ in 1 }, to: names[2])
    try executable.run(Control())
    return try executable.floats(sample)
  }

  /// Bernoulli log-likelihoods of a 0 and their slopes, which are built on e^x for negative x alone.
  private func bernoulli(
    _ logits: [Float], on device: OpenCLDevice
  ) throws -> (terms: [Float], deltas: [Float]) {
    let shape = Shape.matrix(rows: logits.count, columns: 1)
    let input = Tensor("logits", shape, .input)
    let target = Tensor("target", shape, .input)
    let term = Tensor("term", .vector(logits.count), .output)
    let delta = Tensor("delta", shape, .output)
    var builder = ProgramBuilder("bernoulli")
    try builder.append(
      .bernoulli(Bernoulli(logits: input, target: target, term: term, delta: delta)))
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    try executable.upload(logits, to: input)
    try executable.upload(logits.map { _ in 0 }, to: target)
    try executable.run(Control())
    return (try executable.floats(term), try executable.floats(delta))
  }

  private func worstUlps(
    _ inputs: [Float], _ found: [Float], _ exact: (Double) -> Double
  ) -> Double {
    zip(inputs, found).reduce(0) { worst, pair in
      let expected = exact(Double(pair.0))
      let ulp = Double(max(Float(expected).ulp, Float.leastNormalMagnitude.ulp))
      let error = abs(Double(pair.1) - expected) / ulp
      // A NaN counts as infinite, which no later error replaces.
      return error.isNaN ? .infinity : max(worst, error)
    }
  }

  private func grid(_ range: ClosedRange<Float>, _ count: Int = 20_000) -> [Float] {
    (0..<count).map {
      range.lowerBound + (range.upperBound - range.lowerBound) * Float($0) / Float(count - 1)
    }
  }

  @Test(arguments: Schedule.allCases) func functionsAreAccurate(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    let usual = grid(-87...88)
    #expect(worstUlps(usual, try exponentials(of: usual, on: device), exp) <= 2)
    let tiny = grid(-1...1).map { $0 * $0 * $0 * $0 * $0 }
    for inputs in [grid(-12...12), tiny] {
      #expect(worstUlps(inputs, try apply(.tanh, to: inputs, on: device), tanh) <= 6)
    }
    let wide = grid(-80...80)
    let logistic = try apply(.logistic, to: wide, on: device)
    #expect(worstUlps(wide, logistic) { 1 / (1 + exp(-$0)) } <= 4)
    let softplus = try apply(.softplus, to: wide, on: device)
    #expect(worstUlps(wide, softplus) { max($0, 0) + log1p(exp(-abs($0))) } <= 4)
    let (terms, deltas) = try bernoulli(wide, on: device)
    #expect(worstUlps(wide, deltas) { -1 / (1 + exp(-$0)) } <= 4)
    // The product 1 + e^-|a| is rounded to a unit of 1 before its logarithm is taken.
    for (logit, term) in zip(wide, terms) {
      let exact = -(max(Double(logit), 0) + log1p(exp(-abs(Double(logit)))))
      #expect(abs(Double(term) - exact) <= 0x1p-23 * max(1, abs(exact)))
    }
    let outputs = grid(0...3).map { $0 * $0 * $0 }
    let slope = try apply(.softplus, to: outputs, derivative: true, on: device)
    #expect(worstUlps(outputs, slope) { -expm1(-$0) } <= 16)
  }

  @Test(arguments: Schedule.allCases) func extremesAreWhatTheyShouldBe(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    let extremes: [Float] = [-.infinity, -1e30, -200, 200, 1e30, .infinity]
    #expect(
      try exponentials(of: extremes, on: device) == [0, 0, 0, .infinity, .infinity, .infinity])
    #expect(try apply(.tanh, to: extremes, on: device) == [-1, -1, -1, 1, 1, 1])
    #expect(try apply(.logistic, to: extremes, on: device) == [0, 0, 0, 1, 1, 1])
    #expect(
      try apply(.softplus, to: extremes, on: device) == [0, 0, 0, 200, 1e30, .infinity])
    for activation in Activation.allCases {
      #expect(try apply(activation, to: [.nan], on: device)[0].isNaN, "\(activation)")
    }
    #expect(try exponentials(of: [.nan], on: device)[0].isNaN)
    let (terms, deltas) = try bernoulli([-.infinity, -1e30, -200, .nan], on: device)
    #expect(terms[1] == 0 && terms[2] == 0 && terms[3].isNaN)
    #expect(deltas[..<3].allSatisfy { abs($0) < 2e-38 } && deltas[3].isNaN)
  }
}
