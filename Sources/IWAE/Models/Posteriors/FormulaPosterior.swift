import Compute

extension Posterior {
  /// A posterior of the user's own: a sample in the noise e and the heads, and a density in z.
  static let formulaFamily = DensityFamily<Posterior>(name: "formula", isNamed: false) {
    unnamed throws(DescriptionError) in
    let (name, fields) = try unnamed.named(kind)
    try fields.allow(["name", "heads", "noise", "sample", "log_density"])
    let heads = try fields.names("heads")
    if heads.isEmpty { throw fields.wrong("heads", expected: "at least one name", found: "none") }
    let noise = try fields.distribution("noise")
    let sample = try fields.formula("sample", ["e"] + heads, mentioning: ["e"])
    let logDensity = try fields.formula("log_density", ["z"] + heads, mentioning: ["z"])
    let mentioned = sample.variables.union(logDensity.variables)
    if let unused = heads.first(where: { !mentioned.contains($0) }) {
      throw fields.wrong("heads", expected: "names that the formulas mention", found: "'\(unused)'")
    }
    return Posterior(
      definition: fields.definition, family: "formula", name: name, unitHeads: heads, noise: noise,
      sample: sample, logDensity: logDensity)
  }
}

extension DescriptionFields {
  fileprivate func distribution(_ field: String) throws(DescriptionError) -> Noise.Distribution {
    let names = Noise.Distribution.allCases.map { "\($0)" }.joined(separator: " or ")
    let name = try string(field, expected: names)
    guard let distribution = Noise.Distribution.allCases.first(where: { "\($0)" == name }) else {
      throw wrong(field, expected: names, found: "'\(name)'")
    }
    return distribution
  }
}
