import Compute
import Datasets
import Foundation
import IWAE
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import Experiments

/// The words of a certificate about itself, and errors that are lower limits.
@Suite struct CertificateTests {
  private static let density = LinearGaussian()

  private static func subject(images: Int) -> Subject {
    Subject(
      density.model, parameters: density.parameters(widening: 1.5),
      images: density.images(count: images, seed: 0), binarization: .none, seed: 2)
  }

  private func image(_ estimate: Double, error: Double, shape: Double) -> CertifiedImage {
    var image = CertifiedImage(
      logLikelihood: estimate, effectiveSampleSize: 100, samples: 200, shape: shape)
    image.error = error
    return image
  }

  /// On images that the model draws, annealing from below and from above encloses their known density.
  @Test func bothSidesEncloseWhatIsKnown() throws {
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    let subject = Self.subject(images: 20)
    let outcome = try #require(try Certification(subject, width: 0.3).run(on: device))
    let found = try #require(outcome.certificate.simulated)
    // The same ones again.
    let images = try Generator(subject.model, parameters: subject.parameters, device: device)
      .simulate(count: found.images, seed: subject.seed &+ 1, height: subject.images.height)
      .images
    let exact = (0..<images.count).reduce(0) {
      $0 + Self.density.logLikelihood(images.pixels(of: $1))
    }
    let mean = exact / Double(images.count)
    // Log-weights are of single precision.
    let allowance = 3 * (found.standardError ?? .nan) + 1e-4
    #expect(found.images == 20 && allowance < 0.3)
    #expect(found.lower <= mean + allowance && mean - allowance <= found.upper, "\(found), \(mean)")
    #expect(abs(found.upper - found.lower) < 2 * allowance + 0.1)
    #expect(outcome.certificate.text.contains("from above: \(String(format: "%.3f", found.lower))"))
    #expect(!outcome.certificate.text.contains("no images were annealed from above"))
  }

  /// Without that, it says what a certificate cannot know.
  @Test func aLackOfADiagnosisIsSaid() {
    let certificate = Certificate(
      [image(-3, error: 0.1, shape: 0.1)], of: 1, asked: 1, isEnough: { _ in true }, seconds: 0)
    let text = certificate.text
    #expect(text.contains("no images were annealed from above"), "\(text)")
    #expect(text.contains("modes that no chain finds are missing"), "\(text)")
  }

  @Test func onlyErrorsThatAreBelievedAreShown() {
    let good = image(-3, error: 0.1, shape: 0.1)
    #expect(Certification.text([good, good]).hasPrefix("  -3.00 ± 0.13"))
    #expect(Certification.text([good, image(-3, error: 0.1, shape: 0.6)]) == "  -3.00")
    #expect(Certification.text([]).isEmpty)
  }

  /// Image by image too, where nothing is said of an error that there is not.
  @Test func filesOfImagesSayWhichErrorsAreTooSmall() throws {
    struct Images: Decodable {
      struct Row: Decodable {
        var error: Double?
        var errorIsLowerLimit: Bool?
      }
      var images: [Row]
      var others: [Row]?
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).json").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    var single = image(-3, error: 0.1, shape: 0.1)
    single.error = nil
    let images = [
      image(-3, error: 0.1, shape: 0.1), image(-3, error: 0.097, shape: 0.65), single,
    ]
    try ImageResults.write(images, to: file)
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    let found = try JSONText.value(Images.self, data)
    #expect(found.images.map(\.errorIsLowerLimit) == [false, true, nil])
    #expect(found.images[1].error == 0.097 && found.others == nil)
  }

  /// The referee's bounds of several samples, where the encoder is so sure that few of its weights are all.
  @Test(arguments: [Float(0.5), -3]) func boundsSayWhichErrorsAreTooSmall(logSigma: Float) throws {
    let model = Model(
      dataSize: 6, encoder: [.init(hidden: [5], latent: 2)], decoder: [.init(hidden: [4])])
    var parameters = model.initialParameters(seed: 8)
    for tensor in model.parameters where tensor.name.hasPrefix("encoder.0.log_sigma") {
      parameters[tensor] = Array(
        repeating: tensor.name.hasSuffix("bias") ? logSigma : 0, count: tensor.shape.count)
    }
    let images = ImageSet(
      name: "bits", values: .bytes((0..<48).map { UInt8(($0 * $0 / 7) % 2) }), width: 6)
    let subject = Subject(
      model, parameters: parameters, images: images, binarization: .none, seed: 1)
    let device = ReferenceDevice()
    let referee = Referee(subject, samples: 200)
    let (figures, evaluation) = try #require(
      try referee.evaluate(subject, 200, "", device) { _ in true })
    let report = RefereeReport(referee, figures, evaluation, device: device)
    #expect(report.bounds.map(\.samples) == [1, 50, 200])
    let areTooSmall = logSigma < 0
    #expect(report.bounds.map(\.errorIsLowerLimit) == [false, areTooSmall, areTooSmall])
    #expect((report.untrustedImages > 0) == areTooSmall)
    #expect(report.table.remark.contains("they are lower limits") == areTooSmall)
  }
}
