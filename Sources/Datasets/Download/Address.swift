import Foundation

/// An address as it may be shown: without the name and password that may stand before the host.
func withoutPassword(_ url: String) -> String {
  guard let scheme = url.range(of: "://") else { return url }
  let rest = url[scheme.upperBound...]
  let authority = rest.prefix { !"/?#".contains($0) }
  guard let mark = authority.lastIndex(of: "@") else { return url }
  return String(url[..<scheme.upperBound] + rest[rest.index(after: mark)...])
}
