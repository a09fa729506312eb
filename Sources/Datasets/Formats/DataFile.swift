import Files
import Foundation

/// A file or folder of numbers in any of the formats that are known, told apart by content.
public struct DataFile {
  /// A named array of the file; the name is empty where the format has none.
  public struct Variable: Hashable, Sendable {
    public var name: String
    public var shape: [Int]
    /// The obstacle to reading it; nil if there is none.
    public var problem: String?
  }

  private enum Content {
    case single(NumberArray)
    case archive(ZipArchive)
    case matlab(MATFile)
    /// NumPy files in a folder, by their names without the ending.
    case folder([(name: String, file: FileBytes)])
  }

  public let path: String
  /// The format, for people.
  public let format: String
  /// True for PNG images, whose bytes are grey levels.
  private(set) var holdsPictures = false
  /// The names of a table's columns; empty where they have none.
  public private(set) var columnNames: [String] = []
  /// Of a folder of folders: the class of each image.
  public let labels: [Int]?
  /// Every array in the file.
  public let variables: [Variable]
  /// The most bytes that one array may take.
  let limit: Int
  private let content: Content

  /// True of rows of numbers as text.
  var isTable: Bool { format.hasPrefix("text") || format.hasPrefix("table") }

  /// The most bytes that one array may take, unless a user says otherwise.
  public static let standardLimit = Files.arrayLimit

