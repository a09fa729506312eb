import Experiments
import Files
import Foundation
import ReferenceDevice
import Testing

/// Who may read what a run leaves.
@Suite struct PermissionTests {
  private let scene = SmallRun()

  /// Files that a run that goes on adds or makes anew, or that take a former run's place, may be read by those
  /// who might read the run before.
  @Test func permissionsStay() throws {
    defer { scene.end() }
    let folder = scene.folder
    func files() throws -> [String] {
      try FileCalls.names(in: folder.path).map { "\(folder.path)/\($0)" }
    }
    func modes() throws -> [String: mode_t] {
      var result: [String: mode_t] = [:]
      for file in try files() {
        result[file] = try #require(try FileCalls.status(file)).st_mode & 0o7777
      }
      return result
    }
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    // Neither those of a usual new file, nor its user's alone.
    for file in try files() { chmod(file, 0o640) }
    let before = try modes()
    _ = try scene.resumed { $0.passes = 2 }.train(on: ReferenceDevice())
    let resumed = try modes()
    #expect(resumed.count > before.count && resumed[folder.evaluation] != nil)
    #expect(Set(resumed.values) == [0o640], "\(resumed)")
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    let replaced = try modes()
    #expect(replaced.count == before.count && replaced[folder.metrics] != nil)
    #expect(Set(replaced.values) == [0o640], "\(replaced)")
    // What the owner must not write is no obstacle.
    chmod(folder.configuration, 0o400)
    _ = try scene.run(passes: 1).train(on: ReferenceDevice())
    #expect(Set(try modes().values) == [0o600, 0o640])
  }
}
