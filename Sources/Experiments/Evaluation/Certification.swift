import Compute
import Files
import Foundation
import IWAE

/// Certifies a model's log-likelihood of images: what is found image by image is kept, and gone on from.
public struct Certification: Sendable {
  public let subject: Subject
  public var settings: Certifier.Settings
  /// The seconds that it may take; nil for as many as it needs.
  public var budget: Double?
  /// The folder that keeps what is known; nil where nothing does.
  private let folder: String?
  private let subjectFacts: [Fact]
  /// What the names of files begin with that keep what is known.
  static let prefix = "certificate-"
  /// The images that are drawn from the model for a diagnosis.
  private static let simulatedImages = 20

  public init(_ subject: Subject, width: Double, budget: Double? = nil, folder: String? = nil) {
    self.subject = subject
    subjectFacts = [
      Fact("the parameters", subject.parameters), Fact("the images", subject.images),
    ]
    settings = Certifier.Settings(width: width)
    (settings.binarization, settings.seed) = (subject.binarization, subject.seed)
    (self.budget, self.folder) = (budget, folder)
  }

  /// The result, image by image and over all.
  public struct Outcome: Sendable {
    public var certificate: Certificate
    public var images: [CertifiedImage]
    /// True if it was stopped before its end.
    public var isStopped: Bool
    /// Why the folder does not keep it; nil if it does, or need not.
    public var loss: String?
  }

  /// What a file keeps.
  struct Kept: Codable {
    /// What it is about: nothing else may go on from it.
    var of: [Fact]
    var images: [CertifiedImage]
  }

  private var facts: [Fact] { subjectFacts + [Fact("the settings", "\(settings)")] }

  /// The file that keeps what is known: another model, other images and another error have their own.
  public var file: String? {
    folder.map { folder in
      var hash = SHA256()
      for fact in facts { hash.update(Data("\(fact.name): \(fact.value)\n".utf8)) }
      return "\(folder)/\(Self.prefix)\(hash.hexadecimal().prefix(8)).json"
    }
  }

  /// The first images, which are known from before and need nothing more; nil where the file that should
  /// keep them holds something else.
  public var known: [CertifiedImage]? {
    guard let file, FileManager.default.fileExists(atPath: file) else { return [] }
    // Some 200 bytes an image.
    let most = 65_536 + 1024 * subject.images.count
    guard let data = try? Files.read(file, atMost: most),
      let kept = try? JSONText.value(Kept.self, data), kept.of == facts,
      kept.images.count <= subject.images.count,
      kept.images.allSatisfy(settings.mayFind)
    else { return nil }
    return whole(kept.images)
  }

  /// The first of some images, from which a search goes on: of a block all, or none.
  private func whole(_ images: [CertifiedImage]) -> [CertifiedImage] {
    let first = images.firstIndex(where: \.isCutShort) ?? images.count
    let count = first == subject.images.count ? first : first / Certifier.block * Certifier.block
    return Array(images.prefix(count))
  }

