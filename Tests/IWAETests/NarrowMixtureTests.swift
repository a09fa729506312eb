import Compute
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// A mixture whose components are narrow and far from 0, in single precision.
@Suite struct NarrowMixtureTests {
  private static let (rows, units, components) = (30, 20, 6)
  private let model = Model(
    dataSize: 4, encoder: [.init(hidden: [], latent: units)], decoder: [.init(hidden: [])],
    prior: .mixture(components))
  private let latents = Tensor("z", .matrix(rows: rows, columns: units), .input)
  private let density = Tensor("density", .vector(rows), .output)
  private let pull = Tensor("pull", .matrix(rows: rows, columns: units), .output)

  /// The density of latents, its derivative by them, and the gradients of the prior's parameters.
  private func program() throws -> Program {
    let prior = MixturePrior(components: Self.components)
    var program = ProgramBuilder("narrow")
    let prepared = try prior.prepare(model, &program)
    let count = program.operations.count
    try prior.append(at: latents, prepared, of: model, into: density, to: &program)
    let gradient = RowGradient(target: GradientTarget())
    var walk = Derivation(leaves: [latents])
    walk.add(BoundFormula(1, reading: []), to: density)
    try walk.walk(count..<program.operations.count, of: &program, gradients: [gradient])
    try walk.store(latents, into: pull, of: &program)
    var own = Derivation(suffix: ".own")
    own.begin(with: gradient, from: walk)
    try own.walk(0..<count, of: &program, gradients: [gradient])
    return program.build()
  }

  /// Components of a deviation of 0.05, some units from 0, and latents near them.
  private var values: [Tensor: [Float]] {
    func normal(_ time: UInt32, _ count: Int) -> [Float] {
      let address = NoiseAddress(seed: 8, purpose: .data, time: time)
      return (0..<count).map { address.normal(column: $0) }
    }
    let tensors = model.priorParameters
    let means = normal(1, tensors[1].shape.count)
    return [
      tensors[0]: normal(2, Self.components), tensors[1]: means,
      tensors[2]: normal(3, means.count).map { 0.1 * $0 - 3 },
      latents: normal(4, latents.shape.count).enumerated().map { index, noise in
        let component = index / Self.units % Self.components
        return means[component * Self.units + index % Self.units] + 0.05 * noise
      },
    ]
  }

  private func results(on device: any Device) throws -> [[Float]] {
    let memory = try device.allocate(model.priorParameters)
    let executable = try device.compile(try program(), on: memory)
    for (tensor, values) in values { try executable.upload(values, to: tensor) }
    try executable.run(Control())
    try executable.finish()
    let gradients = model.priorParameters.map { $0.counterpart(.gradient) }
    return try ([density, pull] + gradients).map { try executable.floats($0) }
  }

  @Test(arguments: Schedule.allCases) func nothingCancels(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let (expected, found) = (try results(on: ReferenceDevice()), try results(on: device))
    for (expected, found) in zip(expected[0], found[0]) {
      // A few times the rounding of a number as large.
      #expect(abs(expected - found) < 4e-5, "\(expected), \(found)")
    }
    for (expected, found) in zip(expected, found) {
      let error = zip(expected, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      #expect(error <= 1e-9 * expected.reduce(0) { $0 + $1 * $1 })
    }
  }
}
