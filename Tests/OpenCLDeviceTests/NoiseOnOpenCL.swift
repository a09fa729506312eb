import Compute
import Testing

@testable import OpenCLDevice

@Suite struct NoiseOnOpenCL {
  /// Random numbers of one row for each sample, as a device makes them.
  private func numbers(
    _ distribution: Noise.Distribution, on device: OpenCLDevice, images: [UInt32], samples: Int,
    columns: Int, control: Control, layer: Int
  ) throws -> [Float] {
    let indices = Tensor("indices", .vector(images.count), .input, element: .uint32)
    let output = Tensor(
      "output", .matrix(rows: images.count * samples, columns: columns), .output)
    var builder = ProgramBuilder("noise")
    try builder.append(
      .noise(Noise(distribution, purpose: .latent(layer: layer), indices: indices, output: output)))
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    try executable.upload(.words(images), to: indices)
    try executable.run(control)
    return try executable.floats(output)
  }

  private func expect(
    _ found: [Float], _ distribution: Noise.Distribution, images: [UInt32], samples: Int,
    columns: Int, control: Control, layer: Int
  ) {
    var mismatches = 0
    for row in 0..<images.count * samples {
      let address = NoiseAddress(
        seed: control.seed, purpose: .latent(layer: layer), time: control.step,
        image: images[row / samples], sample: control.sampleOffset &+ UInt32(row % samples))
      for column in 0..<columns {
        let expected =
          switch distribution {
          case .normal: address.normal(column: column)
          case .uniform: address.openUniform(column: column)
          }
        if found[row * columns + column].bitPattern != expected.bitPattern { mismatches += 1 }
      }
    }
    #expect(mismatches == 0)
  }

  /// Ten million normals and more, bit for bit.
  @Test(arguments: Schedule.allCases) func tenMillionNormalsHaveTheSameBits(schedule: Schedule)
    throws
  {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let columns = 1024
    var control = Control()
    control.seed = 0x0123_4567_89ab_cdef
    for part in 0..<4 as Range<UInt32> {
      control.step = part
      control.sampleOffset = part * 1000
      let images = (0..<10).map { UInt32($0) * 77 + part }
      let found = try numbers(
        .normal, on: device, images: images, samples: 256, columns: columns, control: control,
        layer: 0)
      #expect(found.count * 4 >= 10_000_000)
      expect(
        found, .normal, images: images, samples: 256, columns: columns, control: control, layer: 0)
    }
  }

  /// A million uniform numbers, bit for bit, none of them 0 or 1.
  @Test(arguments: Schedule.allCases) func uniformsHaveTheSameBits(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    var control = Control()
    (control.seed, control.step, control.sampleOffset) = (0x0123_4567_89ab_cdef, 3, 1000)
    let images: [UInt32] = [0, 7, 0x8000_0000, .max]
    let found = try numbers(
      .uniform, on: device, images: images, samples: 256, columns: 1000, control: control,
      layer: 1)
    #expect(found.count >= 1_000_000 && found.allSatisfy { 0 < $0 && $0 < 1 })
    expect(
      found, .uniform, images: images, samples: 256, columns: 1000, control: control, layer: 1)
  }

  /// Counters at the ends of every field.
  @Test(arguments: Schedule.allCases, Noise.Distribution.allCases)
  func extremeCountersHaveTheSameBits(
    schedule: Schedule, distribution: Noise.Distribution
  ) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    for seed in [0, 1, 0xffff_ffff, 0x1_0000_0000, UInt64.max] {
      for step in [0, 0x8000_0000, UInt32.max] {
        for offset in [0, 0x7fff_fff0, UInt32.max - 2] {
          var control = Control()
          control.seed = seed
          control.step = step
          control.sampleOffset = offset
          let images: [UInt32] = [0, 0x7fff_ffff, 0x8000_0000, .max]
          let layer = NoisePurpose.maximumLayers - 1
          let found = try numbers(
            distribution, on: device, images: images, samples: 3, columns: 67, control: control,
            layer: layer)
          expect(
            found, distribution, images: images, samples: 3, columns: 67, control: control,
            layer: layer)
        }
      }
    }
  }

  /// The same samples, whether asked for at once, in chunks, or in another order of images.
  @Test(arguments: Schedule.allCases) func nothingDependsOnTheBatch(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    var control = Control()
    control.seed = 9
    let columns = 50
    let whole = try numbers(
      .normal, on: device, images: [3, 8], samples: 12, columns: columns, control: control,
      layer: 0)
    control.sampleOffset = 5
    let part = try numbers(
      .normal, on: device, images: [8], samples: 7, columns: columns, control: control, layer: 0)
    #expect(part == Array(whole[(12 + 5) * columns..<24 * columns]))
  }
}
