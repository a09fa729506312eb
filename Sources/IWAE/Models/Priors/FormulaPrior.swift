import Compute

extension Prior {
  /// A prior of the user's own: a density in z and its parameters.
  static let formulaFamily = DensityFamily<Prior>(name: "formula", isNamed: false) {
    unnamed throws(DensityError) in
    try unnamed.allow(["name", "parameters", "log_density"])
    let name = try unnamed.string("name", expected: "a name")
    let fields = unnamed.named(kind, name)
    var parameters: [String] = []
    if fields.values["parameters"] != nil {
      parameters = try fields.names("parameters", reserved: ["e", "z"])
    }
    let logDensity = try fields.formula(
      "log_density", ["z"] + parameters, mentioning: ["z"] + parameters)
    return Prior(
      fields.definition, family: "formula", name: name, parameters: parameters,
      logDensity: logDensity)
  }
}
