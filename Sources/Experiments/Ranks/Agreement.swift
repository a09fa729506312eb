import Artifacts
import Compute
import Files
import Foundation
import IWAE

extension Ranks {
  /// Refuses to begin where ranks differ.
  ///
  /// - Parameter facts: What must be the same on all, each with its name.
  func agree(on facts: @autoclosure () throws -> [Fact]) throws {
    guard count > 1 else { return }
    let facts = try facts()
    let all = try gather(Array(try JSONEncoder().encode(facts))).map {
      try JSONDecoder().decode([Fact].self, from: Data($0))
    }
    for (rank, others) in all.enumerated() {
      guard others.count == all[0].count else {
        let names = Set(others.map(\.name)).symmetricDifference(all[0].map(\.name)).sorted()
        let difference =
          names.isEmpty
          ? "it compares \(others.count) facts, and rank 0 \(all[0].count)"
          : "only one of them has \(names.joined(separator: ", "))"
        throw LaunchError.different(
          "Rank \(rank) has other work than rank 0: \(difference). "
            + "Start all with the same program, arguments and files.")
      }
      guard let (one, other) = zip(all[0], others).first(where: { $0 != $1 }) else { continue }
      let own = facts.first { $0.name == one.name } ?? one
      throw LaunchError.different(
        "Rank \(rank) differs from rank 0 in \(one.name): it has \(other.value), and rank 0 has "
          + "\(one.value). \(own.remedy)")
    }
  }
}

/// Something that ranks compare.
struct Fact: Codable, Equatable {
  var name: String
  var value: String
  /// Said where ranks differ in it. It is no part of the fact, and not kept or sent.
  var remedy = "Start all with the same program, arguments and files."

  private enum CodingKeys: CodingKey { case name, value }

  init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }

  static func == (one: Fact, other: Fact) -> Bool {
    (one.name, one.value) == (other.name, other.value)
  }

  /// The program itself.
  static var program: Fact {
    get throws {
      guard let path = Bundle.main.executablePath else { return Fact("the program", "no file") }
      var hash = SHA256()
      hash.update(try Files.read(path))
      return Fact("the program", "one with the digest \(hash.hexadecimal().prefix(12))")
    }
  }

  /// Numbers, by their digest.
  init(_ name: String, _ values: [Tensor: [Float]]) {
    var hash = SHA256()
    func key(_ tensor: Tensor) -> String { "\(tensor.role) \(tensor.name)" }
    for (tensor, values) in values.sorted(by: { key($0.key) < key($1.key) }) {
      hash.update(Data(key(tensor).utf8))
      hash.updateInPieces(values) { littleEndian($0.map(\.bitPattern)) }
    }
    self.init(name, "the digest \(hash.hexadecimal().prefix(12))")
  }

  /// A model, but for its numbers.
  static func model(_ model: Model) throws -> Fact { Fact("the model", try text(of: model)) }

  /// Something as JSON, whose keys have an order.
  static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// All that draws for images depend on: it may lie in a file that one machine alone has.
  static func draws(seed: UInt64, _ binarization: Binarization) -> [Fact] {
    [Fact("the seed", "\(seed)"), Fact("the way to binarize", "\(binarization)")]
  }

  /// All of a device that may round the results of work that ranks share.
  static func device(_ device: any Device) -> [Fact] {
    var facts = [
      Fact("the device", "\(device.name), with \(device.layout)"),
      Fact("the device's driver", device.driver ?? "none"),
    ]
    for index in facts.indices {
      facts[index].remedy =
        "Numbers may be rounded otherwise there: choose like devices with '--device <name>', and "
        + "install the same driver on all machines."
    }
    return facts
  }

  /// The images that something is measured on.
  init(_ name: String, _ images: ImageSet) {
    self.init(
      name, "\(images.count) with the digest \(DataIdentity.Part(images).values.prefix(12))")
  }
}

extension Run {
  /// All that ranks that train together compare: nothing that may lie elsewhere on each.
  func agreements(on device: any Device, _ trainer: Trainer) throws -> [Fact] {
    let settings = Setting.all.filter { !$0.isOfData && $0.key != "init" }.map {
      Fact("the setting '\($0.key)'", $0.text(configuration))
    }
    var facts =
      try settings + [
        Fact.model(configuration.model),
        Fact("the data", try Fact.text(of: images.identity.withoutChoice)),
        Fact(
          "the progress of the newest checkpoint",
          resumed.map { try Fact.text(of: $0.progress) } ?? "none"),
        Fact("the state to begin with", try trainer.state()),
      ]
    if let origin = trainer.passOrigin {
      facts.append(Fact("the beginning of the pass", try Fact.text(of: origin.progress)))
      facts.append(Fact("the state at the beginning of the pass", origin.state))
    }
    facts += Fact.device(device)
    facts.append(Fact("the parts of a step", trainer.programs.description))
    return facts
  }
}
