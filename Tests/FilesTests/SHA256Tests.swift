import Files
import Testing

@Suite struct DigestTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func publishedExamples(message: String, digest: String) {
    #expect(SHA256.hexadecimal(Array(message.utf8)) == digest)
  }

  @Test(arguments: [1_000_000, 7, 64, 977])
  func aMillionLettersInPieces(size: Int) {
    var hash = SHA256()
    for start in stride(from: 0, to: 1_000_000, by: size) {
      hash.update(Array(repeating: UInt8(ascii: "a"), count: min(size, 1_000_000 - start)))
    }
    #expect(
      hash.hexadecimal() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// RFC 4231's first, second and sixth cases.
  @Test func messagesAreAuthenticated() {
    func tag(_ message: String, _ key: [UInt8]) -> String {
      SHA256.authenticate(Array(message.utf8), key: key).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }.joined()
    }
    #expect(
      tag("Hi There", Array(repeating: 0x0b, count: 20))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    #expect(
      tag("what do ya want for nothing?", Array("Jefe".utf8))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      tag(
        "Test Using Larger Than Block-Size Key - Hash Key First",
        Array(repeating: 0xaa, count: 131))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }
}
