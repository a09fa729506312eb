import Compute
import OpenCLDevice

/// Micro-benchmarks of the OpenCL device: `measure product ROWS DEPTH COLUMNS` prints the median
/// microseconds of one matrix product, `measure launches` the host's microseconds for each launch.
@main
struct Measure {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let sizes = arguments.dropFirst().compactMap { Int($0) }
    let device = try OpenCLDevice.open()
    defer { device.close() }
    switch arguments.first {
    case "product" where sizes.count == 3:
      print(try product(device, rows: sizes[0], depth: sizes[1], columns: sizes[2]))
    case "launches":
      print(try launches(device))
    default:
      print("usage: measure product ROWS DEPTH COLUMNS | measure launches")
    }
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func microseconds(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .microseconds(1)
  }

  /// The median time of a product, from enqueueing it to its end.
  private static func product(
    _ device: OpenCLDevice, rows: Int, depth: Int, columns: Int
  ) throws -> Double {
    let input = Tensor("input", .matrix(rows: rows, columns: depth), .input)
    let weight = Tensor("weight", .matrix(rows: columns, columns: depth), .parameter)
    let output = Tensor("output", .matrix(rows: rows, columns: columns), .output)
    var builder = ProgramBuilder("product")
    try builder.append(.multiply(Multiply(input: input, weight: weight, output: output)))
    let memory = try device.allocate([weight])
    let executable = try device.compile(builder.build(), on: memory)
    try executable.upload(numbers(input.shape.count), to: input)
    try memory.upload(numbers(weight.shape.count), to: weight)
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
