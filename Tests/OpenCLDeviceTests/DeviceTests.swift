import COpenCL
import Compute
import Conformance
import Foundation
import Kernels
import Testing

@testable import OpenCLDevice

@Suite struct SelectionTests {
  private func device(
    _ index: Int, _ name: String, _ kind: DeviceDescription.Kind, sharesHostMemory: Bool = false,
    problem: String? = nil
  ) throws -> DeviceDescription {
    let real = try DeviceList.find(.automatic)
    return DeviceDescription(
      index: index, name: name, platform: "test", platformVersion: "1", kind: kind,
      version: "OpenCL 1.2", driver: "1",
      computeUnits: 4, memoryBytes: 1 << 30, largestAllocationBytes: 1 << 28,
      localMemoryBytes: 32 << 10, largestWorkGroup: 256,
      sharesHostMemory: sharesHostMemory, problem: problem, handle: real.handle)
  }

  @Test func devicesAreChosenByIndexNameOrKind() throws {
    let devices = [
      try device(0, "Slow CPU", .cpu), try device(1, "Fast GPU A", .gpu),
      try device(2, "Fast GPU B", .gpu),
    ]
    #expect(try DeviceList.choose(.automatic, from: devices).index == 1)
    #expect(try DeviceList.choose(.index(2), from: devices).index == 2)
    #expect(try DeviceList.choose(.name("slow"), from: devices).index == 0)
    #expect(try DeviceList.choose(.name("gpu b"), from: devices).index == 2)
    #expect(try DeviceList.choose(.automatic, from: [devices[0]]).index == 0)
    let summaries = devices.map(\.summary)
    #expect(
      try DeviceList.choose(.index(4090), from: devices + [device(3, "RTX 4090", .gpu)]).index == 3)
    #expect(throws: DeviceError.noSuchDevice(asked: "3", available: summaries)) {
      try DeviceList.choose(.index(3), from: devices)
    }
    #expect(throws: DeviceError.noSuchDevice(asked: "nvidia", available: summaries)) {
      try DeviceList.choose(.name("nvidia"), from: devices)
    }
    #expect(
      throws: DeviceError.ambiguousDevice(asked: "fast", matches: Array(summaries.dropFirst()))
    ) {
      try DeviceList.choose(.name("fast"), from: devices)
    }
  }

  @Test func memoryOfItsOwnComesFirst() throws {
    let cpu = try device(0, "CPU", .cpu, sharesHostMemory: true)
    let integrated = try device(1, "Integrated", .gpu, sharesHostMemory: true)
    let discrete = try device(2, "Discrete", .gpu)
    let lost = try device(3, "Lost", .gpu, problem: "lost")
    #expect(try DeviceList.choose(.automatic, from: [cpu, integrated, discrete]).index == 2)
    #expect(try DeviceList.choose(.automatic, from: [cpu, integrated, lost]).index == 1)
  }

  /// What results depend on is asked; drivers write versions as they like.
  @Test func driversThatCannotServeSayWhy() {
    func problem(_ versions: String...) -> String? { DeviceList.problem(versions: versions) }
    #expect(problem("OpenCL 1.2 PoCL", "OpenCL C 1.2 ") == nil)
    #expect(problem("OpenCL 3.0", "OpenCL C 1.2") == nil && problem("OpenCL 10.0") == nil)
    #expect(problem("OpenCL 1.1 Mesa", "OpenCL C 1.1")?.contains("offers OpenCL 1.1 Mesa") == true)
    #expect(problem("OpenCL 1.2", "OpenCL C 1.1")?.contains("offers OpenCL C 1.1,") == true)
    #expect(problem("", "nonsense") == nil)
    #expect(DeviceList.problem(profile: "EMBEDDED_PROFILE")?.contains("embedded") == true)
    #expect(DeviceList.problem(isLittleEndian: false)?.contains("big-endian") == true)
  }

  /// What cannot be used is passed over, and where nothing is left each device has its reason.
  @Test func devicesThatCannotBeUsedSayWhy() throws {
    let absent = DeviceList.problem(isAvailable: false, hasCompiler: true)
    let bare = DeviceList.problem(isAvailable: true, hasCompiler: false)
    #expect(DeviceList.problem(isAvailable: true, hasCompiler: true) == nil)
    let devices = [
      try device(0, "Lost GPU", .gpu, problem: absent),
      try device(1, "Bare CPU", .cpu, problem: bare),
    ]
    #expect(
      try DeviceList.choose(.automatic, from: devices + [device(2, "CPU", .cpu)]).index == 2)
    // A platform without a device is no missing platform.
    #expect(throws: DeviceError.noPlatform) { try DeviceList.choose(.automatic, from: []) }
    let reasons = ["Portable: it has no device."]
    #expect(throws: DeviceError.noUsableDevice(reasons: reasons)) {
      try DeviceList.choose(.index(0), from: [], besides: reasons)
    }
    let error = #expect(throws: DeviceError.self) {
      try DeviceList.choose(.automatic, from: devices)
    }
    let lines = try #require(error).description.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(
      lines[1].hasPrefix("  0: Lost GPU (GPU, test): its driver says that it is not available."))
    #expect(lines[2].hasPrefix("  1: Bare CPU (CPU, test): its driver has no compiler"))
    #expect(lines[3].contains("--backend cpu"))
  }

  @Test func selectionsAreReadAsUsersWriteThem() {
    #expect(DeviceSelection("1") == .index(1))
    #expect(DeviceSelection("radeon") == .name("radeon"))
  }

  @Test func tuningFitsTheDevice() throws {
    var small = try device(0, "Tiny GPU", .gpu)
    #expect(Tuning.choose(for: small).schedule == .tiles)
    #expect(Tuning.choose(for: small).tile == 64)
    small = DeviceDescription(
      index: 0, name: "Tiny", platform: "test", platformVersion: "1", kind: .gpu, version: "",
      driver: "",
      computeUnits: 1, memoryBytes: 1 << 20, largestAllocationBytes: 1 << 20,
      localMemoryBytes: 8 << 10, largestWorkGroup: 64,
      sharesHostMemory: false, problem: nil, handle: small.handle)
    let tuning = Tuning.choose(for: small)
    #expect(tuning.fits(small) && tuning.tile == 16)
    #expect(Tuning.choose(for: try device(0, "CPU", .cpu)).schedule == .panels)
    // What compiled kernels are too large for gives way to the next.
    let choices = Tuning.choices(for: try device(0, "GPU", .gpu), store: nil)
    #expect(choices.note == nil && choices.tunings.map(\.productGroup) == [256, 64, 1])
  }
}

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

