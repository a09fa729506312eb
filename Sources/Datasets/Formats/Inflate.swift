import CZlib
import Files

/// The wrapping of compressed bytes.
enum Compression {
  /// RFC 1952, possibly several members in a row.
  case gzip
  /// RFC 1950.
  case zlib
  /// RFC 1951 alone, as archives hold it.
  case deflate

  fileprivate var windowBits: Int32 {
    switch self {
    case .gzip: 15 + 16
    case .zlib: 15
    case .deflate: -15
    }
  }
}

/// A decompressor that delivers no more than it is allowed to.
private final class Inflater {
  private var stream = z_stream()
  private let input: ByteReader
  private let compression: Compression
  private var pending: [UInt8] = []
  private var consumed = 0
  private var left: Int
  private let limit: Int
  private var isDone = false

  init(_ input: ByteReader, _ compression: Compression, limit: Int) throws(FormatError) {
    self.input = input
    self.compression = compression
    self.limit = limit
    left = limit
    guard iwae_inflate_begin(&stream, compression.windowBits) == Z_OK else {
      throw input.problem("there is no memory to decompress it.")
    }
  }

  deinit { inflateEnd(&stream) }

  /// The next decompressed bytes; none at the end.
  func next() throws(FormatError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 1 << 18)
    while !isDone {
      if consumed == pending.count {
        pending = Array(try input.some(1 << 18))
        consumed = 0
        guard !pending.isEmpty else {
          throw input.problem("the compressed data is cut off.")
        }
      }
      let (status, produced) = inflate(into: &output)
      switch status {
      case Z_STREAM_END: try finish()
      case Z_OK, Z_BUF_ERROR: break
      default:
        let reason = stream.msg.map { String(cString: $0) } ?? "code \(status)"
        throw input.problem("the compressed data is damaged (\(reason)).")
      }
      left -= produced
      guard left >= 0 else {
        throw input.problem("it decompresses to more than the \(limit) bytes that are allowed.")
      }
      if produced > 0 { return Array(output.prefix(produced)) }
    }
    return []
  }

  private func inflate(into output: inout [UInt8]) -> (status: Int32, produced: Int) {
    let available = pending.count - consumed
    let capacity = output.count
    let status = pending.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress.map { $0 + consumed }
        stream.avail_in = UInt32(available)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(capacity)
        return CZlib.inflate(&stream, Z_NO_FLUSH)
      }
    }
    consumed = pending.count - Int(stream.avail_in)
    return (status, capacity - Int(stream.avail_out))
  }

  /// At the end of a stream: goes on with another member, or checks that nothing follows.
  private func finish() throws(FormatError) {
    if consumed == pending.count {
      pending = Array(try input.some(1 << 18))
      consumed = 0
    }
    if pending.isEmpty {
      isDone = true
    } else if case .gzip = compression, pending[consumed] == 0x1f {
      inflateReset(&stream)
    } else if case .gzip = compression, try isPadding() {
      isDone = true
    } else {
      throw input.problem("expected the end after the compressed data, found more.")
    }
  }
}

extension Inflater {
  /// True if zeros are all that is left, as tapes and some tools leave them.
  private func isPadding() throws(FormatError) -> Bool {
    while !pending.isEmpty {
      guard pending[consumed...].allSatisfy({ $0 == 0 }) else { return false }
      pending = Array(try input.some(1 << 18))
      consumed = 0
    }
    return true
  }
}

extension ByteReader {
  /// A reader of what these bytes decompress to.
  ///
  /// - Parameters:
  ///   - compression: Their wrapping.
  ///   - limit: The most bytes that may come out.
  func decompressed(_ compression: Compression, limit: Int) throws(FormatError) -> ByteReader {
    let inflater = try Inflater(self, compression, limit: limit)
    return ByteReader(file: "\(file) (decompressed)") { () throws(FormatError) in
      try inflater.next()
    }
  }
}

/// The checksum of archives.
func crc32(_ bytes: ArraySlice<UInt8>, from start: UInt = 0) -> UInt {
  bytes.withUnsafeBufferPointer { CZlib.crc32(start, $0.baseAddress, UInt32($0.count)) }
}