  /// Opens a file or folder, and reads it if there is one array in it.
  ///
  /// - Parameters:
  ///   - path: The file or folder.
  ///   - limit: The most bytes that one array may take.
  public init(_ path: String, limit: Int = standardLimit) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      let arrays = try FileCalls.names(in: path).filter { $0.hasSuffix(".npy") && $0.first != "." }
      if !arrays.isEmpty, try !PNGFolder.hasPictures(path) {
        let files = try arrays.sorted().map {
          (name: String($0.dropLast(4)), file: try FileBytes(path: "\(path)/\($0)"))
        }
        self.init(path, "folder of arrays (npy)", .folder(files), limit)
        return
      }
      let folder = try PNGFolder(path, limit: limit)
      let format =
        folder.labels == nil
        ? "folder of PNG images" : "\(folder.classes.count) folders of PNG images"
      self.init(path, format, .single(folder.images), labels: folder.labels, limit)
      holdsPictures = true
    } else {
      try self.init(FileBytes(path: path), limit: limit)
    }
  }

  private init(
    _ path: String, _ format: String, _ content: Content, labels: [Int]? = nil, _ limit: Int
  ) {
    self.path = path
    self.format = format
    self.content = content
    self.labels = labels
    self.limit = limit
    variables = Self.variables(content, limit: limit)
  }

  /// Opens what a file holds.
  public init(_ file: FileBytes, limit: Int = standardLimit) throws(FormatError) {
    path = file.name
    self.limit = limit
    labels = nil
    let start = try file.read(at: 0, 1 << 12)
    guard !start.isEmpty else { throw FormatError(file: file.name, problem: "it is empty.") }
    let content: Content
    if ZipArchive.isZip(start[...]) {
      format = "NumPy archive (npz)"
      content = .archive(try ZipArchive(file))
    } else if MATFile.isMAT(start[...]) {
      format = "MATLAB 5"
      content = .matlab(try MATFile(file))
    } else if start.starts(with: [0x1f, 0x8b]) {
      let reader = try file.reader().decompressed(.gzip, limit: limit.addingCapped(1 << 20))
      let (name, array, columns) = try Self.array(reader, limit: limit)
      format = "\(name), gzip"
      (content, columnNames) = (.single(array), columns)
    } else {
      let (name, array, columns) = try Self.array(file.reader(), limit: limit)
      format = name
      (content, columnNames) = (.single(array), columns)
    }
    self.content = content
    variables = Self.variables(content, limit: limit)
  }

  /// Reads the formats of one array, with the names of its columns.
  private static func array(
    _ reader: ByteReader, limit: Int
  ) throws(FormatError) -> (String, NumberArray, [String]) {
    let start = try reader.peek(1 << 12)
    if NumberArray.isNumPy(start) {
      return ("NumPy", try NumberArray(numPy: reader, limit: limit), [])
    }
    if NumberArray.isIDX(start) { return ("IDX", try NumberArray(idx: reader, limit: limit), []) }
    if NumberArray.isText(start) {
      let array = try NumberArray(text: reader, limit: limit)
      guard !array.beginsWithIndexedHeader else {
        throw reader.problem(
          "the first line counts the columns, and has nothing above the first: an index, as pandas writes "
            + "it. Write the table with index=False, and with header=False or names.")
      }
      return ("text", array, [])
    }
    if NumberArray.isCSV(start) {
      let (array, names) = try NumberArray.csv(reader, limit: limit)
      return ("table (csv)", array, names)
    }
    if start.starts(with: [0xff, 0xfe]) || start.starts(with: [0xfe, 0xff]) {
      throw reader.problem("it is text in UTF-16. Save it as UTF-8.")
    }
    if start.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      throw reader.problem(
        "it is HDF5, as MATLAB's -v7.3. Save it with -v7, or as .npy from Python.")
    }
    if PNGImage.isPNG(start) {
      throw reader.problem("it is one PNG image. Name the folder of the images instead.")
    }
    let bytes = start.prefix(8).map { String(format: "%02x", $0) }.joined(separator: " ")
    throw reader.problem(
      "it begins with \(bytes), which is none of the known formats: IDX, NumPy (npy, npz), MATLAB 5 "
        + "(mat), text (amat), tables (csv), each but npz and mat also with gzip, or a folder of PNG "
        + "images.")
  }

  /// Lists what is in a file.
  private static func variables(_ content: Content, limit: Int) -> [Variable] {
    switch content {
    case .single(let array): [Variable(name: "", shape: array.shape)]
    case .archive(let archive):
      archive.entries.map { entry in
        let name = entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
        return variable(name) { () throws(FormatError) in try archive.open(entry, limit: limit) }
      }
    case .folder(let files):
      files.map { entry in variable(entry.name) { entry.file.reader() } }
    case .matlab(let file):
      file.variables.map {
        Variable(
          name: $0.name, shape: $0.shape,
          problem: $0.isNumeric ? nil : "it is of class \($0.type)")
      }
    }
  }

  /// An array in NumPy's format, as its header tells.
  private static func variable(
    _ name: String, _ open: () throws(FormatError) -> ByteReader
  ) -> Variable {
    do throws(FormatError) {
      return Variable(name: name, shape: try NumPyHeader(open()).shape)
    } catch {
      return Variable(name: name, shape: [], problem: error.problem)
    }
  }

  /// Reads an array.
  public func array(_ name: String = "") throws(FormatError) -> NumberArray {
    switch content {
    case .single(let array): return array
    case .archive(let archive):
      guard let entry = archive.entries.first(where: { [name, "\(name).npy"].contains($0.name) })
      else { throw missing(name) }
      return try archive.read(entry, limit: limit.addingCapped(1 << 17)) {
        reader throws(FormatError) in
        try NumberArray(numPy: reader, limit: limit)
      }
    case .folder(let files):
      guard let entry = files.first(where: { $0.name == name }) else { throw missing(name) }
      return try NumberArray(numPy: entry.file.reader(), limit: limit)
    case .matlab(let file):
      guard let variable = file.variables.first(where: { $0.name == name }) else {
        throw missing(name)
      }
      return try file.read(variable, limit: limit)
    }
  }

  private func missing(_ name: String) -> FormatError {
    FormatError(
      file: path,
      problem: "there is no array '\(name)'; there are \(listing).")
  }

  /// The arrays, for messages: a few of them where they are many.
  var listing: String {
    if variables.isEmpty { return "none" }
    let few = variables.prefix(8).map { variable in
      let what = variable.problem.map { "(\($0))" } ?? "\(variable.shape)"
      return "'\(variable.name)' \(what)"
    }
    let rest = variables.count - few.count
    return few.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}

extension Int {
  /// The sum, or the largest number there is.
  func addingCapped(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
