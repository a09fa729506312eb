import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Runs that are tested on other data than their own.
@Suite struct TestDataTests {
  private let densities: Densities
  private var out: String { densities.path("run") }

  init() throws { densities = try Densities() }

  private struct Report: Decodable {
    var nll: Double
    var images: Int
  }

  private func train(_ more: String...) -> Outcome {
    run(
      [
        "train", "--layers", "8:2", "-k", "3", "--passes", "1", "--batch", "10", "--test-samples",
        "10", "--out", out, "--quiet",
      ] + more)
  }

  private func evaluated(_ more: String...) throws -> Report {
    let outcome = run(["evaluate", out, "--samples", "10", "--json", "--quiet"] + more)
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test func aRunIsTestedOnAnotherFile() throws {
    defer { densities.remove() }
    let (counts, bits) = (try densities.counts(), try densities.bits())
    // Of its own images a tenth would test; all of another file do, be they 0 and 1 alone.
    let trained = train("--data", counts, "--test", bits, "--likelihood", "poisson")
    #expect(trained.status == .done, "\(trained.error)")
    let own = try evaluated()
    let named = try evaluated("--data", bits)
    #expect(own.images == 60 && own.nll == named.nll)
    #expect(try evaluated("--data", counts).nll != own.nll)
    let kept = try RunConfiguration(file: "\(out)/config.json")
    #expect(kept.test == bits && kept.data == counts)
    let resumed = run("train", "--resume", out, "--passes", "2", "--quiet")
    #expect(resumed.status == .done && resumed.output.contains("over 60 images"))
    let other = run("train", "--resume", out, "--test", counts)
    #expect(other.status == .usage && other.error.contains("'--test' cannot change"))
  }

  @Test func aSweepIsTestedOnAnotherFile() throws {
    defer { densities.remove() }
    let outcome = run([
      "sweep", "--data", try densities.counts(), "--test", try densities.bits(), "--likelihood",
      "poisson", "--layers", "8:2", "--samples", "2", "--passes", "1", "--batch", "10",
      "--test-samples", "10", "--out", out, "--quiet",
    ])
    #expect(outcome.status == .done, "\(outcome.error)")
    let cell = "\(out)/iwae-k2-seed0/evaluation.json"
    let data = try Data(contentsOf: URL(fileURLWithPath: cell))
    #expect(try JSONDecoder().decode(Report.self, from: data).images == 60)
  }

  @Test func otherImagesAreRefused() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    let wide = train("--data", counts, "--test", "linear-gaussian", "--likelihood", "gaussian")
    #expect(
      wide.status == .badInput && wide.error.contains("linear-gaussian: expected images of 6"))
    // Bytes up to 4 are grey here, and bits are not.
    let bits = train("--data", counts, "--test", try densities.bits())
    #expect(bits.status == .badInput && bits.error.contains("the parts do not fit"))
    let missing = train("--data", counts, "--test", "mnits")
    #expect(missing.status == .fileAccess && missing.error.contains("Did you mean 'mnist'?"))
  }
}
