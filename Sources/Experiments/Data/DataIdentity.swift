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
  /// The settings that chose these images, as texts by their keys, and how values were read; nil where that
  /// was not kept. A difference of data is none of this.
  var choice: [String: String]?

  init(_ split: Split, choice: [String: String]? = nil) {
    training = Part(split.training)
    validation = split.validation.map { Part($0) }
    test = Part(split.test)
    self.choice = choice
  }

  /// The digests alone, which are the same wherever the files are.
  var withoutChoice: DataIdentity {
    var result = self
    result.choice = nil
    return result
  }

  /// True if these are the test images.
  func isTested(on images: ImageSet) -> Bool {
    test.images == images.count && test.difference(of: images, "test") == nil
  }

  /// The difference of a part of some data from the same part of these, in words; nil for none.
  ///
  /// - Parameters:
  ///   - split: The other data.
  ///   - part: The part.
  ///   - labelsCount: False where other labels may stand beside the same images.
  func difference(of split: Split, in part: DataPart, labelsCount: Bool) -> String? {
    let (before, now): (Part?, ImageSet?) =
      switch part {
      case .training: (training, split.training)
      case .validation: (validation, split.validation)
      case .test: (test, split.test)
      }
    // A part that is not there cannot be used.
    guard let before, let now else { return nil }
    return before.difference(of: now, part.rawValue, labelsCount: labelsCount)
  }

  /// The difference of a run's images from these, in words; nil for none, however their values are stored.
  func difference(of images: RunImages) -> String? {
    // Digests tell types of storage apart too, so that where they differ the values are looked into.
    guard let found = difference(of: images.identity) else { return nil }
    guard let split = try? images.plain else { return found }
    return difference(of: split)
  }

  /// The difference of divided images from these, in words; nil for none, however their values are stored.
  func difference(of split: Split) -> String? {
    let others = (validation == nil) != (split.validation == nil) ? "others validated" : nil
    return difference(of: split, in: .training, labelsCount: true) ?? others
      ?? difference(of: split, in: .validation, labelsCount: true)
      ?? difference(of: split, in: .test, labelsCount: true)
  }

  /// The difference of some data from these, by their digests alone, in words; nil for none.
  private func difference(of other: DataIdentity) -> String? {
    training.difference(of: other.training, "training")
      ?? (validation == nil && other.validation == nil
        ? nil
        : validation.flatMap { before in
          other.validation.map { before.difference(of: $0, "validation") }
        } ?? "others validated")
      ?? test.difference(of: other.test, "test")
  }
}

extension RunConfiguration {
  /// The settings that choose images, and the support by which their values are read.
  var choiceOfImages: [String: String] {
    var result = ["support": "\(model.likelihood.support)"]
    for setting in Setting.all where setting.choosesImages {
      let text = setting.text(self)
      result[setting.key] = setting.isOfData ? DataPath.absolute(text) : text
    }
    return result
  }

  /// The difference of images from those of its digests, in what neither settings that changed since, nor
  /// files that were named again, may have made another; nil for none.
  func difference(of images: RunImages) -> String? {
    guard var before = identity, let choice = before.choice else { return nil }
    let (now, found) = (choiceOfImages, images.identity)
    let changed = source.named.union(now.keys.filter { now[$0] != choice[$0] })
    guard changed.isSubset(of: ["labels", "test", "split"]) else { return nil }
    if changed.contains("split") {
      // The test images are the same however the others are divided.
      (before.training, before.validation) = (found.training, found.validation)
    }
    if changed.contains("test") {
      // Where nobody divided the data, more of them train if others test.
      let isDivided = images.source.isDivided || now["test"] != "" && choice["test"] != ""
      guard isDivided else { return nil }
      before.test = found.test
    }
    if changed.contains("labels") {
      before.training.labels = found.training.labels
      before.validation?.labels = found.validation?.labels
      before.test.labels = found.test.labels
    }
    return before.difference(of: images)
  }
}

extension DataIdentity.Part {
  init(_ images: ImageSet) {
    self.images = images.count
    values = Self.digest(images.values, scale: images.scale, width: images.width)
    labels = images.labels.map { labels in
      var hash = SHA256()
      hash.updateInPieces(labels) { littleEndian(Array($0)) }
      return hash.hexadecimal()
    }
  }

  /// The digest of values as they are stored: the same ones have another as floats than as bytes.
  private static func digest(_ values: HostValues, scale: Float, width: Int) -> String {
    var hash = SHA256()
    hash.update(littleEndian([UInt64(width), UInt64(scale.bitPattern)]))
    switch values {
    case .bytes(let bytes): hash.updateInPieces(bytes) { $0 }
    case .floats(let values): hash.updateInPieces(values) { littleEndian($0.map(\.bitPattern)) }
    case .words(let words): hash.updateInPieces(words) { littleEndian(Array($0)) }
    }
    return hash.hexadecimal()
  }

  /// The difference of some images from these, in words; nil for none, however their values are stored.
  ///
  /// - Parameters:
  ///   - other: The other images.
  ///   - name: The part that they are.
  ///   - labelsCount: False where other labels may stand beside the same images.
  func difference(of other: ImageSet, _ name: String, labelsCount: Bool = true) -> String? {
    var found = DataIdentity.Part(other)
    // Where values are missing in one part all are floats, as bytes of another are not if they are named alone.
    let isStoredOtherwise =
      images == found.images && values != found.values
      && other.forms.contains {
        values == Self.digest($0.values, scale: $0.scale, width: other.width)
      }
    if isStoredOtherwise { found.values = values }
    return difference(of: found, name, labelsCount: labelsCount)
  }

  /// The difference of some images from these, by their digests alone, in words; nil for none.
  ///
  /// - Parameters:
  ///   - other: The other images.
  ///   - name: The part that they are.
  ///   - labelsCount: False where other labels may stand beside the same images.
  func difference(
    of other: DataIdentity.Part, _ name: String, labelsCount: Bool = true
  ) -> String? {
    if images != other.images { return "\(other.images) \(name) images were \(images)" }
    if values != other.values { return "the \(name) images had other values" }
    return labelsCount && labels != other.labels ? "the \(name) images had other labels" : nil
  }
}

extension ImageSet {
  /// The same values as images are stored: as floats, and as bytes of each scale that can say them.
  fileprivate var forms: [(values: HostValues, scale: Float)] {
    let floats = (0..<count).flatMap { pixels(of: $0) }
    var result: [(values: HostValues, scale: Float)] = [(.floats(floats), 1)]
    for scale: Float in [1, 1 / 255] {
      var bytes: [UInt8] = []
      for value in floats {
        guard let byte = UInt8(exactly: (value / scale).rounded()), Float(byte) * scale == value
        else { break }
        bytes.append(byte)
      }
      if bytes.count == floats.count { result.append((.bytes(bytes), scale)) }
    }
    return result
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
