import Compute

/// " Did you mean 'x'?" if one of the candidates is close; else nothing.
public func suggestion(for text: String, among candidates: [String]) -> String {
  let closest = candidates.map { (editDistance(text, $0), $0) }.min { $0 < $1 }
  guard let (edits, name) = closest, edits <= max(2, text.count / 3) else { return "" }
  return " Did you mean '\(name)'?"
}
