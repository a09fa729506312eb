import Files
import Foundation

/// A file of events that TensorBoard shows: scalars, texts and images over the steps of a run.
///
///     let events = try EventFile(folder: run.path)
///     try events.scalars([("bound", -91.2), ("learning_rate", 1e-3)], step: 500)
///     try events.close()
///
/// Every call appends one record, and nothing is held back: a process that is killed
/// leaves whole records and at most one cut-off record at the end, which readers skip.
public final class EventFile {
  /// The path of the file, which lies in the run's folder.
  public let path: String

  /// The open file; nil once it is closed.
  private var descriptor: Int32?
  private let time: () -> Double

  /// Makes a new file `events.out.tfevents.<seconds>.iwae-gpu.<process>` and leaves all others alone.
  ///
  /// - Parameters:
  ///   - folder: The run's folder, which is there already.
  ///   - step: The step of the checkpoint that a run continues from. TensorBoard then drops what
  ///     earlier files in the folder have of later steps. Nil for a run that starts anew.
  ///   - mode: Its permissions; nil for those of any new file.
  ///   - time: The seconds since 1970.
  public init(
    folder: String, resumedAfterStep step: Int? = nil, mode: mode_t? = nil,
    time: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws(FileAccessError) {
    let file = try Self.create(in: folder, seconds: Int(time()))
    (path, descriptor) = (file.path, file.descriptor)
    if let mode { _ = fchmod(file.descriptor, mode) }
    self.time = time
    var version = event(step: 0)
    version.add(Field.fileVersion, "brain.Event:2")
    try append(version)
    // One of TensorBoard's readers takes a session for resumed only after another session's start.
    try appendStart(step: step.map { $0 + 1 } ?? 0)
  }

  /// Closes the file, and tells of records that some file systems only now say they could not keep.
  public func close() throws(FileAccessError) {
    guard let descriptor else { return }
    self.descriptor = nil
    // Interrupted or not, the descriptor is closed.
    guard Foundation.close(descriptor) == 0 || errno == EINTR else {
      throw FileAccessError("'\(path)' could not be written: \(Self.systemReason())")
    }
  }

  deinit {
    if let descriptor { _ = Foundation.close(descriptor) }
  }

  /// Says that what follows replaces the step and all later ones: a part of the run was done again.
  public func restart(at step: Int) throws(FileAccessError) { try appendStart(step: step) }

  /// Adds a point to each of some curves.
  public func scalars(
    _ values: [(tag: String, value: Double)], step: Int
  ) throws(FileAccessError) {
    var summary = ProtocolBuffer()
    for (tag, value) in values {
      var point = ProtocolBuffer()
      point.add(Field.tag, tag)
      point.add(Field.simpleValue, Float(value))
      summary.add(Field.value, point)
    }
    try append(summary, step: step)
  }

  /// Adds a text, which TensorBoard shows as Markdown.
  public func text(_ tag: String, _ text: String, step: Int) throws(FileAccessError) {
    var plugin = ProtocolBuffer()
    plugin.add(Field.pluginName, "text")
    var metadata = ProtocolBuffer()
    metadata.add(Field.pluginData, plugin)
    metadata.add(Field.dataClass, Field.tensors)
    // Without dimensions: one text.
    var tensor = ProtocolBuffer()
    tensor.add(Field.elementType, Field.strings)
    tensor.add(Field.shape, ProtocolBuffer())
    tensor.add(Field.stringValue, text)
    var entry = ProtocolBuffer()
    entry.add(Field.tag, tag)
    entry.add(Field.tensor, tensor)
    entry.add(Field.metadata, metadata)
    var summary = ProtocolBuffer()
    summary.add(Field.value, entry)
    try append(summary, step: step)
  }

  /// Adds a grey picture.
  ///
  /// - Parameters:
  ///   - tag: The subject of the picture; pictures of one tag and several steps are shown as a row.
  ///   - png: The encoded picture.
  ///   - width: The picture's width in pixels.
  ///   - height: The picture's height in pixels.
  ///   - step: The step that the run has done.
  public func image(
    _ tag: String, png: Data, width: Int, height: Int, step: Int
  ) throws(FileAccessError) {
    var picture = ProtocolBuffer()
    picture.add(Field.height, height)
    picture.add(Field.width, width)
    picture.add(Field.colorSpace, Field.grey)
    picture.add(Field.encodedImage, png)
    var entry = ProtocolBuffer()
    entry.add(Field.tag, tag)
    entry.add(Field.image, picture)
    var summary = ProtocolBuffer()
    summary.add(Field.value, entry)
    try append(summary, step: step)
  }
}

// MARK: Names

extension EventFile {
  private static let prefix = "events.out.tfevents."
  private static let mark = ".iwae-gpu."

