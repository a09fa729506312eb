import Compute
import OpenCLDevice
import Testing

@testable import IWAE

/// Certificates that are stopped before their end.
@Suite struct StoppedCertifierTests {
  private let model = Model(
    dataSize: 6, encoder: [.init(hidden: [5], latent: 2)], decoder: [.init(hidden: [4])])
  /// Images, of which samples of the encoder tell the error of some, whose first pixel is 1.
  private func images(_ count: Int, met: Range<Int> = 0..<0) -> ImageSet {
    let bits = (0..<6 * count).map { index -> UInt8 in
      if index % 6 == 0 { return met.contains(index / 6) ? 1 : 0 }
      return UInt8((index * index / 7) % 2)
    }
    return ImageSet(name: "bits", values: .bytes(bits), width: 6)
  }

  /// With an encoder that gives those the prior itself, and is far too sure of the others. Latents say little
  /// of the data.
  private var parameters: [Tensor: [Float]] {
    var parameters = model.initialParameters(seed: 8, mean: Array(repeating: 0.4, count: 6))
    for tensor in model.parameters {
      var values = [Float](repeating: 0, count: tensor.shape.count)
      switch tensor.name {
      // The first hidden unit is the sign of the first pixel.
      case "encoder.0.hidden.0.weight": values[0] = 20
      case "encoder.0.hidden.0.bias": values[0] = -10
      case "encoder.0.log_sigma.weight":
        for latent in 0..<2 { values[latent * tensor.shape.columns] = 1.5 }
      case "encoder.0.log_sigma.bias": values = values.map { _ in -1.5 }
      case "encoder.0.mean.weight", "encoder.0.mean.bias": break
      default: values = (parameters[tensor] ?? values).map { 0.1 * $0 }
      }
      parameters[tensor] = values
    }
    return parameters
  }

  private var settings: Certifier.Settings {
    var settings = Certifier.Settings(width: 1)
    (settings.samples, settings.mostSamples) = (250, 250)
    (settings.temperatures, settings.leapfrogs, settings.mostTransitions) = (8, 4, 1 << 12)
    return settings
  }

  private func certify(
    _ images: ImageSet, width: Double = 1, known: [CertifiedImage] = [],
    mayGoOn: (Int) -> Bool = { _ in true }, progress: (String) -> Bool = { _ in true }
  ) throws -> [CertifiedImage] {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    var settings = settings
    settings.width = width
    return try Certifier(
      model, parameters: parameters, images: images, settings, device: device
    ).certify(known: known, mayGoOn: mayGoOn, progress: { _, text in progress(text) })
  }

  /// Of the block under way only images count that are known well enough, so that the mean keeps its error; who
  /// goes on finds what is found at once.
  @Test func whatWasFoundKeepsItsError() throws {
    let images = images(Certifier.block + 20, met: 0..<Certifier.block + 5)
    let whole = try certify(images)
    #expect(whole.count == images.count)
    let known = Array(whole.prefix(Certifier.block))
    // All images of the second block have samples by then, which tell the error of its first five.
    let stopped = try certify(images, known: known, progress: { $0 != "tuning" })
    #expect((Certifier.block + 5..<images.count).contains(stopped.count))
    #expect(stopped == Array(whole.prefix(stopped.count)))
    let error = try #require(stopped.meanErrorAndBias?.error)
    #expect(error > 0 && error < 0.1)
    let again = try certify(images, known: known)
    #expect(again == whole)
  }

  /// Within the first block the same, where its first images are known.
  @Test func theFirstBlockKeepsItsErrorToo() throws {
    let images = images(Certifier.block, met: 0..<10)
    let stopped = try certify(images, progress: { $0 != "tuning" })
    #expect((10..<Certifier.block).contains(stopped.count))
    #expect(stopped.meanErrorAndBias != nil)
  }

  /// Where they are not, there is nothing else to tell of.
  @Test func whatLittleIsKnownIsTold() throws {
    let stopped = try certify(
      images(Certifier.block + 20), progress: { $0 != "tuning" })
    #expect(stopped.count == Certifier.block && stopped.meanErrorAndBias == nil)
  }

  /// Images are confirmed a batch at a time: who stops in the last one keeps the others.
  @Test func whatIsConfirmedIsKept() throws {
    let images = images(Certifier.block)
    var calls = 0
    let whole = try certify(
      images,
      progress: { _ in
        calls += 1
        return true
      })
    let all = calls
    calls = 0
    let stopped = try certify(
      images,
      progress: { _ in
        calls += 1
        return calls < all
      })
    #expect((1..<Certifier.block).contains(stopped.count))
    #expect(stopped == Array(whole.prefix(stopped.count)))
    #expect(stopped.meanErrorAndBias != nil)
  }

  /// Images for which time was up, and whose error is known, stay where others are stopped after that.
  @Test func whatWasCutShortIsKept() throws {
    let images = images(Certifier.block)
    // Time is up after each image's first run.
    var questions = 0
    func isFirst(_: Int) -> Bool {
      questions += 1
      return questions == 1
    }
    let errors = try certify(images, width: 1e-9, mayGoOn: isFirst).map { $0.error ?? .infinity }
    // An error that the first image does not meet, and others do.
    let target = 0.9 * errors[0]
    try #require(errors.contains { $0 < target })
    questions = 0
    let stopped = try certify(
      images,
      width: target * Certifier.deviations / Certifier.aim / Double(images.count).squareRoot(),
      mayGoOn: isFirst, progress: { _ in questions < 2 })
    try #require((1..<Certifier.block).contains(stopped.count))
    #expect(stopped.allSatisfy { $0.hasError } && stopped[0].isCutShort)
  }
}
