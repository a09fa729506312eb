import Files
import Foundation
import Testing

/// Words of names that could say anything.
@Suite struct OneLineTests {
  @Test func linesAreJoined() {
    #expect(onOneLine("a\nb\r\nc\r\u{301}\td é") == "a\\nb\\r\\nc\\r\u{301}\td é")
    #expect(FileAccessError("'a\r\nb' is lost.").description == "'a\\r\\nb' is lost.")
    let format = FormatError(file: "a\r\nb", offset: 3, problem: "c\nd")
    #expect(format.description == "a\\r\\nb, byte 3: c\\nd")
  }

  @Test func remediesAreOfWhatWasRefused() {
    func words(_ action: String) -> String {
      FileAccessError("a\nb", action, code: EACCES).description
    }
    #expect(words("read") == "'a\\nb' could not be read: Permission denied.")
    for action in ["examined", "listed"] {
      #expect(words(action).hasSuffix("Permission denied. Choose a folder that may be read."))
    }
    for action in ["made", "written", "removed"] {
      #expect(words(action).hasSuffix("Choose a folder that may be written to."))
    }
  }
}
