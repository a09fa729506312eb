import Compute
import IWAE
import Testing

@testable import OpenCLDevice

#if os(Linux)
  /// What a replay of a compiled program costs beside the driver's own work.
  @Suite struct ReplayTests {
    private final class Box {}

    @Test func allocationsAreCounted() throws {
      var boxes: [Box] = []
      let count = AllocationCount.during { for _ in 0..<10 { boxes.append(Box()) } }
      #expect(try #require(count) >= boxes.count && boxes.count == 10)
    }

    /// Training steps, whole and divided, which update parameters and refresh second copies.
    @Test(
      .enabled(if: !_isDebugAssertConfiguration(), "unoptimised code allocates"),
      arguments: Schedule.allCases)
    func stepsAllocateNothing(schedule: Schedule) throws {
      let device = try OpenCLDevice.open(schedule: schedule)
      defer { device.close() }
      let model = Model(
        dataSize: 20, encoder: [.init(hidden: [17], latent: 3)], decoder: [.init(hidden: [17])])
      let source = Tensor("data", .matrix(rows: 4, columns: 20), .resident, element: .uint8)
      let order = Tensor("order", .vector(4), .resident, element: .uint32)
      var configuration = StepConfiguration(
        batchSize: 4, samples: 5, objective: .iwae,
        source: .resident(source: source, order: order, scale: 1, binarization: .none),
        optimizer: Adam())
      for (division, drawn) in [
        (StepPrograms.Division.whole, nil), (.images(2), nil), (.drawn(2), 2),
      ] {
        configuration.backwardSamples = drawn
        let programs = try StepPrograms(model, configuration, division, device)
        let memory = try device.allocate(model.parameters + [source, order] + programs.states)
        let runner = try StepRunner(programs, on: memory, device: device)
        for _ in 0..<3 { try runner.run(Control()) }
        try runner.finish()
        let count = try AllocationCount.during {
          for _ in 0..<200 { try runner.run(Control()) }
        }
        try runner.finish()
        #expect(try #require(count) == 0, "\(division)")
      }
    }
  }
#endif
