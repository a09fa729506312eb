/// " Did you mean 'x'?" if one of the candidates is close; else nothing.
public func suggestion(for text: String, among candidates: [String]) -> String {
  let closest = candidates.map { (distance(text, $0), $0) }.min { $0 < $1 }
  guard let (edits, name) = closest, edits <= max(2, text.count / 3) else { return "" }
  return " Did you mean '\(name)'?"
}

/// The fewest insertions, deletions and substitutions that turn one text into another.
private func distance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      let substituted = diagonal + (left == right ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