  /// The event files in a folder that this project wrote, oldest first.
  public static func files(in folder: String) -> [String] {
    names(in: folder).filter { $0.contains(mark) }.sorted().map { "\(folder)/\($0)" }
  }

  private static func names(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter(isName)
  }

  /// True of the name of a file of events, whatever program wrote it.
  public static func isName(_ name: String) -> Bool { name.hasPrefix(prefix) }

  /// Opens a file that was not there before and whose name comes after all others' names: that is the
  /// order in which TensorBoard reads the files of a folder.
  private static func create(
    in folder: String, seconds: Int
  ) throws(FileAccessError) -> (path: String, descriptor: Int32) {
    let taken = names(in: folder).compactMap { name in
      let digits = name.dropFirst(prefix.count).prefix { $0 != "." }
      return digits.count == 10 ? Int(digits) : nil
    }
    var number = max(seconds, (taken.max() ?? 0) + 1)
    while true {
      let digits = String(number)
      let padding = String(repeating: "0", count: max(10 - digits.count, 0))
      let path = "\(folder)/\(prefix)\(padding)\(digits)\(mark)\(getpid())"
      let descriptor = FileCalls.open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
      if descriptor >= 0 { return (path, descriptor) }
      guard errno == EEXIST else {
        throw FileAccessError("The event file '\(path)' could not be made: \(systemReason())")
      }
      number += 1
    }
  }

  /// The system's message about the call that just failed.
  private static func systemReason() -> String { "\(String(cString: strerror(errno)))." }
}

// MARK: Messages

extension EventFile {
  /// The field numbers of TensorFlow's event.proto, summary.proto and tensor.proto, and what some of the
  /// fields hold.
  private enum Field {
    // Event
    static let wallTime = 1
    static let step = 2
    static let fileVersion = 3
    static let summary = 5
    static let sessionLog = 7
    // SessionLog
    static let status = 1
    static let start = 1
    // Summary, and Summary.Value
    static let value = 1
    static let tag = 1
    static let simpleValue = 2
    static let image = 4
    static let tensor = 8
    static let metadata = 9
    // SummaryMetadata, and its PluginData
    static let pluginData = 1
    static let pluginName = 1
    static let dataClass = 4
    static let tensors = 2
    // TensorProto
    static let elementType = 1
    static let strings = 7
    static let shape = 2
    static let stringValue = 8
    // Summary.Image
    static let height = 1
    static let width = 2
    static let colorSpace = 3
    static let grey = 1
    static let encodedImage = 4
  }

  private func event(step: Int) -> ProtocolBuffer {
    var event = ProtocolBuffer()
    event.add(Field.wallTime, time())
    event.add(Field.step, step)
    return event
  }

  private func append(_ summary: ProtocolBuffer, step: Int) throws(FileAccessError) {
    var event = event(step: step)
    event.add(Field.summary, summary)
    try append(event)
  }

  /// Says that a session starts with a step: readers drop that step and later ones of what stands before.
  private func appendStart(step: Int) throws(FileAccessError) {
    var session = ProtocolBuffer()
    session.add(Field.status, Field.start)
    var event = event(step: step)
    event.add(Field.sessionLog, session)
    try append(event)
  }

  /// An event as a TFRecord: its length, the length's checksum, the event, the event's checksum.
  static func record(_ event: Data) -> Data {
    let length = littleEndian([UInt64(event.count)])
    return length + littleEndian([CRC32C.maskedChecksum(length)]) + event
      + littleEndian([CRC32C.maskedChecksum(event)])
  }

  private func append(_ event: ProtocolBuffer) throws(FileAccessError) {
    guard let descriptor else { preconditionFailure("'\(path)' is closed") }
    let record = Self.record(event.data)
    let end = lseek(descriptor, 0, SEEK_END)
    do {
      try FileCalls.write(record, to: descriptor, path: path)
    } catch {
      // A part of a record would hide all that follows it.
      _ = FileCalls.uninterrupted { Int(ftruncate(descriptor, end)) }
      throw error
    }
  }
}
