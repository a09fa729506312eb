extension Formula {
  /// The most characters of a text.
  public static let maximumLength = 8192
  /// The most parts of a text that are nested in each other: parentheses, calls, signs, powers.
  public static let maximumNesting = 200
  /// The most numbers, names and operations of a text.
  public static let maximumNodes = 4096

  /// The formula that a text writes down.
  ///
  /// Text has numbers, `pi`, the variables, `+ - * / ^`, `<`, parentheses, the functions of
  /// `Function` and `where(condition, a, b)`. `^` binds tightest and to the right, so that
  /// `-x^2` is -(x^2); then follow the sign, `* /`, `+ -`, and `<`, which does not chain.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - variables: The names that may occur.
  public init(parsing text: String, variables: [String]) throws(FormulaError) {
    try self.init(parsing: text, variables: variables, derived: false)
  }

  /// - Parameter derived: Accepts also `digamma`, which derivatives print.
  init(parsing text: String, variables: [String], derived: Bool) throws(FormulaError) {
    let names = try FormulaNames(variables: variables, derived: derived)
    let scalars = Array(text.unicodeScalars)
    guard scalars.count <= Self.maximumLength else {
      throw .tooLong(limit: Self.maximumLength, found: scalars.count)
    }
    var parser = FormulaParser(names: names, tokens: try FormulaTokens(scalars))
    self = try parser.parsed()
  }
}