  /// Why the folder cannot keep what is found now; nil where it can.
  public var obstacle: String? {
    guard let folder else { return nil }
    do {
      _ = try FolderLock(folder)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Keeps images, unless another that certifies the same knows more of them by now; returns why it could not.
  private func keep(_ images: [CertifiedImage]) -> String? {
    guard let folder, let file else { return nil }
    do {
      // It is held for this alone: who certifies others, or trains later, need not wait.
      let lock = try FolderLock(folder)
      defer { withExtendedLifetime(lock) {} }
      guard (known?.count ?? 0) <= whole(images).count else { return nil }
      try Files.write(
        try JSONText.data(Kept(of: facts, images: images)), to: file,
        mode: RunFolder(folder).permissions)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Certifies; nil if the monitor stopped it before anything was known.
  ///
  /// - Parameters:
  ///   - device: The device to certify on.
  ///   - monitor: Told how far it is; returns whether to go on.
  public func run(
    on device: any Device, monitor: @escaping WordMonitor = { _ in true }
  ) throws -> Outcome? {
    let start = ContinuousClock.now
    func elapsed() -> Double { (ContinuousClock.now - start) / .seconds(1) }
    let count = subject.images.count
    var loss: String?
    var blocks: [CertifiedImage] = []
    let known = self.known ?? []
    let certifier = try Certifier(
      subject.model, parameters: subject.parameters, images: subject.images, settings,
      device: device)
    var found = known
    var isStopped = false
    found = try certifier.certify(
      known: known,
      mayGoOn: { done in
        guard let budget else { return true }
        // Of the time that is left, a block may take its share, and the next step twice the last's.
        let end = min(done + Certifier.block, count)
        let share = Double(end - known.count) / Double(max(count - known.count, 1))
        return elapsed() < 0.5 * share * budget
      },
      progress: { done, what in
        let rate = Double(done - known.count) / elapsed()
        let left =
          rate > 0 ? "  \(readable(.seconds(Double(count - done) / rate))) left" : ""
        let goesOn = monitor(
          "certifying  \(done) of \(count) images\(Self.text(found))  \(what)\(left)")
        if !goesOn { isStopped = true }
        return goesOn
      },
      keep: { images in
        found = images
        if let image = images.firstIndex(where: { !$0.estimate.isFinite }) {
          throw NotFiniteError(
            description:
              "The log-weights of image \(image + 1) are not finite: the model's parameters "
              + "are too extreme for single precision.")
        }
        // What is found is worth more than that it is kept, which the next block tries again.
        blocks = images
        loss = keep(images)
      })
    guard !found.isEmpty else { return nil }
    var certificate = Certificate(
      found, of: count, asked: settings.width, isEnough: certifier.isMet, seconds: elapsed())
    if !isStopped, budget.map({ elapsed() < $0 }) ?? true {
      let used = found.compactMap(\.temperatures).sorted()
      certificate.simulated = try simulate(
        used.isEmpty ? settings.temperatures : used[used.count / 2], device
      ) {
        if !monitor("annealing simulated images  \($0)%") { isStopped = true }
        return !isStopped
      }
    }
    if loss != nil { loss = keep(blocks) }
    certificate.seconds = elapsed()
    return Outcome(
      certificate: certificate, images: found, isStopped: isStopped, loss: loss)
  }

  /// The mean so far, and its error where all images have one that can be believed.
  static func text(_ images: [CertifiedImage]) -> String {
    guard !images.isEmpty else { return "" }
    let mean = images.reduce(0) { $0 + $1.estimate } / Double(images.count)
    let error = images.meanErrorAndBias.map { Certifier.deviations * $0.error }
    return String(format: "  %.2f", mean) + (error.map { String(format: " ± %.3f", $0) } ?? "")
  }

  /// Anneals images that the model draws from both sides; nil where it cannot, or need not.
  private func simulate(
    _ temperatures: Int, _ device: any Device, _ goesOn: (Int) -> Bool
  ) throws -> Certificate.Simulated? {
    let (model, images) = (subject.model, subject.images)
    guard model.obstacleToPath == nil, model.likelihood.canDraw else { return nil }
    let count = min(images.count, Self.simulatedImages)
    // Another seed than that of the chains, which would start where the images came from.
    let simulation = try Generator(model, parameters: subject.parameters, device: device).simulate(
      count: count, seed: subject.seed &+ 1, height: images.height,
      labels: images.labels.map { Array($0.prefix(count)) })
    let annealed = try Annealer(
      model, parameters: subject.parameters, images: simulation.images,
      AnnealingConfiguration(
        chains: settings.chains, temperatures: [temperatures], leapfrogSteps: settings.leapfrogs,
        seed: subject.seed), device: device
    ).anneal(posterior: simulation.latents) { goesOn(Int(100 * $0)) }
    guard let annealed = annealed?[0] else { return nil }
    guard annealed.allSatisfy({ $0.lower.isFinite && $0.upper?.isFinite != false }) else {
      throw NotFiniteError(of: "log-weight")
    }
    let gaps = LogWeights.Estimate(annealed.map { ($0.upper ?? .nan) - $0.lower })
    let lower = annealed.reduce(0) { $0 + $1.lower } / Double(count)
    return Certificate.Simulated(
      images: count, temperatures: temperatures, lower: lower, upper: lower + gaps.mean,
      standardError: gaps.squaredError?.squareRoot())
  }
}
