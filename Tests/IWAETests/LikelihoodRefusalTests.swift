import Testing

@testable import IWAE

@Suite struct LikelihoodRefusalTests {
  @Test func everyNameIsALikelihood() throws {
    for name in Likelihood.names {
      let likelihood = try Likelihood(named: name)
      #expect(likelihood.family == name && likelihood.name == name)
      #expect(likelihood.description == name)
    }
    #expect(try Likelihood(named: " {\"family\": \"gaussian\"}") == .gaussian)
    #expect(try Likelihood(named: #"{"family": "gaussian", "sigma": 2}"#) == .gaussian(sigma: 2))
    #expect(Likelihood.gaussian(sigma: 2) != .gaussian(sigma: 3))
    #expect(Likelihood.gaussianShared != .gaussian)
  }

  @Test(arguments: [
    (
      "gausian",
      "unknown likelihood 'gausian'. Did you mean 'gaussian'? Known: "
        + "\(Likelihood.families.map(\.name).joined(separator: ", "))."
    ),
    ("gaussian:0.3", "likelihood 'gaussian' takes no number after its name, found ':0.3'."),
    (
      "{family: gaussian}",
      "expected the likelihood as JSON, since it begins with '{'; found text that is not JSON."
    ),
    (
      #"{"family": "gaussian", "sigmas": 1}"#,
      "likelihood 'gaussian' has an unknown field 'sigmas'. Known: family, sigma."
    ),
    (
      #"{"family": "gaussian", "sigma": -1}"#,
      "likelihood 'gaussian', sigma: expected 'shared' or a number from 1e-15 to 1e15, found -1."
    ),
    (
      #"{"family": "gaussian", "sigma": "own"}"#,
      "likelihood 'gaussian', sigma: expected 'shared' or a number from 1e-15 to 1e15, "
        + "found 'own'."
    ),
    (
      #"{"family": "bernoulli", "sigma": 1}"#,
      "likelihood 'bernoulli' has an unknown field 'sigma'. Known: family."
    ),
    (
      "categorical",
      "likelihood 'categorical': the field 'classes' is missing: expected a whole number from 2 to "
        + "65536."
    ),
    (
      "categorical:1",
      "likelihood 'categorical', classes: expected a whole number from 2 to 65536, found 1."
    ),
    (
      "categorical:2.5",
      "likelihood 'categorical', classes: expected a whole number from 2 to 65536, found 2.5."
    ),
    ("formula", "likelihood 'formula': the field 'name' is missing: expected a name."),
  ])
  func namesAndOptionsThatMeanNothingAreRefused(text: String, message: String) {
    let error = #expect(throws: DescriptionError.self) { try Likelihood(named: text) }
    #expect(error?.description == message)
  }

  /// A formula likelihood with one field changed; nil removes it.
  static func text(_ field: String, _ value: String?) -> String {
    var fields = [
      "family": #""formula""#, "name": #""student""#, "heads": #"["m"]"#, "support": #""reals""#,
      "mean": #""m""#, "log_density": #""-abs(x - m)""#,
    ]
    fields[field] = value
    return "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
  }

  @Test(arguments: [
    (
      "log_density", #""-abs(x - m))""#,
      "log_density: unexpected ')' at 12: expected an operator or the end"
    ),
    ("log_density", #""""#, "log_density: expected a formula, found ''."),
    ("log_density", #""-abs(m)""#, "log_density: expected a formula that mentions 'x'."),
    ("log_density", #""-abs(x)""#, "log_density: expected a formula that mentions 'm'."),
    ("log_density", "3", "log_density: expected a formula, found 3."),
    ("draw", #""u + n + m""#, "draw: expected a formula in u or in n, found both."),
    (
      "support", #""integers""#,
      "support: expected one of unit, counts, positive, reals, found 'integers'."
    ),
    ("heads", "[]", "heads: expected at least one name, found none."),
    ("heads", #""m""#, "heads: expected an array of names, found 'm'."),
    ("heads", "[1]", "heads: expected an array of names, found 1 in it."),
    ("heads", #"["m", "m"]"#, "heads: expected every name once, found 'm' twice."),
    (
      "heads", #"["m", "u"]"#,
      "heads: expected names other than 'x', 'z', 'e', 'u', 'n', found 'u'."
    ),
    (
      "heads", #"["m", "exp"]"#,
      "heads: A variable cannot be named 'exp', which formulas know already. "
        + "Give it another name."
    ),
    (
      "heads", #"["m", "2a"]"#,
      "heads: A variable cannot be named '2a': a name is letters, digits and '_', "
        + "and does not begin with a digit."
    ),
  ])
  func fieldsOfAFormulaAreRefused(field: String, value: String, message: String) {
    let error = #expect(throws: DescriptionError.self) {
      try Likelihood(named: Self.text(field, value))
    }
    #expect(error?.description == "likelihood 'student', " + message)
  }

  @Test func fieldsOfAFormulaAreNeitherMissingNorUnknown() throws {
    #expect(try Likelihood(named: Self.text("draw", #""m + n""#)).draw != nil)
    for (field, expected) in [
      ("heads", "an array of names"), ("support", "one of unit, counts, positive, reals"),
      ("mean", "a formula"), ("log_density", "a formula"),
    ] {
      let error = #expect(throws: DescriptionError.self) {
        try Likelihood(named: Self.text(field, nil))
      }
      #expect(
        error?.description
          == "likelihood 'student': the field '\(field)' is missing: expected \(expected).")
    }
    let error = #expect(throws: DescriptionError.self) {
      try Likelihood(named: Self.text("sample", #""n""#))
    }
    #expect(
      error?.description
        == "likelihood 'student' has an unknown field 'sample'. Known: family, name, heads, "
        + "log_density, mean, support, draw.")
    let mean = #expect(throws: DescriptionError.self) {
      try Likelihood(named: Self.text("mean", #""m + x""#))
    }
    #expect(
      mean?.description.hasPrefix("likelihood 'student', mean: unknown name 'x' at 5") == true)
  }
}
