import Foundation

/// A folder with densities of one's own and small data, for tests of commands.
struct Densities {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-densities-\(UUID())").path

  static let student = #"""
    {"family": "formula", "name": "student", "heads": ["mean", "log_scale"], "support": "reals",
     "log_density": "-log_scale - 2.5 * log1p(((x - mean) * exp(-log_scale))^2 / 4) - 0.9808292530",
     "mean": "mean"}
    """#
  static let laplace = #"""
    {"family": "formula", "name": "laplace", "heads": ["mean", "log_scale"], "noise": "uniform",
     "sample": "mean - exp(log_scale) * sign(e - 0.5) * log1p(-2 * abs(e - 0.5))",
     "log_density": "-abs(z - mean) * exp(-log_scale) - log_scale - log(2)"}
    """#
  static let cauchy = #"""
    {"family": "formula", "name": "cauchy", "parameters": ["shift"],
     "log_density": "-log(pi) - log1p((z - shift)^2)"}
    """#
  /// Its integral is the square root of 2 pi.
  static let wide = #"{"family": "formula", "name": "wide", "log_density": "-0.5 * z^2"}"#
  /// A step function, through which no gradient goes.
  static let step = #"""
    {"family": "formula", "name": "step", "heads": ["logits"], "noise": "uniform",
     "sample": "e < sigmoid(logits)", "log_density": "z * logits - softplus(logits)"}
    """#
  /// No number where a count is 0.
  static let sour = #"""
    {"family": "formula", "name": "sour", "heads": ["rate"], "support": "counts",
     "log_density": "log(x - 0.5) + 0 * rate", "mean": "rate"}
    """#
  static let torn = #"""
    {"family": "formula", "name": "torn", "heads": ["rate"], "support": "counts",
     "log_density": "x * (rate", "mean": "rate"}
    """#

  /// The values of an image of the written data.
  static let width = 6

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  func path(_ file: String) -> String { "\(folder)/\(file)" }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// Writes a density; returns its path.
  func write(_ name: String, _ json: String) throws -> String {
    let path = path("\(name).json")
    try Data(json.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Writes 60 images of bytes from 0 to 4; returns their path.
  func counts() throws -> String {
    let values = (0..<60 * Self.width).map { UInt8($0 * $0 / 7 % 5) }
    return try array("counts", "|u1", Data(values))
  }

  /// Writes 60 images of 0 and 1; returns their path.
  func bits() throws -> String {
    let values = (0..<60 * Self.width).map { UInt8($0 * $0 / 7 % 2) }
    return try array("bits", "|u1", Data(values))
  }

  /// Writes the same as floats, one of which is another; returns their path.
  func floats(_ other: Float, at index: Int) throws -> String {
    var values = (0..<60 * Self.width).map { Float($0 * $0 / 7 % 5) }
    values[index] = other
    return try array("floats", "<f4", values.withUnsafeBytes { Data($0) })
  }

  func array(
    _ name: String, _ type: String, _ values: Data, count: Int = 60
  ) throws -> String {
    var header =
      "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(count), \(Self.width)), }"
    header += String(repeating: " ", count: 117 - header.count) + "\n"
    var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0])
    data += Data(header.utf8) + values
    let path = path("\(name).npy")
    try data.write(to: URL(fileURLWithPath: path))
    return path
  }
}
