import Commands
import Foundation
import Testing

@testable import iwae_gpu

/// What is said of densities and data that cannot be used: nothing is trained, and no folder is left.
@Suite struct DensityRefusalTests {
  private let densities: Densities

  init() throws { densities = try Densities() }

  private func refused(
    _ status: ExitCode, _ reason: String, _ arguments: String...,
    location: SourceLocation = #_sourceLocation
  ) {
    let out = densities.path("run")
    let outcome = run(
      ["train", "--out", out, "--layers", "8:3", "-k", "3", "--passes", "1", "--quiet"]
        + arguments)
    #expect(outcome.status == status, "\(outcome.error)", sourceLocation: location)
    #expect(outcome.error.contains(reason), "\(outcome.error)", sourceLocation: location)
    #expect(!FileManager.default.fileExists(atPath: out), sourceLocation: location)
  }

  @Test func descriptionsAreChecked() throws {
    defer { densities.remove() }
    refused(.usage, "Did you mean 'poisson'?", "--likelihood", "posson")
    refused(.usage, "Known: bernoulli, gaussian, poisson", "--likelihood", "posson")
    refused(.usage, "unknown posterior 'gauss'", "--posterior", "gauss")
    refused(.usage, "Did you mean 'standard-normal'?", "--prior", "standardnormal")
    refused(.usage, "takes no number after its name", "--likelihood", "poisson:3")
    refused(.usage, "found text that is not JSON", "--likelihood", #"{"family""#)
    refused(.usage, "unknown field 'sgima'", "--likelihood", #"{"family":"gaussian","sgima":1}"#)
    refused(.usage, "expected an operator or ')'", "--likelihood", Densities.torn)
    let torn = try densities.write("torn", Densities.torn)
    refused(.badInput, "likelihood 'torn', log_density", "--likelihood", torn)
    refused(.badInput, "torn.json", "--likelihood", torn)
    refused(.badInput, "broken.json", "--prior", try densities.write("broken", "{"))
    refused(.fileAccess, "could not be read", "--posterior", densities.path("none.json"))
  }

  @Test func dataAreCheckedByTheSupport() throws {
    defer { densities.remove() }
    let halves = try densities.floats(2.5, at: 2 * Densities.width + 3)
    refused(
      .badInput,
      "image 3, value 4: expected a whole number of at least 0, found 2.5, for the likelihood "
        + "'poisson'. Give whole counts", "--data", halves, "--likelihood", "poisson")
    refused(.badInput, "expected a number from 0 to 1", "--data", halves)
    refused(
      .badInput,
      "image 3, value 4: expected a whole number from 0 to 4, found 2.5, for the likelihood "
        + "'categorical:5'. Give classes that count from 0", "--data", halves, "--likelihood",
      "categorical:5")
    refused(
      .badInput, "expected a whole number from 0 to 3, found 4.0", "--data", try densities.counts(),
      "--likelihood", "categorical:4")
    refused(
      .usage, "'--binarize sample' draws 0s and 1s", "--data", halves, "--likelihood", "gaussian",
      "--binarize", "sample")
  }

  @Test func aDensityThatIsNoNumberIsFoundBeforeTraining() throws {
    defer { densities.remove() }
    let counts = try densities.counts()
    let sour = try densities.write("sour", Densities.sour)
    refused(
      .badInput,
      "nothing was trained: the log-density of likelihood 'sour' is NaN for image 1, variable 1, "
        + "where x = 0.0, rate = ", "--data", counts, "--likelihood", sour)
  }

  @Test func gradientsNeedAPath() throws {
    defer { densities.remove() }
    let step = try densities.write("step", Densities.step)
    let data = ["--data", "linear-gaussian", "--posterior", step]
    refused(.usage, "Use rws, vimco or tvo", data[0], data[1], data[2], data[3])
    let plan = run("plan", "--data-size", "9", "--layers", "8:3", "--posterior", step)
    #expect(plan.status == .usage && plan.error.contains("needs a gradient through the sample"))
    let closed = run("plan", "--objective", "elbo", "--posterior", Densities.laplace)
    #expect(closed.status == .usage && closed.error.contains("has no closed form"))
    // Binary latents have no path that another objective could take.
    let binary = ["--posterior", "bernoulli", "--prior", "bernoulli", "--layers", "8:3"]
    let elbo = run(["plan", "--objective", "elbo"] + binary)
    #expect(elbo.error.contains("Use rws, vimco or tvo."), "\(elbo.error)")
    let weighed = run(
      ["train", "--out", densities.path("weighed"), "--objective", "rws", "--kl-weight", "2"]
        + ["--data", "strokes"] + binary)
    #expect(
      weighed.status == .usage && weighed.error.contains("Leave it out.\n"), "\(weighed.error)")
    let trained = run(
      ["train", "--out", densities.path("rws"), "--layers", "8:3", "-k", "3", "--passes", "1"]
        + ["--test-samples", "5", "--limit", "3", "--quiet", "--objective", "rws"] + data)
    #expect(trained.status == .done, "\(trained.error)")
  }
}
