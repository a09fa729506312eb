extension Double {
  /// A number as people write it: 0x10, which is another to everybody else, is none.
  public init?(decimal text: String) {
    guard text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }) else {
      return nil
    }
    self.init(text)
  }
}
