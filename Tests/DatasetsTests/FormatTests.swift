import Artifacts
import Files
import Foundation
import IWAE
import Testing

@testable import Datasets

typealias Build = FileBuilder

/// Opens bytes as a file.
func open(_ bytes: [UInt8], limit: Int = 1 << 20) throws(FormatError) -> DataFile {
  try DataFile(FileBytes(bytes, name: "t"), limit: limit)
}

/// What is said of bytes that cannot be read; nil if they can.
func complaint(_ bytes: [UInt8], _ name: String = "", limit: Int = 1 << 20) -> String? {
  do {
    _ = try open(bytes, limit: limit).array(name)
    return nil
  } catch {
    return error.description
  }
}

@Suite struct FormatTests {
  private let pixels = (0..<24).map { UInt8($0 * 10) }

  @Test func everyFormatHoldsTheSameArray() throws {
    let expected = NumberArray(shape: [2, 3, 4], values: .bytes(pixels))
    let idx = Build.idx([2, 3, 4], pixels)
    let numPy = Build.numPy([2, 3, 4], pixels)
    for (bytes, format) in [
      (idx, "IDX"), (Build.gzip(idx), "IDX, gzip"), (numPy, "NumPy"),
      (Build.gzip(numPy), "NumPy, gzip"),
      (Build.gzip(Array(idx.prefix(9))) + Build.gzip(Array(idx.dropFirst(9))), "IDX, gzip"),
      (Build.gzip(idx) + [UInt8](repeating: 0, count: 600), "IDX, gzip"),
    ] {
      let file = try open(bytes)
      #expect(file.format == format)
      #expect(try file.array() == expected)
    }
    for isDeflated in [false, true] {
      let file = try open(
        Build.zip(
          [("a.npy", numPy), ("b.npy", Build.numPy([1], [7]))], isDeflated: isDeflated))
      #expect(file.variables.map(\.name) == ["a", "b"])
      #expect(file.variables[0].shape == [2, 3, 4])
      #expect(try file.array("a") == expected)
      #expect(try file.array("b").values == .bytes([7]))
    }
    // MATLAB runs down the columns.
    let turned = expected.transposed.rowMajor
    for (isCompressed, isBigEndian) in [(false, false), (true, false), (true, true)] {
      let file = try open(
        Build.matlab(
          [
            .init(name: "short", shape: [4, 3, 2], content: pixels),
            .init(name: "longer name", shape: [1, 1], content: [5]),
          ], isCompressed: isCompressed, isBigEndian: isBigEndian))
      #expect(file.variables.map(\.name) == ["short", "longer name"])
      #expect(try file.array("short").transposed == expected)
      #expect(try file.array("short").rowMajor == turned)
      #expect(try file.array("longer name").values == .bytes([5]))
    }
  }

