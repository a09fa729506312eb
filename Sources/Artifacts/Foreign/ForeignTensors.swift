import Files

/// Arrays of another program's file under this program's names.
struct ForeignTensors {
  /// float32 throughout.
  private(set) var entries: [String: Safetensors.Entry] = [:]
  /// What hidden units compute, where the names tell.
  var activation: String?
  /// What a reader of results needs to know.
  var notes: [String] = []
  private let file: String
  private let isTransposed: Bool

  /// Arrays without a place.
  init(file: String, isTransposed: Bool = false) {
    (self.file, self.isTransposed) = (file, isTransposed)
  }

  /// Puts a file's arrays in their places: as a mapping says, else as the first convention that knows all of
  /// them.
  init(
    _ content: Safetensors, mapping: ForeignMapping?, file: String
  ) throws(FormatError) {
    self.init(file: file, isTransposed: mapping?.isTransposed ?? false)
    if let mapping, !mapping.layers.isEmpty {
      try place(content, by: mapping)
    } else {
      try place(content)
    }
    if mapping?.isLogVariance == true { halveSpreads() }
  }

  private func problem(_ text: String) -> FormatError { FormatError(file: file, problem: text) }

  // MARK: Conventions

  private static let suffixes = [".weight", ".bias"]

  /// A tensor's layer, and which of its two it is.
  private static func split(_ name: String) -> (layer: String, suffix: String)? {
    suffixes.first { name.hasSuffix($0) }.map { (String(name.dropLast($0.count)), $0) }
  }

  private mutating func place(_ content: Safetensors) throws(FormatError) {
    // What this program keeps beside a model, and what its densities have beside layers.
    let names = content.entries.keys.filter {
      !$0.hasPrefix("optimizer.") && !$0.hasPrefix("data.")
    }.sorted()
    let loose = names.filter { $0.hasPrefix("prior.") || $0.hasPrefix("likelihood.") }
    let layers = Set(names.compactMap { Self.split($0)?.layer }).subtracting(
      loose.compactMap { Self.split($0)?.layer })
    var strangers: [String] = []
    for convention in NamingConvention.all {
      let unknown = names.filter { name in
        !loose.contains(name)
          && Self.split(name).map { convention.place(of: $0.layer) == nil } ?? true
      }
      guard !layers.isEmpty, unknown.isEmpty else {
        if strangers.isEmpty || unknown.count < strangers.count { strangers = unknown }
        continue
      }
      let places = Self.places(of: layers, by: convention)
      for name in names {
        guard let (layer, suffix) = Self.split(name), let ours = places[layer] else { continue }
        try put(content.entries[name], as: ours + suffix, from: name)
      }
      for name in loose { try put(content.entries[name], as: name, from: name) }
      activation = convention.activation
      notes.append("its layers have the names of \(convention.origin)")
      return
    }
    throw problem(
      "its names do not tell where "
        + (strangers.isEmpty ? "anything belongs." : "'\(strangers[0])' belongs.")
        + " Say it with '--mapping', a file of JSON as {\"layers\": {\"fc1\": "
        + "\"encoder.0.hidden.0\", \"mu\": \"encoder.0.mean\"}}; null leaves a layer out.")
  }

  /// This program's names of layers: numbers that count places in a sequence, which other modules may
  /// stand between, become 0, 1 and so on.
  private static func places(
    of layers: Set<String>, by convention: NamingConvention
  ) -> [String: String] {
    var groups: [String: [(layer: String, numbers: [Int])]] = [:]
    for layer in layers {
      guard let (ours, numbers) = convention.place(of: layer) else { continue }
      groups[ours, default: []].append((layer, numbers))
    }
    var result: [String: String] = [:]
    for (ours, members) in groups {
      let slots = ours.split(separator: ".").count { $0 == "{i}" }
      for (layer, numbers) in members {
        var numbers = numbers
        if slots == 1 {
          let sorted = members.map(\.numbers).sorted { $0.lexicographicallyPrecedes($1) }
          // This program's own layers are counted already.
          if layer != Self.filled(ours, numbers) {
            numbers = [sorted.firstIndex(of: numbers) ?? 0]
          }
        }
        result[layer] = filled(ours, numbers)
      }
    }
    return result
  }

