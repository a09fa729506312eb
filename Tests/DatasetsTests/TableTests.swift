import Foundation
import IWAE
import Testing

@testable import Datasets

/// Tables and folders as people have them.
@Suite struct TableTests {
  private func array(_ text: String, limit: Int = 1 << 20) throws -> (NumberArray, DataFile) {
    let file = try DataFile(FileBytes(Array(text.utf8), name: "t.csv"), limit: limit)
    return (try file.array(), file)
  }

  private func problem(_ text: String, limit: Int = 1 << 20) -> String {
    do {
      _ = try array(text, limit: limit)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func aLineOfNamesAndMissingCells() throws {
    let (array, file) = try array("a,\"b, c\",d\r\n1,2.5,3\r\n4,,NA\r\n\"7\",-8e1,null\r\n")
    #expect(array.shape == [3, 3] && file.format == "table (csv)")
    #expect(file.columnNames == ["a", "b, c", "d"])
    let values = array.values.floats
    #expect(values.indices.filter { values[$0].isNaN } == [4, 5, 8])
    #expect(values[0] == 1 && values[1] == 2.5 && values[6] == 7 && values[7] == -80)
  }

  @Test func otherSeparatorsAndQuotes() throws {
    for separator in [";", "\t"] {
      let text = "x y\(separator)\"say \"\"z\"\"\"\n0\(separator)1\n1\(separator)0"
      let (array, file) = try array(text)
      #expect(file.columnNames == ["x y", "say \"z\""])
      #expect(array.values == .bytes([0, 1, 1, 0]))
    }
    // Without names, and with a byte order mark.
    #expect(try self.array("1,?\n2,3\n").0.shape == [2, 2])
    #expect(try self.array("\u{feff}a,b\n2,3\n").1.columnNames == ["a", "b"])
    #expect(try self.array("1,NA\n2,3\n").0.values.floats[1].isNaN)
  }

  @Test func whatIsNoTableIsSaid() {
    #expect(problem("a,b\n1,setosa\n").contains("line 2, the column 'b': expected a number"))
    #expect(problem("a;b\n1;2,5\n").contains("Write points in numbers"))
    #expect(
      problem("a,b\n1,2,3\n").contains("line 2: expected 2 cells as in the lines before, found 3"))
    #expect(problem("a,b\n1\n").contains("found 1"))
    #expect(problem("a,b\n").contains("no rows"))
    #expect(problem("a,b\n1,\"2").contains("a quote is left open"))
    #expect(problem("a,b\n1,\"" + String(repeating: "2\n", count: 2000)).contains("longer than"))
    #expect(
      problem("a,b\n" + String(repeating: "1.5,2\n", count: 100), limit: 80).contains(
        "allowed hold"))
    #expect(problem("a,b\n1e99,2\n").contains("found '1e99'"))
    #expect(problem("words without an end").contains("none of the known formats"))
  }

  /// What nobody means is not read as something else in silence.
  @Test func whatIsNearATableIsNotMisread() throws {
    #expect(try array("a;b\r1;2\r3;4\r").0.shape == [2, 2])
    #expect(try array("1;2\r\n3;4").0.values.floats == [1, 2, 3, 4])
    #expect(problem(",0,1,2\n0,0.5,0.25,1\n").contains("index=False"))
    #expect(try array("e,n\n1,2\n").1.columnNames == ["e", "n"])
    #expect(try array("x\n1\n2.5\n").0.shape == [2, 1])
    #expect(try array("\"a;b\",c\n1,2\n").1.columnNames == ["a;b", "c"])
    #expect(problem("a,b\n\"1\"2,3\n").contains("follows a quoted cell"))
    #expect(problem("a,b\n0x10,3\n").contains("no finite decimal number"))
    #expect(problem("inf,1\n2,3\n").contains("line 1, column 1"))
    #expect(problem("\u{fffe}a").contains("none of the known"))
    let wide = "0.5," + String(repeating: "1,", count: 4000) + "2"
    #expect(try array("\(wide)\n\(wide)\n").0.shape == [2, 4002])
    // Beyond what the format is told by, cells are as before it.
    let long = String(repeating: "1.5,2\n", count: 1000)
    #expect(try array(long + "NULL,\"4\"\n").0.values.floats.suffix(2).last == 4)
    #expect(problem(long + "1,two\n").contains("expected numbers, found 'two'"))
    #expect(
      problem(String(repeating: ",", count: 1 << 16), limit: 1 << 16).contains("allowed hold"))
  }

  @Test func rowsAndColumnsThatCountAreNoted() throws {
    func remarks(_ text: String) throws -> [String] { try array(text).0.countingRemarks }
    #expect(try remarks("0,1,2\n5,5,5\n7,7,7\n")[0].contains("header=False"))
    #expect(try remarks("a,b,c\n0,4,4\n1,5,5\n2,6,6\n")[0].contains("index=False"))
    #expect(try remarks("a,b,c\n0,4,4\n2,5,5\n1,6,6\n").isEmpty)
  }

  /// A folder of arrays is read as an archive of them is.
  @Test func aFolderOfArrays() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ name: String, _ data: [UInt8]) throws {
      try Data(data).write(to: folder.appending(path: name))
    }
    try write("x_train.npy", Build.numPy([3, 4], [UInt8](repeating: 1, count: 12)))
    try write("x_test.npy", Build.numPy([2, 4], [UInt8](repeating: 0, count: 8)))
    try write("y_train.npy", Build.numPy([3], [2, 0, 1] as [UInt8]))
    try write("y_test.npy", Build.numPy([2], [1, 1] as [UInt8]))
    let collection = try ImageCollection(path: folder.path)
    #expect(collection.training.count == 3 && collection.test?.count == 2)
    #expect(collection.training.labels == [2, 0, 1])
    #expect(collection.format.hasPrefix("folder of arrays (npy)"))
    try write("x.png", [])
    #expect(throws: (any Error).self) { try ImageCollection(path: folder.path) }
    try FileManager.default.removeItem(at: folder.appending(path: "x.png"))
    try write("x_test.npy", Array("nothing".utf8))
    #expect(throws: (any Error).self) { try ImageCollection(path: folder.path) }
  }

  @Test func whoWaitsIsToldHowFarReadingIs() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = "\(folder)/long.csv"
    // Several pieces of 256 KiB.
    try Data(String(repeating: "1,2,3,4\n", count: 100_000).utf8).write(
      to: URL(fileURLWithPath: path))
    var readings: [Reading] = []
    _ = try Reading.observed(by: { readings.append($0) }, { try DataFile(path) })
    #expect(readings.allSatisfy { $0.name == path })
    #expect(readings.count > 3 && readings.allSatisfy { $0.count == 800_000 && $0.unit == .bytes })
    #expect(readings.map(\.done) == readings.map(\.done).sorted())
    #expect(readings.last?.done == 800_000)
    // Nobody is told who does not ask any more.
    let count = readings.count
    _ = try DataFile(path)
    #expect(readings.count == count)
  }
}