  @Test func numbersOfEveryTypeAreReadOrRefused() throws {
    let floats: [Float] = [0, -1.5, 3.25e7]
    let doubles = floats.map(Double.init)
    func values(_ type: String, _ bytes: [UInt8]) throws -> [Float] {
      try open(Build.numPy([3], type: type, bytes)).array().values.floats
    }
    #expect(try values("<f4", floats.bytes) == floats)
    #expect(try values("<f8", doubles.bytes) == floats)
    let swapped = stride(from: 0, to: 12, by: 4).flatMap { floats.bytes[$0..<$0 + 4].reversed() }
    #expect(try values(">f4", swapped) == floats)
    #expect(try values("<i2", Build.little(-3, 2) + Build.little(7, 2) + [0, 1]) == [-3, 7, 256])
    #expect(try values(">u2", [1, 0, 0, 2, 0, 3]) == [256, 2, 3])
    let whole = Build.little(-1, 8) + Build.little(1 << 24, 8) + Build.little(9, 8)
    #expect(try values("<i8", whole) == [-1, 16_777_216, 9])
    #expect(try values("|i1", [255, 1, 2]) == [-1, 1, 2])
    #expect(try values("|b1", [1, 0, 255]) == [1, 0, 1])
    // Whole numbers that single precision would round, and other types.
    let large = Build.little(16_777_217, 8) + Build.little(0, 16)
    #expect(complaint(Build.numPy([3], type: "<i8", large))?.contains("16777217") == true)
    for type in ["<f2", "<c8", "|O", "<U4", "<M8[ns]", "f4", "<f5", ""] {
      let text = complaint(Build.numPy([1], type: type, [0, 0, 0, 0]))
      #expect(text?.contains("astype('float32')") == true, "\(type)")
    }
    #expect(
      try open(Build.idx([2], [0xc0, 0x20, 0, 0, 0x3f, 0x80, 0, 0], type: 0x0d)).array().values
        == .floats([-2.5, 1]))
  }

  @Test func fortranOrderIsTurned() throws {
    let file = try open(Build.numPy([2, 3], isFortran: true, [1, 4, 2, 5, 3, 6]))
    #expect(
      try file.array().rowMajor == NumberArray(shape: [2, 3], values: .bytes([1, 2, 3, 4, 5, 6])))
  }

  @Test func textIsRowsOfNumbers() throws {
    let binary = try open(Array("0 1 0\n1 1 0\r\n\n".utf8))
    #expect(try binary.array() == NumberArray(shape: [2, 3], values: .bytes([0, 1, 0, 1, 1, 0])))
    let table = try open(Array("0,1\n-2.5, 1e-3".utf8))
    #expect(try table.array() == NumberArray(shape: [2, 2], values: .doubles([0, 1, -2.5, 1e-3])))
    #expect(try open(Build.gzip(Array("1 0\n".utf8))).format == "text, gzip")
    #expect(
      complaint(Array("1 0\n1\n".utf8)) == "t, byte 5: line 2: expected 2 numbers as in the "
        + "rows before, found 1.")
    #expect(complaint(Array("1 0\n1 1 1\n".utf8))?.contains("line 2: expected 2 numbers") == true)
    #expect(complaint(Array("1 0\n1 1e99\n".utf8))?.contains("'1e99'") == true)
    #expect(complaint(Array("1 - 0\n".utf8))?.contains("'-'") == true)
    // A comma is no decimal point.
    #expect(complaint(Array("1 , , 2 3\n".utf8))?.contains("a decimal point?") == true)
    #expect(complaint(Array("0,5 0,7\n".utf8))?.contains("a decimal point?") == true)
    #expect(complaint(Array("1 2,3\n".utf8))?.contains("a decimal point?") == true)
    let late = Array(String(repeating: "1 0\n", count: 5000).utf8) + Array("1 x\n".utf8)
    #expect(complaint(late)?.contains("byte 20002: line 5001") == true)
  }

  /// The values of a file, a missing one as nil.
  private func known(_ bytes: [UInt8]) throws -> [Float?] {
    try open(bytes).array().rowMajor.values.floats.map { $0.isNaN ? nil : $0 }
  }

  @Test func missingValuesAreNaN() throws {
    for text in ["1,,0\n,0.5,\n", "1, nan,0\nNaN,0.5,NAN", "1 nan 0\nnan .5 nan\r\n"] {
      #expect(try known(Array(text.utf8)) == [1, nil, 0, nil, 0.5, nil], "\(text)")
      #expect(try open(Array(text.utf8)).array().shape == [2, 3])
    }
    #expect(try known(Array(",,0\n,,\n".utf8)) == [nil, nil, 0, nil, nil, nil])
    // A comma at the end of every line is no column; one that is missing everywhere says so.
    let ended = complaint(Array("1,0,\n0,1,\n".utf8))
    #expect(ended?.contains("every line ends with a comma") == true, "\(ended ?? "none")")
    #expect(try known(Array("1,nan\n0,nan\n".utf8)) == [1, nil, 0, nil])
    #expect(try known(Array("1,NA,2\n3,null,?\n".utf8)) == [1, nil, 2, 3, nil, nil])
    for text in ["1,,\n1,2\n", "1,2\n1,2,\n", "1 2\n1 an\n", "1,2\n1,AN\n"] {
      #expect(complaint(Array(text.utf8))?.contains("line ") == true, "\(text)")
    }
    let floats: [Float] = [1, .nan, -2, .nan]
    #expect(try known(Build.numPy([2, 2], type: "<f4", floats.bytes)) == [1, nil, -2, nil])
    #expect(
      try known(Build.idx([2], [0xc0, 0x20, 0, 0, 0x7f, 0xc0, 0, 0], type: 0x0d)) == [-2.5, nil])
  }

  /// Each of these must say what is wrong and where, without reading anything else.
  @Test func damageIsNamed() {
    let idx = Build.idx([2, 3, 4], pixels)
    let numPy = Build.numPy([2, 3, 4], pixels)
    let zip = Build.zip([("a.npy", numPy)], isDeflated: true)
    let cases: [([UInt8], String)] = [
      ([], "it is empty"),
      (Array("hello, world".utf8), "none of the known formats"),
      ([0, 0, 8, 0] + pixels, "none of the known formats"),
      ([0x89] + Array("HDF\r\n".utf8), "-v7.3"),
      (Build.png([[1, 2]], width: 2), "one PNG image"),
      (Array(idx.dropLast()), "cut off: the shape [2, 3, 4] of uint8 needs 24 bytes, 23 are left"),
      (idx + [0], "expected the end after the numbers that the sizes [2, 3, 4] announce"),
      (Build.idx([1 << 31, 1 << 31, 1 << 31], pixels), "impossible"),
      // In the file its size is a number yet, in memory it is none.
      (Build.idx([1 << 31, 1 << 30], pixels, type: 0x0b), "impossible"),
      (Build.idx([0, 1 << 31], []), "holds nothing"),
      (Build.idx([1 << 20, 1 << 10], pixels), "more than the 1048576 that are allowed"),
      (Array(Build.gzip(idx).dropLast(5)), "the compressed data is cut off"),
      (Build.gzip(idx) + [7], "expected the end after the compressed data"),
      (Build.gzip(idx) + [0, 0, 7], "expected the end after the compressed data"),
      (Build.gzip([UInt8](repeating: 0, count: 20)), "none of the known formats"),
      (Array(numPy.dropLast()), "cut off"), (numPy + [0], "expected the end"),
      (Build.numPy([2, -3], pixels), "impossible"),
      (Array(numPy.prefix(30)), "cut off: the header needs"),
      (Array(zip.dropLast(3)), "directory is missing"),
      (Array(zip.dropFirst(1)), "none of the known formats"),
    ]
    for (bytes, reason) in cases {
      let text = complaint(bytes)
      #expect(text?.hasPrefix("t") == true && text?.contains(reason) == true, "\(text ?? "read")")
    }
    var flipped = Build.gzip(idx)
    flipped[flipped.count - 6] ^= 1
    #expect(complaint(flipped)?.contains("damaged") == true)
    var wrongSum = Build.zip([("a.npy", numPy)], isDeflated: false)
    wrongSum[30 + 5 + numPy.count - 1] ^= 1
    #expect(complaint(wrongSum, "a")?.contains("checksum") == true)
    #expect(complaint(zip, "b")?.contains("there is no array 'b'; there are 'a'") == true)
    #expect(
      complaint(Build.zip([("a.npy", numPy), ("a.npy", numPy)], isDeflated: true))?
        .contains("there twice") == true)
  }
}

