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
}
