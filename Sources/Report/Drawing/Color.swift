/// A colour of sRGB.
struct Color: Hashable {
  var red: UInt8
  var green: UInt8
  var blue: UInt8

  /// - Parameter hex: As `0x1f2429`.
  init(hex: Int) {
    red = UInt8(hex >> 16 & 0xff)
    green = UInt8(hex >> 8 & 0xff)
    blue = UInt8(hex & 0xff)
  }

  init(red: Double, green: Double, blue: Double) {
    func level(_ value: Double) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
    (self.red, self.green, self.blue) = (level(red), level(green), level(blue))
  }

  /// As style sheets write it.
  var hex: String {
    "#"
      + [red, green, blue].map { value in
        let text = String(value, radix: 16)
        return text.count == 1 ? "0" + text : text
      }.joined()
  }

  /// Shares from 0 to 1 of red, green and blue.
  var shares: [Double] { [red, green, blue].map { Double($0) / 255 } }
}
