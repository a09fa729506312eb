import Compute

/// An objective that JSON describes: a `Row` whose numbers may be formulas in the numbers of groups and
/// of samples.
///
///     {"name": "flattened",
///      "bound": {},
///      "encoder_bound": {"temperature": 0.5},
///      "decoder": {"linear": 1},
///      "path": {"temperature": 0.5, "linear": 1}}
///
/// `bound` and `decoder` have to be there. The encoder's bound and path are the decoder's unless given,
/// the score is minus the path, and an objective with `dreg`, the path of that estimator, has all
/// estimators.
extension Objective {
  /// The objective of a text that is JSON.
  public init(description text: String) throws(DescriptionError) {
    guard let json = JSONValue(text: text) else { throw .notJSON(kind: Self.kind) }
    try self.init(json)
  }

  /// The description, where the objective has one.
  public var definition: JSONValue? {
    if case .description(let json) = origin { json } else { nil }
  }

  private static let kind = "objective"

  /// The objective of a value of JSON.
  public init(_ json: JSONValue) throws(DescriptionError) {
    guard case .object(let values) = json else {
      throw .notADescription(kind: Self.kind, found: json.quoted)
    }
    var fields = DescriptionFields(of: "the \(Self.kind)", values: values)
    let name = try Self.name(fields)
    fields = DescriptionFields(of: "\(Self.kind) '\(name)'", values: values)
    try fields.allow(only: [
      "name", "least_samples", "bound", "encoder_bound", "decoder", "path", "score",
      "leave_one_out",
      "dreg",
    ])
    let bound = try BoundFormula(fields, "bound")
    let encoderBound = try fields.ifPresent("encoder_bound", BoundFormula.init)
    let decoder = try CoefficientFormula(fields, "decoder")
    let path = try fields.ifPresent("path", CoefficientFormula.init)
    let score = try fields.ifPresent("score", CoefficientFormula.init)
    let doubled = try fields.ifPresent("dreg", CoefficientFormula.init)
    let leaveOneOut = try fields.counted("leave_one_out", otherwise: 0)
    let least = leaveOneOut.isZero ? 1 : 2
    self.init(
      name, from: .description(json), encoderSignal: nil, hasEstimators: doubled != nil,
      leastSamples: try fields.leastSamples(least)
    ) { counts in
      let decoder = decoder.rule(counts)
      return Row(
        bound: bound.rule(counts), encoderBound: encoderBound?.rule(counts), decoder: decoder,
        path: path?.rule(counts), score: score?.rule(counts),
        leaveOneOut: leaveOneOut.value(counts), doubled: doubled?.rule(counts) ?? decoder)
    }
  }

  /// A name that can be a part of a file's, and that no row of the table has.
  private static func name(_ fields: DescriptionFields) throws(DescriptionError) -> String {
    let name = try fields.string("name", expected: "a name")
    let isPlain = name.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0))
    }
    guard isPlain, name.count <= 40, !name.hasPrefix("-"), !names.contains(name) else {
      throw fields.wrong(
        "name",
        expected:
          "at most 40 letters, digits, '-' and '_', and none of \(names.joined(separator: ", "))",
        found: "'\(name)'")
    }
    return name
  }
}

/// A `BoundRule` for any number of groups and samples.
private struct BoundFormula: Sendable {
  let scope: SampleScope
  let temperature: CountFormula
  let meanShare: CountFormula

  init(_ fields: DescriptionFields, _ name: String) throws(DescriptionError) {
    let part = try fields.part(name)
    try part.allow(only: ["scope", "temperature", "mean_share"])
    scope = try part.scope()
    temperature = try part.counted("temperature", otherwise: 1)
    meanShare = try part.counted("mean_share", otherwise: 0)
  }

  func rule(_ counts: SampleCounts) -> BoundRule {
    BoundRule(scope, temperature: temperature.value(counts), meanShare: meanShare.value(counts))
  }
}

/// A `CoefficientRule` for any number of groups and samples.
private struct CoefficientFormula: Sendable {
  let scope: SampleScope
  let temperature: CountFormula
  let constant: CountFormula
  let linear: CountFormula
  let square: CountFormula

  init(_ fields: DescriptionFields, _ name: String) throws(DescriptionError) {
    let part = try fields.part(name)
    try part.allow(only: ["scope", "temperature", "constant", "linear", "square"])
    scope = try part.scope()
    temperature = try part.counted("temperature", otherwise: 1)
    constant = try part.counted("constant", otherwise: 0)
    linear = try part.counted("linear", otherwise: 0)
    square = try part.counted("square", otherwise: 0)
  }

  func rule(_ counts: SampleCounts) -> CoefficientRule {
    CoefficientRule(
      scope, temperature: temperature.value(counts), constant: constant.value(counts),
      linear: linear.value(counts), square: square.value(counts))
  }
}

/// A number that may depend on the numbers of groups, m, and of samples, k.
private struct CountFormula: Sendable {
  let formula: Formula

  static let variables = ["m", "k"]

  var isZero: Bool { formula.number == 0 }

  func value(_ counts: SampleCounts) -> Float {
    Float(formula.evaluate(["m": Double(counts.groups), "k": Double(counts.samples)]))
  }
}

extension DescriptionFields {
  /// A field's value, read in its own way; nil where the field is absent.
  fileprivate func ifPresent<Value>(
    _ field: String, _ read: (DescriptionFields, String) throws(DescriptionError) -> Value
  ) throws(DescriptionError) -> Value? {
    values[field] == nil ? nil : try read(self, field)
  }

  /// The fields of a field that is an object.
  fileprivate func part(_ field: String) throws(DescriptionError) -> DescriptionFields {
    let expected = "an object"
    let value = try value(field, expected: expected)
    guard case .object(let values) = value else {
      throw wrong(field, expected: expected, found: value.quoted)
    }
    return DescriptionFields(of: "\(subject), \(field)", values: values)
  }

  fileprivate func scope() throws(DescriptionError) -> SampleScope {
    guard values["scope"] != nil else { return .all }
    let text = try string("scope", expected: "'all' or 'group'")
    switch text {
    case "all": return .all
    case "group": return .group
    default: throw wrong("scope", expected: "'all' or 'group'", found: "'\(text)'")
    }
  }

  /// A number, or a formula in m and k.
  fileprivate func counted(
    _ field: String, otherwise standard: Double
  ) throws(DescriptionError) -> CountFormula {
    switch values[field] {
    case nil: return CountFormula(formula: Formula(standard))
    case .number(let value): return CountFormula(formula: Formula(value))
    default: return CountFormula(formula: try formula(field, CountFormula.variables))
    }
  }

  fileprivate func leastSamples(_ least: Int) throws(DescriptionError) -> Int {
    let field = "least_samples"
    guard let value = values[field] else { return least }
    guard case .number(let number) = value, let count = Int(exactly: number),
      (least...1 << 20).contains(count)
    else {
      throw wrong(
        field, expected: "a whole number from \(least) to \(1 << 20)", found: value.quoted)
    }
    return count
  }
}
