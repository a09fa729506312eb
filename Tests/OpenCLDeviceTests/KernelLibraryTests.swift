import COpenCL
import Compute
import Conformance
import Files
import Foundation
import Kernels
import Testing

@testable import OpenCLDevice

@Suite struct KernelLibraryTests {
  private func folder() -> URL {
    FileManager.default.temporaryDirectory.appending(path: "iwae-gpu-test-\(UUID())")
  }

  /// Opens the default device with a cache of its own, runs something small, and closes it if asked to.
  private func runOnce(
    _ cache: BinaryCache, closes: Bool = true
  ) throws -> (device: OpenCLDevice, isCached: Bool) {
    let description = try DeviceList.find(.automatic)
    let device = try OpenCLDevice(
      description, tuning: .choose(for: description), cache: cache)
    defer { if closes { device.close() } }
    let input = Tensor("x", .vector(3), .input)
    let output = Tensor("y", .vector(1), .output)
    var builder = ProgramBuilder("sum")
    try builder.append(.sum(Sum(input: input, output: output)))
    let executable = try device.compile(builder.build(), on: device.allocate([]))
    try executable.upload([1, 2, 4], to: input)
    try executable.run(Control())
    try executable.finish()
    #expect(try executable.floats(output) == [7])
    return (device, device.kernelsAreCached)
  }

