#if os(Linux)
  import Foundation

  /// Counts what Swift allocates on one thread: objects, arrays, closures, boxes and buffers all come from
  /// the `malloc` that Swift's runtime calls, through an entry of its library's table that is replaced
  /// meanwhile. What a driver allocates for itself goes by a table of its own.
  enum AllocationCount {
    fileprivate typealias Allocator = @convention(c) (Int) -> UnsafeMutableRawPointer?

    /// The allocations on this thread while something runs; nil where they cannot be counted.
    static func during(_ body: () throws -> Void) rethrows -> Int? {
      guard let library = LoadedLibrary("libswiftCore.so"),
        let entry = library.entry(of: "malloc")
      else { return nil }
      let page = Int(getpagesize())
      let start = UnsafeMutableRawPointer(
        bitPattern: UInt(bitPattern: entry) / UInt(page) * UInt(page))
      guard mprotect(start, page, PROT_READ | PROT_WRITE) == 0 else { return nil }
      let place = entry.assumingMemoryBound(to: Allocator.self)
      original = place.pointee
      (thread, count) = (pthread_self(), 0)
      place.pointee = countingAllocator
      defer { place.pointee = original }
      try body()
      return count
    }
  }

  // Only the thread that is watched counts.
  nonisolated(unsafe) private var original: AllocationCount.Allocator = { _ in nil }
  nonisolated(unsafe) private var thread = pthread_self()
  nonisolated(unsafe) private var count = 0

  private let countingAllocator: AllocationCount.Allocator = { size in
    if pthread_equal(pthread_self(), thread) != 0 { count += 1 }
    return original(size)
  }

  /// A shared library in memory, in the 64-bit ELF format.
  private struct LoadedLibrary {
    private let base: UnsafeMutableRawPointer
    /// The words of the dynamic section by their tags.
    private var dynamic: [Int: Int] = [:]

    init?(_ name: String) {
      let file = FileHandle(forReadingAtPath: "/proc/self/maps")
      let maps = String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self)
      // The first line of a library is where it begins.
      let line = maps.split(separator: "\n").first { $0.hasSuffix("/\(name)") }
      guard let start = line?.prefix(while: { $0 != "-" }), let address = UInt(start, radix: 16),
        let base = UnsafeMutableRawPointer(bitPattern: address)
      else { return nil }
      self.base = base
      let headers = base.load(fromByteOffset: 32, as: Int.self)
      let size = Int(base.load(fromByteOffset: 54, as: UInt16.self))
      for index in 0..<Int(base.load(fromByteOffset: 56, as: UInt16.self)) {
        let header = base + headers + index * size
        let isDynamic = header.load(as: UInt32.self) == 2
        guard isDynamic else { continue }
        var next = base + header.load(fromByteOffset: 16, as: Int.self)
        while next.load(as: Int.self) != 0 {
          dynamic[next.load(as: Int.self)] = next.load(fromByteOffset: 8, as: Int.self)
          next += 16
        }
      }
    }

    /// Where the library keeps the address of a function of another.
    func entry(of function: String) -> UnsafeMutableRawPointer? {
      let (strings, symbols) = (dynamic[5], dynamic[6])
      // The table of calls, and that of everything else.
      for (table, size) in [(dynamic[23], dynamic[2]), (dynamic[7], dynamic[8])] {
        guard let strings, let symbols, let table, let size else { continue }
        for offset in stride(from: 0, to: size, by: 24) {
          guard let entry = UnsafeRawPointer(bitPattern: table + offset) else { continue }
          let symbol = Int(entry.load(fromByteOffset: 12, as: UInt32.self))
          guard symbol != 0, let record = UnsafeRawPointer(bitPattern: symbols + symbol * 24),
            let name = UnsafePointer<CChar>(
              bitPattern: strings + Int(record.load(as: UInt32.self)))
          else { continue }
          if strcmp(name, function) == 0 { return base + entry.load(as: Int.self) }
        }
      }
      return nil
    }
  }
#endif
