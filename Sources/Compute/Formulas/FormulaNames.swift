/// The names that a formula's text may use.
struct FormulaNames {
  enum Meaning: Hashable {
    case constant(Double)
    case variable
    case operation(Formula.Operation, argumentCount: Int)
  }

  private var meanings: [String: Meaning] = ["pi": .constant(.pi)]
  /// All names, variables first.
  private var known: [String]

  /// - Parameter derived: Accepts also the functions that only derivatives have.
  init(variables: [String], derived: Bool) throws(FormulaError) {
    known = variables + ["pi"]
    meanings["where"] = .operation(.where, argumentCount: 3)
    for function in Formula.Function.allCases where derived || function != .digamma {
      meanings[function.rawValue] = .operation(
        .function(function), argumentCount: function.argumentCount)
      known.append(function.rawValue)
    }
    known.append("where")
    for name in variables {
      guard let first = name.unicodeScalars.first, first.startsName,
        name.unicodeScalars.allSatisfy(\.continuesName)
      else { throw .variableIsNoName(name: name) }
      // `digamma` is taken even where text may not use it: a derivative's text may.
      let isTaken = meanings[name] != nil && meanings[name] != .variable
      if isTaken || name == Formula.Function.digamma.rawValue {
        throw .reservedVariable(name: name)
      }
      meanings[name] = .variable
    }
  }

  func meaning(of name: String, at position: Int) throws(FormulaError) -> Meaning {
    if let meaning = meanings[name] { return meaning }
    throw .unknownName(
      name: name, position: position, suggestion: nearest(to: name), known: known)
  }

  /// The known name that the fewest edits reach, if they are at most a third of its letters.
  private func nearest(to name: String) -> String? {
    let distances = known.map { (name: $0, edits: editDistance($0, name)) }
    return distances.filter { $0.edits <= Swift.max(1, $0.name.count / 3) }
      .min { $0.edits < $1.edits }?.name
  }
}

/// The fewest insertions, removals and replacements of a letter that make one word the other.
public func editDistance(_ first: String, _ second: String) -> Int {
  let (first, second) = (Array(first), Array(second))
  // The distances of the letters so far of `first` to each beginning of `second`.
  var distances = Array(0...second.count)
  for (row, letter) in first.enumerated() {
    var diagonal = distances[0]
    distances[0] = row + 1
    for (column, other) in second.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = distances[column + 1]
      distances[column + 1] = Swift.min(replaced, diagonal + 1, distances[column] + 1)
    }
  }
  return distances[second.count]
}
