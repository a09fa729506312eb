import Foundation
import Testing

@testable import Files

/// Folders and files that somebody else owns, and may have prepared for the user to trust.
@Suite(.enabled(if: geteuid() == 0, "Only the superuser gives files away."))
struct OwnershipTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-files-\(UUID())").path
  private let other: uid_t = 65534

  @Test func aFolderOfSomebodyElsesIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try PrivateFolder.make(folder)
    #expect(PrivateFolder.holds(folder))
    try #require(chown(folder, other, gid_t(other)) == 0)
    #expect(!PrivateFolder.holds(folder))
    let error = #expect(throws: FileAccessError.self) { try PrivateFolder.make(folder) }
    #expect(error?.description.contains("is no folder of yours. Take it away") == true)
    #expect(try #require(try FileCalls.status(folder)).st_uid == other)
  }

  @Test func aSecretOfSomebodyElsesIsNone() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/key"
    let secret = try #require(PrivateFolder.secret(path))
    try #require(chown(path, other, gid_t(other)) == 0)
    let second = try #require(PrivateFolder.secret(path))
    #expect(second != secret && PrivateFolder.secret(path) == second)
    #expect(try #require(try FileCalls.status(path)).st_uid == geteuid())
    // Nor is one made where somebody else could put another in its place.
    try #require(chown(path, other, gid_t(other)) == 0 && chown(folder, other, gid_t(other)) == 0)
    #expect(PrivateFolder.secret(path) == nil)
  }
}

@Suite struct RemedyTests {
  @Test(arguments: [
    ("read", EMFILE, "Allow more open files ('ulimit -n') and try again."),
    ("started", EAGAIN, "Allow more processes ('ulimit -u') and try again."),
    ("made", ENOSPC, "Free some space and try again."),
    ("written", EACCES, "Choose a folder that may be written to."),
    ("listed", EACCES, "Choose a folder that may be read."),
  ])
  func errorsSayWhatToDo(action: String, code: CInt, remedy: String) {
    let words = FileAccessError("a", action, code: code).description
    #expect(words.hasPrefix("'a' could not be \(action): ") && words.hasSuffix(". " + remedy))
  }

  @Test(arguments: ["read", "started"]) func whereNothingHelpsNothingIsAdded(action: String) {
    let words = FileAccessError("a", action, code: EACCES).description
    #expect(words == "'a' could not be \(action): \(String(cString: strerror(EACCES))).")
  }
}
