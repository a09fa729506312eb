import Foundation

/// In what two values differ, field by field of their JSON.
public enum Differences {
  public static func between<Value: Encodable>(_ old: Value, _ new: Value) -> [String] {
    let (old, new) = (fields(old), fields(new))
    return Set(old.keys).union(new.keys).sorted().compactMap { key in
      let (before, after) = (old[key] ?? "none", new[key] ?? "none")
      return before == after ? nil : "\(key) was \(before) and is \(after) now"
    }
  }

  private static func fields(_ value: some Encodable) -> [String: String] {
    guard let data = try? JSONEncoder().encode(value),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    else { return [:] }
    return object.mapValues { value in
      if let value = value as? String { return value }
      let options: JSONSerialization.WritingOptions = [.sortedKeys, .fragmentsAllowed]
      let text = try? JSONSerialization.data(withJSONObject: value, options: options)
      return text.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
    }
  }
}
