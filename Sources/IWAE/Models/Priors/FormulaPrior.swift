import Compute

extension Prior {
  /// A prior of the user's own: a density in z and its parameters.
  static let formulaFamily = DensityFamily<Prior>(name: "formula", isNamed: false) {
    unnamed throws(DescriptionError) in
    let (name, fields) = try unnamed.named(kind)
    try fields.allow(["name", "parameters", "log_density"])
    var parameters: [String] = []
    if fields.values["parameters"] != nil {
      parameters = try fields.names("parameters")
    }
    let logDensity = try fields.formula(
      "log_density", ["z"] + parameters, mentioning: ["z"] + parameters)
    return Prior(
      definition: fields.definition, family: "formula", name: name, parameters: parameters,
      logDensity: logDensity)
  }
}