  private static func filled(_ pattern: String, _ numbers: [Int]) -> String {
    var rest = numbers[...]
    return pattern.split(separator: ".").map { part in
      part == "{i}" ? rest.popFirst().map(String.init) ?? "0" : String(part)
    }.joined(separator: ".")
  }

  // MARK: Mapping

  private mutating func place(
    _ content: Safetensors, by mapping: ForeignMapping
  ) throws(FormatError) {
    var used: Set<String> = []
    for (name, entry) in content.entries.sorted(by: { $0.key < $1.key }) {
      let parts = Self.split(name)
      if let ours = mapping.layers[name] {
        used.insert(name)
        if let ours { try put(entry, as: ours, from: name) }
      } else if let (layer, suffix) = parts, let ours = mapping.layers[layer] {
        used.insert(layer)
        if let ours { try put(entry, as: ours + suffix, from: name) }
      } else {
        throw problem(
          "tensor '\(name)' has no place in the mapping. Give it one, or null to leave it out.")
      }
    }
    if let missing = mapping.layers.keys.sorted().first(where: { !used.contains($0) }) {
      let some = content.entries.keys.sorted().prefix(5).joined(separator: ", ")
      throw problem("the mapping has '\(missing)', which is not there. There is, as \(some).")
    }
  }

  // MARK: Places

  /// Puts an array where it belongs.
  ///
  /// - Parameters:
  ///   - entry: The array.
  ///   - name: Its name here.
  ///   - origin: Its name there.
  mutating func put(
    _ entry: Safetensors.Entry?, as name: String, from origin: String
  ) throws(FormatError) {
    guard var entry else { return }
    var values = entry.values.doubles.map { Float($0) }
    guard entry.shape.count <= 2 else {
      throw problem(
        "tensor '\(origin)': expected a dense layer's, with one or two sizes, found the shape "
          + "\(entry.shape). Only dense layers are evaluated.")
    }
    if isTransposed, entry.shape.count == 2 {
      let (rows, columns) = (entry.shape[0], entry.shape[1])
      values = values.indices.map { values[$0 % rows * columns + $0 / rows] }
      entry.shape = [columns, rows]
    }
    var place = name
    for suffix in Self.suffixes where name.hasSuffix(".log_variance\(suffix)") {
      place = name.dropLast(".log_variance\(suffix)".count) + ".log_sigma\(suffix)"
      values = values.map { $0 / 2 }
    }
    if entries[place] != nil { throw problem("two tensors are put at '\(place)'.") }
    entry.values = .float32(values)
    entries[place] = entry
  }

  private mutating func halveSpreads() {
    for (name, entry) in entries where name.contains(".log_sigma.") {
      guard case .float32(let values) = entry.values else { continue }
      entries[name]?.values = .float32(values.map { $0 / 2 })
    }
  }

  /// Gives a chain's layers their names: the last is the likelihood's head.
  mutating func nameChain(head: String) {
    for decoder in 0..<64 {
      let prefix = "decoder.\(decoder).chain."
      let count = (0..<entries.count).prefix { entries["\(prefix)\($0).weight"] != nil }.count
      for index in 0..<count {
        let place =
          index == count - 1 ? "decoder.\(decoder).\(head)" : "decoder.\(decoder).hidden.\(index)"
        for suffix in Self.suffixes {
          entries[place + suffix] = entries.removeValue(forKey: "\(prefix)\(index)\(suffix)")
        }
      }
    }
  }

  /// Zeros where a layer has no bias.
  mutating func addMissingBiases() {
    for (name, entry) in entries where name.hasSuffix(".weight") && entry.shape.count == 2 {
      let bias = String(name.dropLast("weight".count)) + "bias"
      guard entries[bias] == nil, entry.shape[0] > 0 else { continue }
      entries[bias] = .init(
        shape: [entry.shape[0]], values: .float32([Float](repeating: 0, count: entry.shape[0])))
    }
  }
}
