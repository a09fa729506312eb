import Testing

@testable import Compute

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
}

@Suite struct MemoryTests {
  @Test func tooMuchMemorySaysWhatThereIs() throws {
    let device = try OpenCLDevice.open()
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
    let second = try OpenCLDevice.open()
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
    let memory = try device.allocate(
      [Tensor("s", .vector(3), .state)], protection: .guarded)
    let opencl = try #require(memory as? OpenCLMemory)
    try opencl.arenas[Int(ArenaKind.states.rawValue)].fill(19..<20, with: 0)
    #expect(try memory.damage().count == 1)
  }
}
