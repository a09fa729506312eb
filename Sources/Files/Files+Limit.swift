import Foundation

extension Files {
  /// The variable of the environment with the most bytes of an array, as 8G.
  public static let limitVariable = "IWAE_GPU_DATA_LIMIT"

  /// The variable's value; nil where it says nothing.
  public static var limitText: String? {
    ProcessInfo.processInfo.environment[limitVariable].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The most bytes that an array of a file may take, a whole file of a graph, and one of tensors of which the
  /// disk has next to nothing: 4 GiB unless the environment says otherwise.
  public static let arrayLimit = limitText.flatMap(byteCount) ?? 4 << 30
}

extension OpenFile {
  /// A file that claims more than so many times what the disk has of it is limited. No checkpoint does, however
  /// many of its moments are zero and compressed.
  private static let mostOfDisk = 16

  /// The most bytes that are read of what this program wrote: the limit, which is meant for data, or so much
  /// that all is read which the disk has.
  public func mostOfOwn(limit: Int = Files.arrayLimit) -> Int {
    max(limit, Self.mostOfDisk * bytesOnDisk)
  }
}

/// A number of bytes that a person wrote, as 128M; nil where it is none.
public func byteCount(_ text: String) -> Int? {
  let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
  let unit = text.uppercased().last.flatMap { units[$0] }
  let number = Int(unit == nil ? text : String(text.dropLast()))
  guard let number, number > 0, number <= Int.max >> (unit ?? 0) else { return nil }
  return number << (unit ?? 0)
}
