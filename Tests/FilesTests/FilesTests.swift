import Foundation
import Testing

@testable import Files

@Suite struct FilesTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-files-\(UUID())").path
    try FileCalls.makeFolder(folder)
  }

  private func end() { try? FileManager.default.removeItem(atPath: folder) }

  private func mode(_ path: String) throws -> mode_t {
    try #require(try FileCalls.status(path)).st_mode & 0o7777
  }

  private func leftovers() throws -> [String] {
    try FileCalls.names(in: folder).filter { $0.hasPrefix(".iwae-gpu.") }
  }

  @Test(arguments: [
    ("k", ""), ("file", ""), ("k/", ""), ("a/b", "a"), ("a/b/", "a"), ("a//b", "a"), ("/a", "/"),
    ("/a/b/c", "/a/b"), ("/", "/"), ("//", "/"), ("", ""), ("é/ü", "é"), ("./k", "."),
  ])
  func foldersOfPaths(path: String, folder: String) {
    #expect(FileCalls.folder(of: path) == folder)
  }

  /// Foundation's function traps for such a name.
  @Test func namesOfOneLetterAreWritten() throws {
    let place = FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-\(UUID())").path
    try FileCalls.makeFolder(place)
    defer { try? FileManager.default.removeItem(atPath: place) }
    try Files.write(Data([1]), to: "\(place)/k")
    try FileCalls.makeFolder("\(place)/l/m")
    #expect(try FileCalls.names(in: place).sorted() == ["k", "l"])
  }

  @Test func aFileIsReplacedWithItsPermissions() throws {
    defer { end() }
    let path = "\(folder)/a"
    try Files.write(Data("old".utf8), to: path)
    let mask = umask(0)
    umask(mask)
    #expect(try mode(path) == 0o666 & ~mask)
    for wanted: mode_t in [0o600, 0o666] {
      chmod(path, wanted)
      try Files.write(Data("new\(wanted)".utf8), to: path)
      #expect(try mode(path) == wanted)
      #expect(try Files.read(path) == Data("new\(wanted)".utf8))
    }
    #expect(try leftovers().isEmpty)
    for wanted: mode_t in [0o666, 0o600] {
      try Files.append(Data("line".utf8), to: "\(folder)/lines", mode: wanted)
      #expect(try mode("\(folder)/lines") == 0o666)
    }
  }

  @Test func linksStayAndWhatTheyLeadToIsReplaced() throws {
    defer { end() }
    let (path, link) = ("\(folder)/a", "\(folder)/link")
    try Files.write(Data("old".utf8), to: path)
    #expect(symlink(path, link) == 0)
    try Files.write(Data("new".utf8), to: link)
    #expect(try Files.read(path) == Data("new".utf8))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
  }

  /// A pipe, as a shell makes it for a command's output, is written to and read from.
  @Test func pipesAreNoFiles() throws {
    defer { end() }
    let path = "\(folder)/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { _ = close(reader) }
    try Files.write(Data("words".utf8), to: path)
    var bytes = [UInt8](repeating: 0, count: 9)
    #expect(read(reader, &bytes, bytes.count) == 5)
    #expect(try #require(try FileCalls.status(path)).st_mode & S_IFMT == S_IFIFO)

    Thread.detachNewThread { try? Files.write(Data(repeating: 7, count: 300_000), to: path) }
    #expect(try Files.read(path) == Data(repeating: 7, count: 300_000))
  }

  /// What a process that was killed left is removed; what another is still writing is not.
  @Test func leftoversAreSwept() throws {
    defer { end() }
    let (dead, live) = ("\(folder)/.iwae-gpu.1.2.tmp", "\(folder)/.iwae-gpu.3.4.tmp")
    for path in [dead, live, "\(folder)/mine.tmp"] {
      #expect(FileManager.default.createFile(atPath: path, contents: Data("half".utf8)))
    }
    let descriptor = open(live, O_RDWR)
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try Files.write(Data("whole".utf8), to: "\(folder)/a")
    #expect(Set(try FileCalls.names(in: folder)) == ["a", "mine.tmp", ".iwae-gpu.3.4.tmp"])
    _ = close(descriptor)
    AtomicFile.sweep(folder)
    #expect(try leftovers().isEmpty)
  }

  @Test func whatIsNotFinishedLeavesNothing() throws {
    defer { end() }
    do {
      let file = try AtomicFile(for: "\(folder)/a", mode: nil)
      try file.append(Data("half".utf8))
      #expect(try leftovers().count == 1)
    }
    #expect(try FileCalls.names(in: folder).isEmpty)
  }

  @Test func refusalsAreInTheSystemsWords() throws {
    defer { end() }
    func words(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "nothing"
      } catch {
        return "\(error)"
      }
    }
    let none = words { _ = try Files.read("\(folder)/none") }
    #expect(none == "'\(folder)/none' could not be read: No such file or directory.")
    #expect(words { _ = try Files.read(folder) }.hasSuffix("could not be read: Is a directory."))
    try Files.write(Data(repeating: 1, count: 10), to: "\(folder)/a")
    #expect(
      words { _ = try Files.read("\(folder)/a/b") }.hasSuffix("could not be read: Not a directory.")
    )
    #expect(
      words { _ = try Files.read("\(folder)/a", atMost: 9) }
        .hasSuffix("expected at most 9 bytes, found 10."))
    #expect(
      words { try FileCalls.makeFolder("\(folder)/a/b") }
        .contains("Not a directory"))
    #if os(Linux)
      #expect(
        words { try Files.write(Data("x".utf8), to: "/dev/full") }
          == "'/dev/full' could not be written: No space left on device. Free some space and try again."
      )
      #expect(words { _ = try Files.read("/dev/zero") }.hasSuffix("bytes, found more."))
    #endif
  }

  @Test func privateFoldersAreOnesOwn() throws {
    defer { end() }
    let mask = umask(0)
    defer { umask(mask) }
    let path = "\(folder)/deep/cache"
    try PrivateFolder.make(path)
    #expect(try mode(path) == 0o700 && PrivateFolder.holds(path))
    chmod(path, 0o777)
    #expect(!PrivateFolder.holds(path))
    try PrivateFolder.make(path)
    #expect(try mode(path) == 0o700)
    let link = "\(folder)/link"
    #expect(symlink(path, link) == 0)
    #expect(!PrivateFolder.holds(link))
    #expect(throws: FileAccessError.self) { try PrivateFolder.make(link) }
    try Files.write(Data(), to: "\(folder)/file")
    #expect(throws: FileAccessError.self) { try PrivateFolder.make("\(folder)/file") }
  }

  @Test func secretsAreKeptAndOnesOwn() throws {
    defer { end() }
    let path = "\(folder)/state/key"
    let secret = try #require(PrivateFolder.secret(path))
    #expect(secret.count == 32 && PrivateFolder.secret(path) == secret)
    #expect(try mode(path) == 0o600)
    // One that others may have read or written is none any more.
    chmod(path, 0o644)
    let second = try #require(PrivateFolder.secret(path))
    #expect(second != secret)
    try Files.write(Data([1]), to: path)
    #expect(try #require(PrivateFolder.secret(path)) != second)
    try Files.write(Data(), to: "\(folder)/file")
    #expect(PrivateFolder.secret("\(folder)/file/key") == nil)
  }

  #if os(Linux)
    /// A new name reaches the disk: its folder is opened once more after it was made there.
    @Test func newNamesOfFoldersAreSynced() throws {
      defer { end() }
      let watch = inotify_init1(O_NONBLOCK)
      defer { _ = close(watch) }
      let kinds = UInt32(IN_CREATE | IN_OPEN)
      try #require(inotify_add_watch(watch, folder, kinds) >= 0)
      try FileCalls.makeFolder("\(folder)/one")
      #expect(try FileCalls.makeNewFolder("\(folder)/two/"))
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(watch, &bytes, bytes.count)
      func number(at place: Int) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt32.self) }
      }
      // A number, the kinds, another number, the length of the name that follows.
      var found: [UInt32] = []
      var place = 0
      while place < count {
        found.append(number(at: place + 4) & kinds)
        place += 16 + Int(number(at: place + 12))
      }
      #expect(found == [IN_CREATE, IN_OPEN, IN_CREATE, IN_OPEN].map { UInt32($0) })
    }

    @Test func whatCannotBeSyncedIsSaid() throws {
      defer { end() }
      try Files.append(Data("one\n".utf8), to: "\(folder)/lines")
      try Files.sync("\(folder)/lines")
      try Files.sync("\(folder)/none")
      let error = #expect(throws: FileAccessError.self) { try Files.sync("/dev/null") }
      #expect(error?.description == "'/dev/null' could not be written: Invalid argument.")
    }
  #endif

  /// A line that has no room is not there in part.
  @Test func appendingAddsToTheEnd() throws {
    defer { end() }
    let path = "\(folder)/lines"
    try Files.append(Data("one\n".utf8), to: path)
    try Files.append(Data("two\n".utf8), to: path)
    #expect(try Files.read(path) == Data("one\ntwo\n".utf8))
    #expect(try OpenFile(path, mustBePlain: true).read(at: 0, 3) == Array("one".utf8))
    #expect(try OpenFile(path, mustBePlain: true).size == 8)
    // There is room for two more bytes.
    var limit = rlimit()
    getrlimit(resource, &limit)
    let former = limit
    signal(SIGXFSZ, SIG_IGN)
    limit.rlim_cur = 10
    #expect(setrlimit(resource, &limit) == 0)
    #expect(throws: FileAccessError.self) { try Files.append(Data("three\n".utf8), to: path) }
    limit = former
    setrlimit(resource, &limit)
    signal(SIGXFSZ, SIG_DFL)
    #expect(try Files.read(path) == Data("one\ntwo\n".utf8))
  }

  #if os(Linux)
    private let resource = __rlimit_resource_t(1)
  #else
    private let resource = RLIMIT_FSIZE
  #endif

  /// A file that claims to be larger than memory is refused by its header, or by its size.
  @Test func sparseFilesAreRefusedUnread() throws {
    defer { end() }
    let path = "\(folder)/sparse"
    try Files.write(Data("{".utf8), to: path)
    #expect(truncate(path, 1 << 42) == 0)
    #expect(throws: FileAccessError.self) { try Files.read(path, atMost: Files.mostOfJSON) }
    #expect(throws: (any Error).self) { try Files.lines(of: path) { _, _, _ in } }
  }
}
