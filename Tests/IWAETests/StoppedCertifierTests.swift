import Compute
import OpenCLDevice
import Testing

@testable import IWAE

/// Certificates that are stopped before their end.
@Suite struct StoppedCertifierTests {
  private let model = Model(
    dataSize: 6, encoder: [.init(hidden: [5], latent: 2)], decoder: [.init(hidden: [4])])
  /// A whole block, and a fifth of the next.
  private let images = ImageSet(
    name: "bits", values: .bytes((0..<720).map { UInt8(($0 * $0 / 7) % 2) }), width: 6)

  /// With an encoder so sure that its samples tell no error.
  private var parameters: [Tensor: [Float]] {
    var parameters = model.initialParameters(seed: 8, mean: Array(repeating: 0.4, count: 6))
    for tensor in model.parameters where tensor.name.hasPrefix("encoder.0.log_sigma") {
      parameters[tensor] = Array(
        repeating: tensor.name.hasSuffix("bias") ? -3 : 0, count: tensor.shape.count)
    }
    return parameters
  }

  private var settings: Certifier.Settings {
    var settings = Certifier.Settings(width: 1)
    (settings.samples, settings.mostSamples) = (250, 250)
    (settings.temperatures, settings.leapfrogs, settings.mostTransitions) = (8, 4, 1 << 12)
    return settings
  }

  /// Of the block under way only images count that are known well enough, so that the mean keeps its error; who
  /// goes on finds what is found at once.
  @Test func whatWasFoundKeepsItsError() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    func certify(
      known: [CertifiedImage] = [], _ progress: (Int, String) -> Bool = { _, _ in true }
    ) throws -> [CertifiedImage] {
      try Certifier(
        model, parameters: parameters, images: images, settings, device: device
      ).certify(known: known, progress: progress)
    }
    let whole = try certify()
    #expect(whole.count == 120)
    // All images of the second block have samples by then, which tell nothing of most.
    let stopped = try certify(known: Array(whole.prefix(Certifier.block))) { $1 != "tuning" }
    #expect((100..<120).contains(stopped.count))
    let error = try #require(stopped.meanErrorAndBias?.error)
    #expect(error > 0 && error < 0.1)
    let again = try certify(known: Array(stopped.prefix(Certifier.block)))
    #expect(again == whole)
  }

  /// Within the first block there is nothing else to tell of.
  @Test func whatLittleIsKnownIsTold() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let stopped = try Certifier(
      model, parameters: parameters, images: images, settings, device: device
    ).certify(progress: { _, text in text != "tuning" })
    #expect(stopped.count == Certifier.block && stopped.meanErrorAndBias == nil)
  }
}
