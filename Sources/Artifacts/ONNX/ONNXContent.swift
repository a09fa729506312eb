import Files
import Foundation

/// A graph as a file has it: its nodes in their order, and the arrays that stand in the file.
struct ONNXContent {
  struct Node {
    var name: String
    var operation: String
    var inputs: [String]
    var outputs: [String]
    /// Of whole numbers, lists of them, numbers and arrays, whichever the attribute holds.
    var integers: [String: [Int]]
    var numbers: [String: Float]
    var arrays: [String: ONNXArray]

    /// The name of its first value; empty where it has none.
    var output: String { outputs.first ?? "" }

    /// The way in which messages call it.
    var title: String { "node '\(name.isEmpty ? outputs.first ?? "" : name)' (\(operation))" }
  }

  /// Chains of dense layers have a few dozen.
  private static let mostNodes = 4096

  var nodes: [Node]
  var arrays: [String: ONNXArray]
  /// Those that are not arrays of the file.
  var inputs: [(name: String, columns: Int?)]
  var outputs: [String]

  /// Reads a file's content.
  init(_ data: Data, file: String) throws(FormatError) {
    do {
      let graph = try ProtocolBufferReader(data).message(7)
      for (what, field) in [("nodes", 1), ("arrays", 5)] {
        let count = graph.count(field)
        guard count <= Self.mostNodes else {
          throw ONNXArray.Problem(
            description:
              "expected at most \(Self.mostNodes) \(what), found \(count). Only chains of "
              + "dense layers are evaluated.")
        }
      }
      nodes = try graph.messages(1).map { try Node($0) }
      let named = try graph.messages(5).map { ($0.texts(8).first ?? "", try ONNXArray($0)) }
      let arrays = Dictionary(named) { first, _ in first }
      self.arrays = arrays
      inputs = try graph.messages(11).compactMap { value in
        let name = value.texts(1).first ?? ""
        return arrays[name] == nil ? (name, try Self.columns(value)) : nil
      }
      outputs = try graph.messages(12).map { $0.texts(1).first ?? "" }
      var names = Set(arrays.keys).union(inputs.map { $0.name })
      for name in nodes.flatMap(\.outputs) where !name.isEmpty {
        guard names.insert(name).inserted else {
          throw ONNXArray.Problem(description: "two values of the graph are called '\(name)'.")
        }
      }
    } catch let error as ONNXArray.Problem {
      throw FormatError(file: file, problem: error.description)
    } catch {
      throw FormatError(
        file: file, problem: "it is not ONNX, or is cut off: a message ends before its fields do.")
    }
  }

  /// The product of all sizes but the first; nil where one is open.
  private static func columns(_ value: ProtocolBufferReader) throws -> Int? {
    guard let type = try value.messages(2).first, let array = try type.messages(1).first,
      let shape = try array.messages(2).first
    else { return nil }
    var product = 1
    for size in try shape.messages(1).dropFirst() {
      guard let size = size.integers(1).first, size > 0 else { return nil }
      let (next, isTooMuch) = product.multipliedReportingOverflow(by: size)
      if isTooMuch { return nil }
      product = next
    }
    return product
  }
}

extension ONNXContent.Node {
  init(_ node: ProtocolBufferReader) throws {
    (name, operation) = (node.texts(3).first ?? "", node.texts(4).first ?? "")
    (inputs, outputs) = (node.texts(1), node.texts(2))
    (integers, numbers, arrays) = ([:], [:], [:])
    for attribute in try node.messages(5) {
      let name = attribute.texts(1).first ?? ""
      let whole = attribute.integers(3) + (try attribute.packedIntegers(8))
      if !whole.isEmpty { integers[name] = whole }
      numbers[name] = attribute.float(2)
      if let array = try attribute.messages(5).first { arrays[name] = try ONNXArray(array) }
    }
  }
}

/// An array of numbers in a file.
struct ONNXArray {
  var shape: [Int]
  var values: [Float]

  /// Why an array cannot be read.
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  init(shape: [Int], values: [Float]) { (self.shape, self.values) = (shape, values) }

  /// `(columns, rows)` from `(rows, columns)`.
  static func transposed(_ values: [Float], _ rows: Int, _ columns: Int) -> [Float] {
    values.indices.map { values[$0 % rows * columns + $0 / rows] }
  }

  init(_ message: ProtocolBufferReader) throws {
    let name = message.texts(8).first ?? ""
    func problem(_ text: String) -> Problem { Problem(description: "array '\(name)': \(text)") }
    if message.integers(14).contains(1) || !message.data(13).isEmpty {
      throw problem(
        "its numbers lie in another file. Save the model with its numbers inside (external data off)."
      )
    }
    shape = try message.packedIntegers(1)
    var count = 1
    for size in shape {
      let (product, isTooMuch) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !isTooMuch else { throw problem("it has the shape \(shape).") }
      count = product
    }
    let raw = message.data(9).first
    switch message.integers(2).first {
    case 1:
      values =
        try raw.map { Self.words($0, UInt32.self).map { Float(bitPattern: $0) } }
        ?? message.packedFloats(4)
    case 11:
      values =
        Self.words(raw ?? message.data(10).reduce(Data(), +), UInt64.self)
        .map { Float(Double(bitPattern: $0)) }
    case 7:
      values =
        try raw.map { Self.words($0, Int64.self).map { Float($0) } }
        ?? message.packedIntegers(7).map { Float($0) }
    case let type:
      throw problem(
        "expected numbers of single or double precision, or whole ones of 64 bits, found the type "
          + "\(type ?? 0).")
    }
    guard values.count == count else {
      throw problem("its shape \(shape) wants \(count) numbers, found \(values.count).")
    }
  }

  private static func words<Word: FixedWidthInteger>(_ data: Data, _: Word.Type) -> [Word] {
    data.withUnsafeBytes { buffer in
      let width = MemoryLayout<Word>.size
      return (0..<buffer.count / width).map {
        Word(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * width, as: Word.self))
      }
    }
  }
}

extension ProtocolBufferReader {
  /// The numbers of a repeated field, packed or one by one.
  func packedIntegers(_ number: Int) throws -> [Int] {
    var result: [Int] = []
    for value in values(number) {
      switch value {
      case .varint(let bits): result.append(Int(Int64(bitPattern: bits)))
      case .bytes(let data): result += try Self.varints(data).map { Int(Int64(bitPattern: $0)) }
      default: throw Damage()
      }
    }
    return result
  }

  /// The same of numbers of single precision.
  func packedFloats(_ number: Int) throws -> [Float] {
    var result: [Float] = []
    for value in values(number) {
      switch value {
      case .fixed32(let bits): result.append(Float(bitPattern: bits))
      case .bytes(let data):
        guard data.count % 4 == 0 else { throw Damage() }
        data.withUnsafeBytes { buffer in
          for offset in stride(from: 0, to: buffer.count, by: 4) {
            let bits = buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            result.append(Float(bitPattern: UInt32(littleEndian: bits)))
          }
        }
      default: throw Damage()
      }
    }
    return result
  }
}
