import Compute

extension Likelihood {
  /// A likelihood of one's own, from formulas in "x" and its heads. Laplace's:
  ///
  ///     let laplace = try Likelihood(
  ///       "laplace", heads: ["mean", "log_scale"],
  ///       logDensity: -.abs("x" - "mean") * .exp(-"log_scale") - "log_scale" - .log(2),
  ///       mean: "mean", support: .reals)
  ///
  /// A checkpoint carries the formulas as text, so that it evaluates anywhere.
  ///
  /// - Parameters:
  ///   - name: Its name in messages and reports.
  ///   - heads: The linear layers on the decoder; each gives one value for every variable.
  ///   - logDensity: log p(x) in "x" and every head.
  ///   - mean: The mean of x in the heads.
  ///   - support: The values that x may have.
  ///   - draw: A draw of x in the heads and either "u", uniform in (0, 1), or "n", standard normal.
  public init(
    _ name: String, heads: [String], logDensity: Formula, mean: Formula, support: Support,
    draw: Formula? = nil
  ) throws(DescriptionError) {
    var fields: [String: JSONValue] = [
      "family": .string("formula"), "name": .string(name),
      "heads": .array(heads.map { .string($0) }), "log_density": .string(logDensity.description),
      "mean": .string(mean.description), "support": .string("\(support)"),
    ]
    fields["draw"] = draw.map { .string($0.description) }
    self = try Self.reading(.object(fields))
  }
}
