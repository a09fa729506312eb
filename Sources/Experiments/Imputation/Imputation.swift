import Compute
import Datasets
import Files
import IWAE

/// Filling in the missing values of images with a model.
public struct Imputation: Sendable {
  public var model: Model
  public var parameters: [Tensor: [Float]]
  /// The images, of which missing values are NaN.
  public var images: ImageSet
  /// The same images with values where some of them are missing; nil where nobody knows them.
  public var truth: ImageSet?
  /// The means and deviations that the model's training took out of the data; nil for none. Images and
  /// truth are in the data's own units.
  public var standardization: Standardization?
  /// Samples of each image.
  public var samples = 1000
  /// Completed copies; 0 for the means instead.
  public var draws = 0
  public var seed: UInt64 = 0
  /// Images at a time.
  public var batchSize = 20
  /// Samples of each image at a time.
  public var chunk = 250

  /// - Throws: `FormatError` if the truth is not of the images' form.
  public init(
    _ model: Model, parameters: [Tensor: [Float]], images: ImageSet, truth: ImageSet? = nil
  ) throws(FormatError) {
    if let truth, truth.count != images.count {
      throw FormatError(
        file: truth.name,
        problem:
          "expected \(counted(images.count, "image")), as many as have missing values, found "
          + "\(truth.count).")
    }
    (self.model, self.parameters) = (model, parameters)
    (self.images, self.truth) = (images, truth)
  }

  /// The completed images, in the form that they came in, copies first, and what is to be said of them.
  public struct Result: Sendable {
    public var array: NumberArray
    public var report: ImputationReport
  }

  /// Fills in; nil if the monitor stopped it.
  public func run(
    on device: any Device, monitor: ProgressMonitor = { _ in true }
  ) throws -> Result? {
    let start = ContinuousClock.now
    var report = ImputationReport(
      images: images.count, missing: images.missingCount, samples: samples, draws: draws,
      backend: device.backend, device: device.name)
    func seconds() -> Double { (ContinuousClock.now - start) / .seconds(1) }
    guard images.hasMissing else {
      report.seconds = seconds()
      return Result(array: unchanged, report: report)
    }
    func seen(_ images: ImageSet) -> ImageSet {
      standardization.map { images.standardized(by: $0) } ?? images
    }
    let (seenImages, seenTruth) = (seen(images), truth.map(seen))
    let found = try Imputer(
      model, parameters: parameters, images: seenImages, truth: seenTruth, device: device,
      samples: samples, draws: draws, batchSize: batchSize, chunk: chunk, seed: seed
    ).impute { done in
      let rate = Double(done) / seconds()
      return monitor(
        RunProgress(
          stage: .evaluating("imputing", images: done, of: images.count), imagesPerSecond: rate,
          secondsLeft: Double(images.count - done) / rate))
    }
    guard var imputed = found else { return nil }
    report.truth = seenTruth.flatMap {
      ImputationError(imputed, of: seenImages, truth: $0, classes: model.likelihood.classes)
    }
    if let standardization { imputed.restore(standardization, in: images) }
    guard imputed.means.allSatisfy(\.isFinite), imputed.copies.allSatisfy(\.isFinite) else {
      throw NotFiniteError(of: "log-weight or a mean")
    }
    let effective = imputed.effectiveSampleSizes
    report.effectiveSampleSize = effective.reduce(0, +) / Double(effective.count)
    report.seconds = seconds()
    let values = draws > 0 ? imputed.copies : imputed.means
    return Result(array: array(.floats(values)), report: report)
  }

  /// The completion of images of which nothing is missing: themselves, or copies.
  private var unchanged: NumberArray {
    func copies<Value>(_ values: [Value]) -> [Value] {
      draws > 1 ? (0..<draws).flatMap { _ in values } : values
    }
    return switch images.values {
    case .bytes(let bytes): array(.bytes(copies(bytes)))
    case .floats(let floats): array(.floats(copies(floats)))
    case .words: preconditionFailure("images are bytes or floats")
    }
  }

  private func array(_ values: NumberArray.Values) -> NumberArray {
    let sides = images.height.map { [$0, images.width / $0] } ?? [images.width]
    return NumberArray(shape: (draws > 0 ? [draws] : []) + [images.count] + sides, values: values)
  }
}

extension ImputedImages {
  /// Brings values into the data's own units. Observed ones are again what was given.
  fileprivate mutating func restore(_ standardization: Standardization, in images: ImageSet) {
    let given = (0..<images.count).flatMap { images.pixels(of: $0) }
    func restored(_ values: [Float]) -> [Float] {
      standardization.restored(values).enumerated().map { index, value in
        let observed = given[index % given.count]
        return observed.isNaN ? value : observed
      }
    }
    (means, copies) = (restored(means), restored(copies))
  }
}
