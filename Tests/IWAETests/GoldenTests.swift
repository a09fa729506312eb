import Artifacts
import Compute
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

/// Gradients of every objective and estimator against cases computed in float64 by automatic
/// differentiation.
@Suite struct GoldenTests {
  /// What a case asks for.
  private struct Case: Decodable {
    var objective: String
    var m: Int
    var k: Int
    var beta: Double
    var alpha: Double
    var estimator: String
    /// Of tvo.
    var partitions: Int?
    var firstPoint: Float?
    var riemann: String?
  }

  static let names = [
    "bernoulli-latents-rws", "bernoulli-latents-tvo", "bernoulli-latents-vimco", "categorical",
    "ciwae", "conditional",
    "continuous-bernoulli", "elbo", "formula-beta", "formula-student", "gated", "gaussian-fixed",
    "gaussian-shared", "iwae",
    "iwae-dreg", "iwae-gaussian", "iwae-stl", "iwae-two-layer", "iwae-two-layer-dreg", "logistic",
    "missing", "missing-gaussian", "miwae", "negative-binomial", "piwae", "poisson",
    "posterior-flow", "posterior-flow-dreg", "posterior-flow-rws", "posterior-full",
    "posterior-full-dreg", "posterior-laplace-dreg",
    "prior-cauchy", "prior-flow", "prior-mixture",
    "prior-mixture-piwae-dreg", "prior-vamp", "prior-vamp-piwae", "renyi", "residual", "rws",
    "tvo", "two-layers-flow-stl", "vae", "vimco",
  ]

  private static func url(_ name: String, _ file: String) throws -> URL {
    let root = try #require(Bundle.module.resourceURL)
    return root.appending(path: "Fixtures/golden/\(name)/\(file)")
  }

  private static func load(_ name: String, _ file: String) throws -> Safetensors {
    try Safetensors(Data(contentsOf: url(name, file)), file: file)
  }

  /// The content of an array in NumPy's format, after its header.
  private static func array(_ name: String, _ file: String) throws -> Data {
    let data = try Data(contentsOf: url(name, file))
    return data[(10 + Int(data[8]) + Int(data[9]) << 8)...]
  }

  private static func images(_ name: String) throws -> [Float] {
    try array(name, "images.npy").withUnsafeBytes { buffer in
      (0..<buffer.count / 4).map {
        Float(
          bitPattern: UInt32(
            littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
  }

  /// The squared error relative to the squared size.
  private static func error(_ expected: [Double], _ found: [Float]) -> Double {
    guard expected.count == found.count else { return .infinity }
    let distance = zip(expected, found).reduce(0) {
      $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1))
    }
    return distance / expected.reduce(0) { $0 + $1 * $1 }
  }

  private static func checkpoint(_ name: String) throws -> Checkpoint {
    try Checkpoint(
      Data(contentsOf: url(name, "checkpoint.safetensors")), file: "checkpoint.safetensors")
  }

  /// The step that a case asks for.
  private static func step(_ name: String) throws -> Step {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let what = try decoder.decode(Case.self, from: Data(contentsOf: url(name, "case.json")))
    let model = try checkpoint(name).model
    let usual = RiemannSum()
    let objective = try #require(
      Objective(
        what.objective, beta: what.beta, alpha: what.alpha,
        riemann: RiemannSum(
          intervals: what.partitions ?? usual.intervals, first: what.firstPoint ?? usual.first,
          side: what.riemann.flatMap(RiemannSum.Side.init) ?? usual.side)))
    let estimator = try #require(Objective.Estimator(rawValue: what.estimator))
    let images = try images(name)
    return try Step.build(
      model,
      StepConfiguration(
        batchSize: images.count / model.dataSize, groups: what.m, samples: what.k,
        objective: objective, estimator: estimator,
        source: .uploaded(hasMissing: images.contains(where: \.isNaN)), noiseIsGiven: true,
        optimizer: nil))
  }

  /// Runs a case on a device; returns the error of each tensor.
  private static func run(
    _ name: String, on device: any Device, protection: Protection = .none
  ) throws -> [String: Double] {
    let checkpoint = try checkpoint(name)
    let noise = try load(name, "noise.safetensors")
    let expected = try load(name, "expected.safetensors")
    let model = checkpoint.model
    let step = try step(name)
    let memory = try device.allocate(model.parameters, protection: protection)
    let executable = try device.compile(step.program, on: memory, protection: protection)
    for (parameter, values) in checkpoint.parameters {
      try executable.upload(values, to: parameter)
    }
    try executable.upload(images(name), to: try #require(step.images))
    if let labels = step.labels {
      let rows = try model.labelRows(
        array(name, "labels.npy").map(Int.init), rows: labels.shape.rows)
      try executable.upload(rows.map(Float.init), to: labels)
    }
    for tensor in step.noise {
      let entry = try #require(noise.entries[tensor.name])
      try executable.upload(entry.values.doubles.map { Float($0) }, to: tensor)
    }
    try executable.run(Control())

    var errors: [String: Double] = [:]
    for (name, entry) in expected.entries {
      let tensor =
        switch name {
        case "bound": step.bound
        case "image_bounds": step.bounds
        case "log_weights": step.logWeights
        default:
          try #require(model.parameters.first { "gradient.\($0.name)" == name })
            .counterpart(.gradient)
        }
      errors[name] = error(entry.values.doubles, try executable.floats(tensor))
    }
    #expect(errors.count == model.parameters.count + 3)
    return errors
  }

  @Test(arguments: names) func referenceDevice(name: String) throws {
    for (tensor, error) in try Self.run(name, on: ReferenceDevice()) {
      #expect(error <= 1e-10, "\(name): \(tensor) has error \(error)")
    }
  }

  /// One device a schedule, with the kernels of all cases, which would take long to compile for each. In
  /// tiles, whose joined kernels take the longest, most cases run operation by operation, whose kernels
  /// many share.
  @Test(arguments: Schedule.allCases) func openCLDevice(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let joined = Self.names.enumerated().filter { schedule == .panels || $0.offset % 4 == 0 }
      .map(\.element)
    for (names, protection) in [
      (joined, Protection.none), (Self.names.filter { !joined.contains($0) }, .guarded),
    ] {
      try device.prepare(names.map { try Self.step($0).program }, protection: protection)
      for name in names {
        for (tensor, error) in try Self.run(name, on: device, protection: protection) {
          #expect(error <= 1e-9, "\(name): \(tensor) has error \(error)")
        }
      }
    }
  }
}
