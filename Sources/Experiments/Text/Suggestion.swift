import Compute

/// " Did you mean 'x'?" if one of the candidates is close, or alone begins so; else nothing.
public func suggestion(for text: String, among candidates: [String]) -> String {
  let longer = candidates.filter { $0.hasPrefix(text) }
  if text.drop(while: { $0 == "-" }).count > 1, longer.count == 1 {
    return " Did you mean '\(longer[0])'?"
  }
  let closest = candidates.map { (editDistance(text, $0), $0) }.min { $0 < $1 }
  guard let (edits, name) = closest, edits <= max(2, text.count / 3) else { return "" }
  return " Did you mean '\(name)'?"
}
