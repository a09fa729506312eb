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
    vectorWidth: Int = 16, problem: String? = nil
  ) throws -> DeviceDescription {
    let real = try DeviceList.find(.automatic)
    return DeviceDescription(
      index: index, name: name, platform: "test", platformVersion: "1", kind: kind,
      version: "OpenCL 1.2", driver: "1",
      computeUnits: 4, memoryBytes: 1 << 30, largestAllocationBytes: 1 << 28,
      localMemoryBytes: 32 << 10, largestWorkGroup: 256, vectorWidth: vectorWidth,
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

  /// Processes of a machine: GPUs with memory of their own serve one after the other, then others; the first
  /// CPU serves all.
  @Test func processesTakeDevicesInTurn() throws {
    let cpus = try [device(0, "CPU", .cpu), device(1, "CPU of another driver", .cpu)]
    let shared = try [2, 3].map { try device($0, "Integrated", .gpu, sharesHostMemory: true) }
    let lost = try device(4, "Lost", .gpu, problem: "lost")
    let discrete = try [5, 6].map { try device($0, "Discrete", .gpu) }
    func turns(_ devices: [DeviceDescription]) throws -> [Int] {
      try (0..<3).map { try DeviceList.choose(.turn($0), from: devices).index }
    }
    #expect(try turns(cpus + shared + [lost] + discrete) == [5, 6, 5])
    #expect(try turns(cpus + shared + [lost]) == [2, 3, 2])
    #expect(try turns(cpus + [lost]) == [0, 0, 0])
  }

  /// A name that several devices have chooses among them, each for one process; one driver's, if two show
  /// them.
  @Test func processesTakeDevicesOfANameInTurn() throws {
    let cpu = try device(0, "CPU", .cpu)
    let discrete = try [1, 2].map { try device($0, "Discrete", .gpu) }
    let lost = try device(3, "Discrete", .gpu, problem: "lost")
    let devices = [cpu] + discrete + [lost]
    func turns(_ name: String, _ devices: [DeviceDescription]) throws -> [Int] {
      try (0..<3).map { try DeviceList.choose(.turnOfName(name, $0), from: devices).index }
    }
    for name in ["Discrete", "discr"] { #expect(try turns(name, devices) == [1, 2, 1]) }
    #expect(try turns("cpu", devices) == [0, 0, 0])
    #expect(try turns("Discrete", [lost]) == [3, 3, 3])
    // A number is an index, for all, or such a name.
    let cards = try [4, 5].map { try device($0, "RTX 4090", .gpu) }
    for (text, found) in [("4090", [4, 5, 4]), ("1", [1, 1, 1])] {
      let chosen = try (0..<3).map {
        try DeviceList.choose(DeviceSelection(text, turn: $0), from: devices + cards).index
      }
      #expect(chosen == found)
    }
    // Elsewhere the name is part of another.
    let larger = try device(4, "Discrete XL", .gpu)
    #expect(try turns("Discrete", devices + [larger]) == [1, 2, 1])
    #expect(try turns("xl", devices + [larger]) == [4, 4, 4])
    let matches = (discrete + [larger]).map(\.summary)
    #expect(throws: DeviceError.ambiguousDevice(asked: "discr", matches: matches)) {
      try turns("discr", discrete + [larger])
    }
    #expect(throws: DeviceError.noSuchDevice(asked: "no", available: [cpu.summary])) {
      try turns("no", [cpu])
    }
    #expect(DeviceSelection("1", turn: 2) == .index(1, turn: 2))
    #expect(DeviceSelection("radeon", turn: 2) == .turnOfName("radeon", 2))
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
      localMemoryBytes: 8 << 10, largestWorkGroup: 64, vectorWidth: 1,
      sharesHostMemory: false, problem: nil, handle: small.handle)
    let tuning = Tuning.choose(for: small)
    #expect(tuning.fits(small) && tuning.tile == 16)
    #expect(Tuning.choose(for: try device(0, "CPU", .cpu)).schedule == .panels)
    // Of processors, by the registers that a tile of sums is to fill; a driver need not tell them.
    let tiles = try [
      ("EPYC", 16), ("EPYC", 8), ("Xeon, Intel", 16), ("Core, Intel", 8), ("CPU", 0),
    ]
    .map { Tuning.choose(for: try device(0, $0, .cpu, vectorWidth: $1)).registers }
    #expect(tiles == [.wide, .low, .wide, .low, .wide])
    // What compiled kernels are too large for gives way to the next.
    let choices = Tuning.choices(for: try device(0, "GPU", .gpu), store: nil)
    #expect(choices.note == nil && choices.tunings.map(\.productGroup) == [256, 64, 1])
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
