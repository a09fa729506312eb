import Compute
import OpenCLDevice

/// Micro-benchmarks of the OpenCL device, which print median microseconds: of a matrix product or a weight's
/// gradient among so many that share a launch, and of the host for each launch.
@main
struct Measure {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let sizes = arguments.dropFirst().compactMap { Int($0) }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    switch arguments.first {
    case "product" where sizes.count == 4 && sizes[3] > 0:
      print(
        try product(device, rows: sizes[0], depth: sizes[1], columns: sizes[2], count: sizes[3]))
    case "gradient" where sizes.count == 4 && sizes[3] > 0:
      print(
        try gradient(device, outputs: sizes[0], rows: sizes[1], inputs: sizes[2], count: sizes[3]))
    case "launches":
      print(try launches(device))
    default:
      print(
        "usage: measure product ROWS DEPTH COLUMNS COUNT | measure gradient OUTPUTS ROWS INPUTS COUNT"
          + " | measure launches")
    }
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func microseconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .microseconds(1)
  }

  /// A product's time, from enqueueing it and others to their end.
  private static func product(
    _ device: OpenCLDevice, rows: Int, depth: Int, columns: Int, count: Int
  ) throws -> Double {
    let input = Tensor("input", .matrix(rows: rows, columns: depth), .input)
    let weight = Tensor("weight", .matrix(rows: columns, columns: depth), .parameter)
    var builder = ProgramBuilder("product")
    for index in 0..<count {
      let output = Tensor("output.\(index)", .matrix(rows: rows, columns: columns), .output)
      try builder.append(.multiply(Multiply(input: input, weight: weight, output: output)))
    }
    let memory = try device.allocate([weight])
    try memory.upload(numbers(weight.shape.count), to: weight)
    return try time(builder.build(), inputs: [input], on: memory, device) / Double(count)
  }

  /// The time of a weight's gradient alike.
  private static func gradient(
    _ device: OpenCLDevice, outputs: Int, rows: Int, inputs: Int, count: Int
  ) throws -> Double {
    let delta = Tensor("delta", .matrix(rows: rows, columns: outputs), .input)
    let input = Tensor("input", .matrix(rows: rows, columns: inputs), .input)
    var builder = ProgramBuilder("gradient")
    var weights: [Tensor] = []
    for index in 0..<count {
      let weight = Tensor("weight.\(index)", .matrix(rows: outputs, columns: inputs), .parameter)
      weights.append(weight)
      try builder.append(
        .weightGradient(
          WeightGradient(delta: delta, input: input, gradient: weight.counterpart(.gradient))))
    }
    let memory = try device.allocate(weights)
    return try time(builder.build(), inputs: [delta, input], on: memory, device) / Double(count)
  }

  /// The median time of a program, from enqueueing it to its end.
  private static func time(
    _ program: Program, inputs: [Tensor], on memory: any Memory, _ device: OpenCLDevice
  ) throws -> Double {
    let executable = try device.compile(program, on: memory)
    for input in inputs { try executable.upload(numbers(input.shape.count), to: input) }
    var times: [Double] = []
    for _ in 0..<220 {
      times.append(
        try microseconds {
          try executable.run(Control())
          try executable.finish()
        })
    }
    return median(Array(times.dropFirst(20)))
  }

  /// The host's time for a replayed program of many launches, divided by their number.
  private static func launches(_ device: OpenCLDevice) throws -> Double {
    let count = 20
    let inputs = [4, 6].map {
      Tensor("input.\($0)", .matrix(rows: $0, columns: 16), .input)
    }
    var builder = ProgramBuilder("launches")
    for index in 0..<count {
      // Two rows and three rows by turns, which no launch can divide into common blocks.
      let input = inputs[index % 2]
      let output = Tensor(
        "output.\(index)", .matrix(rows: input.shape.rows / 2, columns: 16), .output)
      try builder.append(.sum(Sum(input: input, output: output)))
    }
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    for input in inputs { try executable.upload(numbers(input.shape.count), to: input) }
    var times: [Double] = []
    for _ in 0..<220 {
      times.append(try microseconds { try executable.run(Control()) } / Double(count))
      try executable.finish()
    }
    return median(Array(times.dropFirst(20)))
  }

  private static func numbers(_ count: Int) -> [Float] {
    let address = NoiseAddress(seed: 1, purpose: .data)
    return (0..<count).map { address.normal(column: $0) }
  }
}