@Suite struct MemoryTests {
  @Test func tooMuchMemorySaysWhatThereIs() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let huge = Tensor("huge", .matrix(rows: 1 << 30, columns: 1 << 12), .state)
    do throws(DeviceError) {
      _ = try device.allocate([huge])
      Issue.record("16 TiB were allocated")
    } catch {
      guard case .insufficientMemory(_, _, let asked, let available) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(asked >= 4 << 42 && available > 0 && available < asked)
      #expect(error.description.contains("16777216 MiB"))
    }
  }

  /// What fits one by one need not fit together, and what is released can be had again.
  @Test func memoryIsCountedInAll() throws {
    let budget = MemoryBudget()
    let description = try DeviceList.find(.automatic)
    let most = description.largestAllocationBytes
    var taken = 0
    while budget.left(of: description) >= most {
      try budget.take(most, of: description, for: "a part")
      taken += 1
    }
    #expect(taken >= 1)
    #expect(throws: DeviceError.self) {
      try budget.take(most, of: description, for: "one part too many")
    }
    budget.giveBack(most)
    try budget.take(most, of: description, for: "the part again")
  }

  @Test func memoriesStayWithTheirDevice() throws {
    let first = try OpenCLDevice.open()
    defer { first.close() }
    let second = try OpenCLDevice.open()
    defer { second.close() }
    var builder = ProgramBuilder("sum")
    try builder.append(
      .sum(
        Sum(input: Tensor("x", .vector(3), .input), output: Tensor("y", .vector(1), .output))))
    let memory = try first.allocate([])
    #expect(throws: DeviceError.foreignMemory(device: second.name)) {
      try second.compile(builder.build(), on: memory)
    }
  }

  @Test(arguments: Schedule.allCases) func layoutsRoundTrip(schedule: Schedule) throws {
    let device = try OpenCLDevice.open(schedule: schedule)
    defer { device.close() }
    let tensors = [
      Tensor("p", .matrix(rows: 19, columns: 37), .parameter), Tensor("b", .vector(21), .parameter),
      Tensor("s", .matrix(rows: 5, columns: 33), .state), Tensor("v", .vector(3), .state),
    ]
    let memory = try device.allocate(tensors, protection: .guarded)
    for (index, tensor) in tensors.enumerated() {
      let values = (0..<tensor.shape.count).map { Float($0 + 1000 * index) }
      try memory.upload(values, to: tensor)
      #expect(try memory.floats(tensor) == values)
    }
    let moment = tensors[0].counterpart(.secondMoment)
    try memory.upload(Array(repeating: 1, count: 19 * 37), to: moment)
    #expect(try memory.floats(moment).allSatisfy { $0 == 1 })
    #expect(try memory.damage() == [])
  }

  /// Guards notice a write past the end of a tensor.
  @Test func guardsNoticeStrayWrites() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let memory = try device.allocate(
      [Tensor("s", .vector(3), .state)], protection: .guarded)
    let opencl = try #require(memory as? OpenCLMemory)
    try opencl.arena(.states).fill(19..<20, with: 0)
    #expect(try memory.damage().count == 1)
  }
}
