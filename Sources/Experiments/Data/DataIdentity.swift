import Compute
import Datasets
import Files
import Foundation
import IWAE

/// The data of a run, by digests of its images: a path may lead to others tomorrow.
public struct DataIdentity: Codable, Hashable, Sendable {
  /// A part of the data, before anything is drawn or standardized.
  public struct Part: Codable, Hashable, Sendable {
    public var images: Int
    /// The SHA-256 digest of their values.
    public var values: String
    /// That of their labels; nil where they have none.
    public var labels: String?
  }

  public var training: Part
  public var validation: Part?
  public var test: Part

  init(_ split: Split) {
    training = Part(split.training)
    validation = split.validation.map { Part($0) }
    test = Part(split.test)
  }

  /// The difference of some data from these, in words; nil for none.
  func difference(of other: DataIdentity) -> String? {
    training.difference(of: other.training, "training")
      ?? (validation == nil && other.validation == nil
        ? nil
        : validation.flatMap { before in
          other.validation.map { before.difference(of: $0, "validation") }
        } ?? "others validate")
      ?? test.difference(of: other.test, "test")
  }
}

extension DataIdentity.Part {
  init(_ images: ImageSet) {
    self.images = images.count
    var hash = SHA256()
    hash.update(littleEndian([UInt64(images.width), UInt64(images.scale.bitPattern)]))
    switch images.values {
    case .bytes(let bytes): hash.updateInPieces(bytes) { $0 }
    case .floats(let values): hash.updateInPieces(values) { littleEndian($0.map(\.bitPattern)) }
    case .words(let words): hash.updateInPieces(words) { littleEndian(Array($0)) }
    }
    values = hash.hexadecimal()
    labels = images.labels.map { labels in
      var hash = SHA256()
      hash.updateInPieces(labels) { littleEndian(Array($0)) }
      return hash.hexadecimal()
    }
  }

  /// The difference of some images from these, in words; nil for none.
  ///
  /// - Parameters:
  ///   - other: The other images.
  ///   - name: The part that they are.
  ///   - labelsCount: False where other labels may stand beside the same images.
  func difference(
    of other: DataIdentity.Part, _ name: String, labelsCount: Bool = true
  ) -> String? {
    if images != other.images { return "\(other.images) \(name) images were \(images)" }
    if values != other.values { return "the \(name) images have other values" }
    return labelsCount && labels != other.labels ? "the \(name) images have other labels" : nil
  }
}

extension SHA256 {
  /// Adds values in pieces, so that little of their bytes is in memory at a time.
  mutating func updateInPieces<Value, Bytes: Collection<UInt8>>(
    _ values: [Value], _ bytes: (ArraySlice<Value>) -> Bytes
  ) {
    let length = 1 << 17
    for start in stride(from: 0, to: values.count, by: length) {
      update(bytes(values[start..<min(start + length, values.count)]))
    }
  }
}