  @Test func kernelsAreCachedAndDamageIsRepaired() throws {
    let cache = BinaryCache(folder: folder(), secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    // A device that is not closed leaves nothing behind.
    #expect(try runOnce(cache, closes: false).isCached == false)
    #expect(!FileManager.default.fileExists(atPath: cache.folder.path))
    #expect(try runOnce(cache).isCached == false)
    #expect(try runOnce(cache).isCached)
    let entries = try FileManager.default.contentsOfDirectory(
      at: cache.folder, includingPropertiesForKeys: nil)
    #expect(entries.count == 1)
    let good = try Data(contentsOf: entries[0])
    var flipped = good
    flipped[good.count / 2] ^= 1
    for damaged in [Data(), good.prefix(10), good.prefix(good.count - 1), flipped] {
      try damaged.write(to: entries[0])
      #expect(try runOnce(cache).isCached == false)
      #expect(try runOnce(cache).isCached)
    }
    // An entry that is whole but that the driver does not take.
    let key = entries[0].deletingPathExtension().lastPathComponent
    #expect(cache.store(.init(kernels: ["walk_rows"], binary: Array("not a binary".utf8)), as: key))
    #expect(try runOnce(cache).isCached == false)
  }

  /// What is cached is run: it counts only where it was made with the user's secret, for its key.
  @Test func forgedEntriesAreNotLoaded() throws {
    let cache = BinaryCache(folder: folder(), secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    let entry = BinaryCache.Entry(kernels: ["a"], binary: [1, 2, 3])
    #expect(cache.store(entry, as: "key") && cache.load("key") == entry)
    #expect(BinaryCache(folder: cache.folder, secret: [8]).load("key") == nil)
    try FileManager.default.copyItem(at: cache.file("key"), to: cache.file("other"))
    #expect(cache.load("other") == nil)
    var verdict = Verdict()
    verdict.passed = ["sum"]
    cache.store(verdict, as: "key")
    #expect(cache.verdict("key") == verdict)
    #expect(BinaryCache(folder: cache.folder, secret: [8]).verdict("key") == Verdict())
    let text = try String(contentsOf: cache.verdictFile("key"), encoding: .utf8)
    try Data(text.replacing("sum", with: "map").utf8).write(to: cache.verdictFile("key"))
    #expect(cache.verdict("key") == Verdict())
    // Where others may write, nothing is believed; the next who stores closes the folder to them.
    chmod(cache.folder.path, 0o777)
    #expect(cache.load("key") == nil)
    #expect(cache.store(entry, as: "key") && cache.load("key") == entry)
  }

  /// Where all kernels are known nothing is written any more, and what a killed process left goes all the same.
  @Test func leftoversGoWhereKernelsAreLookedFor() throws {
    let cache = BinaryCache(folder: folder(), secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    try PrivateFolder.make(cache.folder.path)
    let left = cache.folder.appending(path: ".iwae-gpu.1.2.tmp")
    try Data("half".utf8).write(to: left)
    #expect(cache.load("key") == nil)
    #expect(!FileManager.default.fileExists(atPath: left.path))
  }

  /// Somebody else may have prepared a folder that is to be the user's: nothing in it is believed.
  @Test(.enabled(if: geteuid() == 0, "Only the superuser gives folders away."))
  func aFolderOfSomebodyElsesIsNotUsed() throws {
    let cache = BinaryCache(folder: folder(), secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    let entry = BinaryCache.Entry(kernels: ["a"], binary: [1, 2, 3])
    var verdict = Verdict()
    verdict.passed = ["sum"]
    cache.store(verdict, as: "key")
    #expect(cache.store(entry, as: "key") && cache.load("key") == entry)
    #expect(cache.verdict("key") == verdict)
    try #require(chown(cache.folder.path, 65534, 65534) == 0)
    #expect(cache.load("key") == nil && cache.verdict("key") == Verdict())
    #expect(!cache.store(entry, as: "key"))
    // Kernels are compiled all the same.
    #expect(try runOnce(cache).isCached == false)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.folder.path).count == 2)
  }

  /// PoCL ends the process where one of its threads has no processor.
  @Test func threadsAreKeptInPlaceWhereThePlacesAreOurs() {
    #expect(DeviceList.keepsThreadsInPlace([:], active: 4, all: 4))
    #expect(!DeviceList.keepsThreadsInPlace([:], active: 2, all: 4))
    for name in ["POCL_MAX_PTHREAD_COUNT", "POCL_CPU_MAX_CU_COUNT"] {
      #expect(!DeviceList.keepsThreadsInPlace([name: "9"], active: 4, all: 4))
    }
  }

  #if os(Linux)
    /// A driver keeps much for each command that waits: few do, however much is asked for.
    @Test func fewCommandsWait() throws {
      let device = try OpenCLDevice.open()
      defer { device.close() }
      let (input, output) = (Tensor("x", .vector(3), .input), Tensor("y", .vector(1), .output))
      var builder = ProgramBuilder("sum")
      try builder.append(.sum(Sum(input: input, output: output)))
      let executable = try device.compile(builder.build(), on: device.allocate([]))
      func grown(by runs: Int) throws -> Int {
        let before = residentBytes()
        for _ in 0..<runs { try executable.run(Control()) }
        return residentBytes() - before
      }
      _ = try grown(by: 2_000)
      #expect(try grown(by: 30_000) < 64 << 20)
      try executable.finish()
    }

    private func residentBytes() -> Int {
      let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
      return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }
  #endif

  /// A process that ran some kernels leaves them cached; one that ran others adds its own.
  @Test func theCacheGrowsWithWhatHasRun() throws {
    let cache = BinaryCache(folder: folder(), secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    let description = try DeviceList.find(.automatic)
    func kernels() throws -> Set<String> {
      let files = try FileManager.default.contentsOfDirectory(
        at: cache.folder, includingPropertiesForKeys: nil)
      #expect(files.count == 1)
      return try #require(cache.load(files[0].deletingPathExtension().lastPathComponent)).kernels
    }
    func run(_ filter: String) throws {
      let tuning = Tuning.choose(for: description, schedule: .tiles)
      let device = try OpenCLDevice(description, tuning: tuning, cache: cache)
      defer { device.close() }
      let cases = CaseTable.all().filter { $0.name.hasPrefix(filter) }.prefix(1)
      #expect(CaseRunner(device).run(Array(cases)).passes)
    }
    try run("multiply(")
    #expect(try kernels() == ["multiply_forward"])
    try run("multiplyTransposed(")
    #expect(try kernels() == ["multiply_forward", "multiply_transposed"])
  }

  /// Two processes that fill one cache at the same time.
  @Test func twoProcessesShareACache() throws {
    let cache = BinaryCache(folder: folder(), secret: [7])
    defer { try? FileManager.default.removeItem(at: cache.folder) }
    let entry = BinaryCache.Entry(
      kernels: ["a"], binary: (0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
    // Writers replace an entry while a reader reads: it finds all of it or nothing.
    DispatchQueue.concurrentPerform(iterations: 4) { worker in
      for _ in 0..<50 {
        if worker % 2 == 0 {
          #expect(cache.store(entry, as: "key"))
        } else if let found = cache.load("key") {
          #expect(found == entry)
        }
      }
    }
    #expect(cache.load("key") == entry)
  }

  @Test func aCacheThatCannotBeWrittenDoesNoHarm() throws {
    let file = folder()
    try Data("in the way".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(try runOnce(BinaryCache(folder: file, secret: [7])).isCached == false)
  }

  @Test func keysDependOnEveryPart() {
    let keys = [["a", "b"], ["ab", ""], ["a", "b", ""], ["b", "a"], ["a"]].map(BinaryCache.key)
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { $0.count == 64 })
  }

  @Test func kernelsThatDoNotCompileShowTheirLogAndDefines() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    do throws(DeviceError) {
      _ = try KernelLibrary(
        "__kernel void broken(__global float *x) { x[0] = undeclared_name; }",
        context: device.context, device: device.description, tuning: device.tuning, cache: nil)
      Issue.record("a broken kernel compiled")
    } catch {
      #expect(error.description.contains("undeclared_name"))
      #expect(error.description.contains(device.name))
      #expect(error.description.contains("-DPANELS") || error.description.contains("-DTILES"))
    }
  }

  @Test func everyKernelFileIsInTheCatalog() {
    let files: [KernelModule.File] = [.walk, .sums, .tiles]
    let operations = Compute.Operation.Family.allCases.map { "#include \"\($0.kernelName).cl\"" }
    let sources = files.map {
      KernelCatalog.source(of: $0.name, replacing: ["OPERATIONS": operations])
    }
    for source in sources { #expect(!source.contains("#include")) }
    for family in Compute.Operation.Family.allCases where family != .map {
      let function = "run_\(family.kernelName)("
      let isThere = sources.contains { $0.contains(function) }
      #expect(isThere, "\(function)")
    }
  }
}
