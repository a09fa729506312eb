import Files
import IWAE

/// Arrays of another program's file under this program's names.
struct ForeignTensors {
  /// float32 throughout.
  private(set) var entries: [String: Safetensors.Entry] = [:]
  /// What hidden units compute, where the names tell.
  var activation: String?
  /// What a reader of results needs to know.
  var notes: [String] = []
  /// The program whose decoders end in a Sigmoid, where the names tell it.
  private var originOfSigmoid: String?
  private let file: String
  private let isTransposed: Bool
  private let isLogVariance: Bool

  /// More tensors are no chain of dense layers, but take long to look at.
  private static let mostTensors = 4096
  /// A layer's units; more would have a bias alone fill the memory.
  private static let sizes = 1...1 << 20

  /// Arrays without a place.
  init(file: String, _ mapping: ForeignMapping? = nil) {
    self.file = file
    isTransposed = mapping?.isTransposed ?? false
    isLogVariance = mapping?.isLogVariance ?? false
  }

  /// Puts a file's arrays in their places: as a mapping says, else as the first convention that knows all of
  /// them.
  init(
    _ content: Safetensors, mapping: ForeignMapping?, file: String
  ) throws(FormatError) {
    self.init(file: file, mapping)
    guard content.entries.count <= Self.mostTensors else {
      throw problem(
        "expected at most \(Self.mostTensors) tensors, found \(content.entries.count). Only chains of "
          + "dense layers are evaluated.")
    }
    if let mapping, !mapping.layers.isEmpty {
      try place(content, by: mapping)
    } else {
      try place(content)
    }
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
    let loose = Set(names.filter { $0.hasPrefix("prior.") || $0.hasPrefix("likelihood.") })
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
      for name in loose.sorted() { try put(content.entries[name], as: name, from: name) }
      activation = convention.activation
      originOfSigmoid = convention.endsInSigmoid ? convention.origin : nil
      notes.append("its layers have the names of \(convention.origin)")
      if content.entries.keys.contains(where: { $0.hasPrefix("data.") }) {
        notes.append(
          "the means and deviations of data that it has beside its layers are left out: images are taken "
            + "as they are")
      }
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
      let isSequence = ours.split(separator: ".").count { $0 == "{i}" } == 1
      let sorted = members.sorted { $0.numbers.lexicographicallyPrecedes($1.numbers) }
      for (index, (layer, numbers)) in sorted.enumerated() {
        let own = filled(ours, numbers)
        // This program's own layers are counted already.
        result[layer] = isSequence && layer != own ? filled(ours, [index]) : own
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
    guard entry.shape.allSatisfy({ Self.sizes.contains($0) }) else {
      throw problem(
        "tensor '\(origin)': expected sizes from \(Self.sizes.lowerBound) to "
          + "\(Self.sizes.upperBound), found the shape \(entry.shape).")
    }
    if isTransposed, entry.shape.count == 2 {
      let (rows, columns) = (entry.shape[0], entry.shape[1])
      values = values.indices.map { values[$0 % rows * columns + $0 / rows] }
      entry.shape = [columns, rows]
    }
    var place = name
    for suffix in Self.suffixes where name.hasSuffix(".log_variance\(suffix)") {
      guard !isLogVariance else {
        throw problem(
          "'\(origin)' is put at '\(name)', and the mapping's 'log_variance' says the same: leave out one, "
            + "for both would halve it twice.")
      }
      place = name.dropLast(".log_variance\(suffix)".count) + ".log_sigma\(suffix)"
    }
    let isSpread = Self.suffixes.contains { name.hasSuffix(".log_sigma\($0)") }
    if place != name || isLogVariance && isSpread { values = values.map { $0 / 2 } }
    if entries[place] != nil { throw problem("two tensors are put at '\(place)'.") }
    entry.values = .float32(values)
    entries[place] = entry
  }

  /// Gives a chain's layers their names: the last is the likelihood's head.
  mutating func nameChain(of likelihood: Likelihood) throws(FormatError) {
    guard let head = likelihood.heads.first else { return }
    for decoder in 0..<64 {
      let prefix = "decoder.\(decoder).chain."
      let count = (0..<entries.count).prefix { entries["\(prefix)\($0).weight"] != nil }.count
      for index in 0..<count {
        let place =
          index == count - 1 ? "decoder.\(decoder).\(head)" : "decoder.\(decoder).hidden.\(index)"
        if index == count - 1, let origin = originOfSigmoid, !likelihood.hasLogisticMean {
          throw problem(
            "decoders of \(origin) end in a Sigmoid, which the likelihood '\(likelihood)' has not behind "
              + "its head '\(head)'. If this one has none, say where its layers belong with '--mapping'."
          )
        }
        guard Self.suffixes.allSatisfy({ entries[place + $0] == nil }) else {
          throw problem("two layers are put at '\(place)', one of them as '\(prefix)\(index)'.")
        }
        for suffix in Self.suffixes {
          entries[place + suffix] = entries.removeValue(forKey: "\(prefix)\(index)\(suffix)")
        }
      }
    }
  }

  /// Zeros where a layer has no bias; returns the names of those.
  mutating func addMissingBiases() -> [String] {
    var added: [String] = []
    for (name, entry) in entries where name.hasSuffix(".weight") && entry.shape.count == 2 {
      let bias = String(name.dropLast("weight".count)) + "bias"
      guard entries[bias] == nil, entry.shape[0] > 0 else { continue }
      entries[bias] = .init(
        shape: [entry.shape[0]], values: .float32([Float](repeating: 0, count: entry.shape[0])))
      added.append(bias)
    }
    return added.sorted()
  }
}

extension Likelihood {
  /// True if its data's mean, or what stands for that, is the Sigmoid of its only head.
  var hasLogisticMean: Bool { heads == ["logits"] && headColumns == 1 }
}
