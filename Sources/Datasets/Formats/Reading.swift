import Foundation

/// The reading of a file or folder, for whoever waits for it.
public struct Reading: Sendable {
  public enum Unit: Sendable { case bytes, files }

  public typealias Observer = (Reading) -> Void

  public var name: String
  public var unit: Unit
  /// What was read, and what there is in all.
  public var done: Int
  public var count: Int

  private static let key = "iwae-gpu.reading"

  /// Has an observer told of each piece that this thread reads during some work; nil for nobody.
  public static func observed<Result>(
    by observer: Observer?, _ work: () throws -> Result
  ) rethrows -> Result {
    let values = Thread.current.threadDictionary
    let before = values[key]
    values[key] = observer
    defer { values[key] = before }
    return try work()
  }

  static func tell(_ name: String, _ unit: Unit, _ done: Int, of count: Int) {
    guard let observer = Thread.current.threadDictionary[key] as? Observer else { return }
    observer(Reading(name: name, unit: unit, done: done, count: count))
  }
}
