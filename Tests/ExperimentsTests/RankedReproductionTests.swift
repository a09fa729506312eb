import Compute
import Conformance
import Datasets
import Foundation
import IWAE
import ReferenceDevice
import Testing

@testable import Experiments

/// A paper's table whose runs several ranks divide: all get the numbers that one would.
@Suite struct RankedReproductionTests {
  private let folder = NSTemporaryDirectory() + "iwae-gpu-ranked-paper-\(UUID().uuidString)"

  /// Sixty images of nine pixels.
  private static func source() -> DataSource {
    let pixels = (0..<60 * 9).map { UInt8(($0 * 7 + $0 / 9 * ($0 % 9)) % 5 < 2 ? 1 : 0) }
    let images = ImageSet(name: "few", values: .bytes(pixels), width: 9)
    return DataSource(
      "few", ImageCollection(training: images.subset(0..<40), test: images.subset(40..<60)))
  }

  /// The table as JSON, but for times and the folder.
  private static func table(_ folder: String, _ ranks: any Ranks) throws -> String {
    let source = source()
    var recipe = PaperRecipe(of: source, passes: 1, seeds: [0], testSamples: 5, limit: 10)
    recipe.base.model.encoder = [.init(hidden: [8], latent: 3)]
    recipe.base.model.decoder = [.init(hidden: [8])]
    let (report, isWhole) = try PaperRun(rainforth: recipe, of: source, in: folder).run(
      in: .init(open: { ReferenceDevice() }, reference: ReferenceDevice()), ranks: ranks)
    guard isWhole, report.failures.isEmpty else { return "\(report.failures)" }
    return try JSONText.text(report).replacing(folder, with: "folder").split(separator: "\n")
      .filter { !$0.contains("seconds\"") }.joined(separator: "\n")
  }

  @Test(arguments: [2, 3]) func ranksMakeATableTogether(count: Int) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let alone = try Self.table("\(folder)/alone", OneProcess())
    // Each of the seven rows is a run, which is evaluated twice.
    #expect(alone.components(separatedBy: "\"evaluation\" : ").count == 8, "\(alone)")
    #expect(alone.components(separatedBy: "\"samples\" : 64").count == 8, "\(alone)")
    let together = "\(folder)/together"
    let all = try ThreadRanks.run(count) { try Self.table(together, $0) }
    #expect(all == Array(repeating: alone, count: count))
    #expect(FileManager.default.fileExists(atPath: "\(together)/results.json"))
  }
}
