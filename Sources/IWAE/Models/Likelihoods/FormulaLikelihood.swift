import Compute

extension Likelihood {
  /// A likelihood of the user's own: formulas in x and its heads.
  static let formulaFamily = DensityFamily<Likelihood>(name: "formula", isNamed: false) {
    unnamed throws(DescriptionError) in
    let (name, fields) = try unnamed.named(kind)
    try fields.allow(["name", "heads", "log_density", "mean", "support", "draw"])
    let heads = try fields.names("heads")
    if heads.isEmpty { throw fields.wrong("heads", expected: "at least one name", found: "none") }
    let supports = Support.described.map { "\($0)" }.joined(separator: ", ")
    let support = try fields.string("support", expected: "one of \(supports)")
    guard let support = Support.described.first(where: { "\($0)" == support }) else {
      throw fields.wrong("support", expected: "one of \(supports)", found: "'\(support)'")
    }
    let logDensity = try fields.formula("log_density", ["x"] + heads, mentioning: ["x"] + heads)
    let mean = try fields.formula("mean", heads)
    var draw: Formula?
    if fields.values["draw"] != nil {
      draw = try fields.formula("draw", ["u", "n"] + heads)
      if draw?.variables.isSuperset(of: ["u", "n"]) == true {
        throw fields.wrong("draw", expected: "a formula in u or in n", found: "both")
      }
    }
    return Likelihood(
      definition: fields.definition, family: "formula", name: name, heads: heads,
      logDensity: logDensity, mean: mean, draw: draw, support: support)
  }
}
