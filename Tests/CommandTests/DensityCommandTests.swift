import Commands
import Experiments
import Foundation
import Testing

@testable import iwae_gpu

/// Likelihoods, posteriors and priors of all kinds, through the command line.
@Suite struct DensityCommandTests {
  private let densities: Densities
  private var out: String { densities.path("run") }

  private static let small = [
    "--layers", "8:3", "-k", "3", "--passes", "1", "--test-samples", "10", "--limit", "5",
    "--quiet",
  ]

  init() throws { densities = try Densities() }

  private func train(_ more: String...) -> Outcome {
    run(["train", "--out", out] + Self.small + more)
  }

  private func text(_ file: String) throws -> String {
    try String(contentsOf: URL(fileURLWithPath: "\(out)/\(file)"), encoding: .utf8)
  }

  @Test func countsAreModelled() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    let trained = train("--data", counts, "--likelihood", "poisson", "--seed", "3")
    #expect(trained.status == .done, "\(trained.error)")
    #expect(try text("config.json").contains(#""likelihood" : "poisson""#))
    let evaluated = run("evaluate", out, "--samples", "10", "--json")
    #expect(evaluated.status == .done, "\(evaluated.error)")
    // Bytes of counts are no grey levels: means of 2 make a density of more than a nat a value.
    let report = try decoder.decode(Nll.self, from: Data(evaluated.output.utf8))
    #expect(report.nll > Double(Densities.width))
    for command in ["sample", "reconstruct"] {
      let picture = densities.path("\(command).png")
      #expect(run(command, out, "--count", "3", "--out", picture).status == .done)
    }
    let arrays = run("export", out, "--arrays", densities.path("arrays"), "--limit", "4")
    #expect(arrays.status == .done && arrays.output.contains("mean.0.npy"), "\(arrays.error)")
    let resumed = run("train", "--resume", out, "--likelihood", "gaussian")
    #expect(resumed.error.contains("'--likelihood' cannot change when a run is resumed"))
    #expect(resumed.status == .usage)
  }

  private struct Nll: Decodable {
    var nll: Double
  }

  @Test(arguments: ["cpu", "auto"])
  func densitiesOfOnesOwnAreTrained(_ backend: String) throws {
    defer { densities.remove() }
    let trained = train(
      "--data", "linear-gaussian", "--backend", backend,
      "--likelihood", try densities.write("student", Densities.student),
      "--posterior", try densities.write("laplace", Densities.laplace),
      "--prior", try densities.write("cauchy", Densities.cauchy))
    #expect(trained.status == .done && trained.error.isEmpty, "\(trained.error)")
    let configuration = try RunConfiguration(file: "\(out)/config.json")
    #expect(configuration.model.likelihood.name == "student")
    #expect(configuration.model.encoder.map(\.posterior.name) == ["laplace"])
    #expect(configuration.model.prior.name == "cauchy")
    for name in ["likelihood", "posterior", "prior"] {
      #expect(configuration.facts.contains { $0.name == name && $0.isNotable })
    }
    // The files may be gone: what they said is the run's own.
    for file in ["student", "laplace", "cauchy"] {
      try FileManager.default.removeItem(atPath: densities.path("\(file).json"))
    }
    let arguments = ["--backend", backend, "--quiet"]
    #expect(run(["evaluate", out, "--samples", "5", "--limit", "3"] + arguments).status == .done)
    #expect(run(["sample", out, "--count", "2"] + arguments).status == .done)
    let folder = densities.path("arrays")
    let exported = run(["export", out, "--arrays", folder, "--limit", "3", "--backend", backend])
    #expect(exported.output.contains("log_scale.0.npy") && exported.output.contains("noise.0.npy"))
    let look = run(["look", out, "--only", "posterior", "--backend", backend])
    #expect(look.status == .done && look.output.contains("No posterior:"))
    let again = run(
      ["train", "--config", "\(out)/config.json", "--layers", "5:2/4:2", "--out", out + "-again"]
        + ["--test-samples", "5", "--limit", "3"] + arguments)
    #expect(again.status == .done, "\(again.error)")
    let repeated = try RunConfiguration(file: "\(out)-again/config.json").model
    #expect(repeated.encoder.map(\.posterior.name) == ["laplace", "laplace"])
    #expect(repeated.prior == configuration.model.prior && repeated.encoder.count == 2)
  }

  @Test func whatCannotBeDrawnIsSaid() throws {
    defer { densities.remove() }
    let student = try densities.write("student", Densities.student)
    #expect(
      train("--data", "linear-gaussian", "--likelihood", student, "--layers", ":2").status
        == .usage)
    let trained = run(
      ["train", "--out", out, "--data", "linear-gaussian", "--likelihood", student, "--layers"]
        + ["4:2", "-k", "2", "--passes", "1", "--test-samples", "5", "--limit", "3", "--quiet"]
        + ["--posterior", try densities.write("laplace", Densities.laplace)])
    #expect(trained.status == .done, "\(trained.error)")
    let sandwich = run("sandwich", out, "--limit", "2")
    #expect(sandwich.status == .badInput)
    #expect(sandwich.error.contains("The likelihood 'student' has no formula that draws data"))
    #expect(run("look", out, "--only", "posterior").output.contains("draws tell"))
    let prior = try densities.write("cauchy", Densities.cauchy)
    #expect(train("--data", "linear-gaussian", "--prior", prior, "--overwrite").status == .done)
    let annealed = run("sandwich", out, "--limit", "2", "--temperatures", "2,3", "--quiet")
    #expect(annealed.status == .done && annealed.output.contains("from above, T = 3"))
  }

  @Test func pseudoInputsAreNumbersFromZeroToOne() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    func train(_ prior: String, _ likelihood: String) -> Outcome {
      run([
        "train", "--out", densities.path("run"), "--data", counts, "--likelihood", likelihood,
        "--prior", prior, "--layers", "4:2", "-k", "2", "--passes", "1", "--test-samples", "5",
        "--limit", "3", "--quiet", "--overwrite",
      ])
    }
    let warning = "Warning: the inputs of prior 'vamp:3' are numbers from 0 to 1"
    #expect(train("vamp:3", "poisson").error.contains(warning))
    for (prior, likelihood) in [("vamp:3", "bernoulli"), ("mixture:3", "poisson")] {
      let trained = train(prior, likelihood)
      #expect(trained.status == .done && !trained.error.contains("Warning"), "\(trained.error)")
    }
  }

  @Test func aPriorThatIsNoProbabilityIsWarnedOf() throws {
    defer { densities.remove() }
    let prior = try densities.write("wide", Densities.wide)
    let trained = train("--data", "linear-gaussian", "--prior", prior)
    #expect(trained.status == .done)
    #expect(trained.error.contains("Warning: the density of prior 'wide' has the integral 2.507"))
  }

  @Test func planShowsFormulas() throws {
    defer { densities.remove() }
    let plain = run("plan", "--data-size", "9", "--layers", "8:3", "-k", "2", "--batch", "2")
    #expect(
      plain.output.contains("latent.0 = encoder.0.mean + exp(encoder.0.log_sigma) * noise.0\n"))
    #expect(plain.output.contains("noise.0 = normal numbers for the latents of layer 0"))
    let own = run(
      "plan", "--data-size", "9", "--layers", "8:3", "-k", "2", "--batch", "2", "--posterior",
      try densities.write("laplace", Densities.laplace))
    #expect(own.output.contains("latent.0.term = sum(") && own.output.contains("uniform numbers"))
    for line in own.output.split(separator: "\n") where line.contains(" = ") {
      #expect(line.count <= 100, "\(line)")
    }
  }
}