@Suite struct PNGFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(limit: Int = 1 << 20) throws -> PNGFolder {
    try PNGFolder(folder.path, limit: limit)
  }

  @Test func namesAreInTheOrderOfTheirNumbers() throws {
    for number in [10, 9, 100] {
      try folder.write("\(number).png", Build.png([[UInt8(number), 1], [2, 3]], width: 2))
    }
    try folder.write("notes.txt", [1])
    try folder.write(".hidden.png", [1])
    let images = try read()
    #expect(images.images.shape == [3, 2, 2] && images.labels == nil)
    #expect(images.images.values == .bytes([9, 1, 2, 3, 10, 1, 2, 3, 100, 1, 2, 3]))
  }

  @Test func foldersAreClasses() throws {
    try folder.write("b/0.png", Build.png([[1]], width: 1))
    try folder.write("a/1.png", Build.png([[2]], width: 1))
    try folder.write("a/0.png", Build.png([[3]], width: 1))
    let collection = try ImageCollection(path: folder.path)
    #expect(collection.training.values == .bytes([3, 2, 1]))
    #expect(collection.training.labels == [0, 0, 1])
    #expect(collection.format == "2 folders of PNG images")
  }

  /// Whatever a file claims of colour spaces, its grey levels are its grey levels.
  @Test func pixelsAreTakenAsTheyAre() throws {
    try folder.write(
      "0.png",
      Build.png([[0, 50, 128, 255]], width: 4, extra: Build.chunk("gAMA", [0, 1, 0x86, 0xa0])))
    try folder.write(
      "1.png",
      Build.png([[9, 9, 9, 0, 0, 0, 77, 77, 77, 1, 1, 1]], width: 4, color: 2))
    try folder.write(
      "2.png",
      Build.png(
        [[0b0110_0000]], width: 4, depth: 1, color: 3,
        extra: Build.chunk("PLTE", [10, 10, 10, 200, 200, 200])))
    #expect(
      try read().images.values == .bytes([0, 50, 128, 255, 9, 0, 77, 1, 10, 200, 200, 10]))
  }

  @Test func badImagesAreNamed() throws {
    let good = Build.png([[1, 2], [3, 4]], width: 2)
    try folder.write("0.png", good)
    var broken = good
    broken[45] ^= 4
    let cases: [([UInt8], String)] = [
      (Build.png([[1, 2]], width: 2), "1.png: expected 2 by 2 pixels as in '0.png', found 2 by 1"),
      (Array(good.dropLast(13)), "cut off"), (broken, "damaged"), ([1, 2, 3], "not a PNG file"),
      (Build.png([[1, 2, 3]], width: 1, color: 2), "coloured"),
      (Build.png([[0, 1, 0, 2]], width: 2, depth: 16), "16 bits"),
      (Build.png([[1, 2]], width: 1 << 30), "damaged"),
      (Build.png([[1, 2]], width: 900_000), "1.png"),
    ]
    for (bytes, reason) in cases {
      try folder.write("1.png", bytes)
      let error = #expect(throws: FormatError.self) { try read() }
      #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }
    let empty = try TemporaryFolder()
    #expect(throws: FormatError.self) { try PNGFolder(empty.path, limit: 1 << 20) }
  }
}
