import Commands
import Files
import Foundation
import Testing

@testable import iwae_gpu

/// Files that options name, before any work.
@Suite struct DisplayTests {
  private func arguments(_ command: Command, _ path: String) throws -> ParsedArguments {
    try ParsedArguments(["--out", path], for: command)
  }

  /// A name without a folder is one in the working folder.
  @Test(arguments: ["b", "\(UUID())", "./b", "b.pdf", ".b"]) func bareNamesAreFiles(
    _ name: String
  ) throws {
    #expect(try Display.file(try arguments(.impute, name)) == name)
  }

  @Test(arguments: ["/", ".", "none-\(UUID())/b", "/dev/null/b"]) func otherNamesAreNot(
    _ name: String
  ) throws {
    let error = #expect(throws: CommandError.self) {
      try Display.file(try arguments(.impute, name))
    }
    #expect(error?.code == .fileAccess)
    #expect("\(try #require(error))".contains("--out \(name)"))
    // Of several processes one writes, perhaps on another machine.
    #expect(try Display.file(try arguments(.impute, name), writes: false) == name)
  }

  @Test func aFigureLiesInTheWorkingFolder() throws {
    let name = "iwae-gpu-bare-\(UUID()).svg"
    defer { try? FileManager.default.removeItem(atPath: name) }
    let outcome = run(
      "bounds", "linear-gaussian", "--data", "linear-gaussian", "-k", "2", "--limit", "2",
      "--quiet", "--out", name)
    #expect(outcome.status == .done, "\(outcome.error)")
    #expect(FileManager.default.fileExists(atPath: name))
  }

  /// The figures of a sweep, whose option is another.
  @Test func aSweepsFiguresAreLookedAtFirst() {
    let folder = NSTemporaryDirectory() + "iwae-gpu-figures-\(UUID())"
    let outcome = run(
      "sweep", "--data", "linear-gaussian", "--out", folder, "--figures", folder + "/no/x.png")
    #expect(outcome.status == .fileAccess)
    #expect(outcome.error.contains("'--figures \(folder)/no/x.png'"), "\(outcome.error)")
    #expect(!FileManager.default.fileExists(atPath: folder))
  }
}
