import Foundation

extension RunFolder {
  /// A state of the files of which a report tells: another once one of them was written.
  public struct Stamp: Equatable, Sendable {
    fileprivate var files: [String: [Double]] = [:]
  }

  /// - Parameter out: A file that does not count, wherever it is.
  public func stamp(without out: String) -> Stamp {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    let out = resolved(out)
    let manager = FileManager.default
    let pictures = (try? manager.contentsOfDirectory(atPath: figures)) ?? []
    var result = Stamp()
    for file in [configuration, metrics, checkpoint, best, evaluation]
      + pictures.map({ "\(figures)/\($0)" })
    where resolved(file) != out {
      guard let attributes = try? manager.attributesOfItem(atPath: file) else { continue }
      let date = attributes[.modificationDate] as? Date
      let size = attributes[.size] as? Int
      // What replaces a file within the clock's tick has another number.
      let number = attributes[.systemFileNumber] as? Int
      result.files[file] = [
        date?.timeIntervalSince1970 ?? 0, Double(size ?? 0), Double(number ?? 0),
      ]
    }
    return result
  }
}
