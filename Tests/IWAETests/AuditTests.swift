import Compute
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// A device that is wrong while it trains is found out.
@Suite struct AuditTests {
  private let model = Model(
    dataSize: 6, encoder: [.init(hidden: [4], latent: 2)], decoder: [.init(hidden: [4])])
  private let images = ImageSet(
    name: "levels", values: .bytes((0..<240).map { UInt8($0 * 37 % 251) }), width: 6)

  private func trained(
    _ model: Model? = nil, _ objective: Objective = .iwae, images: ImageSet? = nil,
    interval: Int = 5, on device: any Device,
    change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> Trainer {
    var configuration = TrainingConfiguration(
      objective: objective, samples: 6, batchSize: 4, passes: 2, seed: 8)
    configuration.auditInterval = interval
    change(&configuration)
    let trainer = try Trainer(
      model ?? self.model, configuration, images: images ?? self.images, device: device,
      reference: ReferenceDevice())
    while !trainer.isDone { _ = try trainer.finishPass() }
    return trainer
  }

  /// Audits change nothing, and right devices pass: every objective, in parts too.
  @Test func rightDevicesPass() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    for objective in Objective.names.compactMap({ Objective($0) }) {
      let audited = try trained(nil, objective, on: device)
      let plain = try trained(nil, objective, interval: 0, on: device)
      #expect(try audited.state() == plain.state(), "\(objective.name)")
    }
    let streamed = try trained(on: device) { $0.memoryLimit = 20_000 }
    #expect(streamed.programs.division != .whole)
  }

  /// Labels, missing values, and both ways of making bits of grey levels.
  @Test func everyKindOfDataPasses() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    var conditional = model
    conditional.condition = 3
    let labelled = images.labelled((0..<40).map { $0 % 3 })
    _ = try trained(conditional, images: labelled, on: device)
    let mask = ImageSet(
      name: "mask", values: .bytes((0..<240).map { UInt8($0 % 4 == 1 ? 0 : 1) }), width: 6)
    _ = try trained(images: images.masked(by: mask), on: device)
    _ = try trained(on: device) { $0.binarization = .threshold }
    _ = try trained(on: device) { $0.shuffles = false }
    _ = try trained(interval: 1, on: device) { $0.batchSize = 1 }
    _ = try trained(images: images.subset(0..<1), interval: 1, on: device)
  }

  @Test func wrongDataAreFound() throws {
    let device = UpsetDevice(
      ReferenceDevice(),
      upset: { _, control, memory throws(DeviceError) in
        guard control.step == 12,
          let tensor = memory.tensors.first(where: { $0.name == "training.images" }),
          case .bytes(var bytes) = try memory.download(tensor)
        else { return }
        bytes[100] ^= 4
        try memory.upload(.bytes(bytes), to: tensor)
      })
    let error = #expect(throws: TrainingError.self) { try trained(on: device) }
    guard case .auditFailed(15, 10, let what) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(what.contains("images"))
  }

  /// Where nothing depends on the encoder its gradient is all rounding, which is no fault.
  @Test func whatCancelsIsNoFault() throws {
    let device = try OpenCLDevice.open()
    defer { device.close() }
    let images = ImageSet(
      name: "alike", values: .bytes(Array(repeating: 1, count: 240)), width: 6)
    let trainer = try trained(.none, .elbo(freeBits: 0), images: images, interval: 3, on: device) {
      ($0.passes, $0.schedule) = (200, .constant(rate: 0.05))
    }
    #expect(trainer.progress.step == 2000)
  }

  @Test(arguments: ["order", "labels"]) func wrongOrdersAndLabelsAreFound(what: String) throws {
    let device = UpsetDevice(
      ReferenceDevice(),
      upset: { _, control, memory throws(DeviceError) in
        guard control.step == 12,
          let tensor = memory.tensors.first(where: { $0.name == "training.\(what)" })
        else { return }
        switch try memory.download(tensor) {
        case .words(var words):
          words[30] = words[31]
          try memory.upload(.words(words), to: tensor)
        case .bytes(var bytes):
          bytes[50] ^= 1
          try memory.upload(.bytes(bytes), to: tensor)
        case .floats: return
        }
      })
    var conditional = model
    conditional.condition = 3
    let labelled = images.labelled((0..<40).map { $0 % 3 })
    let error = #expect(throws: TrainingError.self) {
      try trained(conditional, images: labelled, on: device)
    }
    #expect("\(error!)".contains("the \(what) "), "\(error!)")
  }

  @Test func wrongGradientsAreFound() throws {
    let device = UpsetDevice(
      ReferenceDevice(),
      upset: { program, control, memory throws(DeviceError) in
        guard control.step >= 9,
          let tensor = memory.tensors.first(where: { $0.name.hasSuffix("mean.weight") })
        else { return }
        var gradient = try memory.floats(tensor.counterpart(.gradient))
        gradient[1] += 1
        try memory.upload(gradient, to: tensor.counterpart(.gradient))
      })
    let error = #expect(throws: TrainingError.self) { try trained(on: device) }
    guard case .auditFailed(10, 5, let what) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(what.contains("mean.weight"))
    #expect("\(error!)".contains("All agreed after step 5"))
  }
}
