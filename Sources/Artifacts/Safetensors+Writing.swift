import Files
import Foundation

extension Safetensors {
  /// The SHA-256 digest of the arrays: of each, in the order of their names, the name, the type, the shape
  /// and the bytes.
  public var digest: String { digest(ofBytesAlone: false) }

  /// True if a digest is that of the arrays. Early checkpoints have one of the bytes alone.
  public func has(digest: String) -> Bool {
    digest == self.digest || digest == self.digest(ofBytesAlone: true)
  }

  private func digest(ofBytesAlone: Bool) -> String {
    var hash = SHA256()
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      if !ofBytesAlone {
        hash.update(Data("\(name) \(entry.values.typeName) \(entry.shape)\n".utf8))
      }
      let data = entry.values.data
      for start in stride(from: 0, to: data.count, by: 1 << 20) {
        hash.update(data[start..<min(start + (1 << 20), data.count)])
      }
    }
    return hash.hexadecimal()
  }

  /// The file's content, arrays in the order of their names.
  public var data: Data {
    var header: [String: Any] = metadata.isEmpty ? [:] : ["__metadata__": metadata]
    var content = Data()
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      let data = entry.values.data
      header[name] = [
        "dtype": entry.values.typeName, "shape": entry.shape,
        "data_offsets": [content.count, content.count + data.count],
      ]
      content += data
    }
    // The header holds only texts and whole numbers, which always make JSON.
    var json =
      (try? JSONSerialization.data(
        withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data()
    // Numbers begin at a multiple of eight.
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    return littleEndian([UInt64(json.count)]) + json + content
  }
}
