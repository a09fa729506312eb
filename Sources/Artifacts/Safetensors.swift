import Files
import Foundation

/// Named arrays of numbers in one file, in the safetensors format: eight bytes with the length of a
/// JSON header, the header, then the numbers.
public struct Safetensors: Hashable, Sendable {
  /// One array.
  public struct Entry: Hashable, Sendable {
    public var shape: [Int]
    public var values: Values

    public init(shape: [Int], values: Values) {
      self.shape = shape
      self.values = values
    }
  }

  /// The element types that this project works with. Halves, F16 and BF16, are read as float32, which has
  /// all of their values.
  public enum Values: Hashable, Sendable {
    case float32([Float])
    case float64([Double])
    case int64([Int64])

    public var count: Int {
      switch self {
      case .float32(let values): values.count
      case .float64(let values): values.count
      case .int64(let values): values.count
      }
    }

    /// The numbers in double precision.
    public var doubles: [Double] {
      switch self {
      case .float32(let values): values.map(Double.init)
      case .float64(let values): values
      case .int64(let values): values.map(Double.init)
      }
    }

    var typeName: String {
      switch self {
      case .float32: "F32"
      case .float64: "F64"
      case .int64: "I64"
      }
    }

    var data: Data {
      switch self {
      case .float32(let values): littleEndian(values.map(\.bitPattern))
      case .float64(let values): littleEndian(values.map(\.bitPattern))
      case .int64(let values): littleEndian(values)
      }
    }
  }

  public var entries: [String: Entry]
  public var metadata: [String: String]

  public init(entries: [String: Entry] = [:], metadata: [String: String] = [:]) {
    self.entries = entries
    self.metadata = metadata
  }
}
