import Compute
import IWAE

/// A device on which something happens after a run of a program.
final class UpsetDevice: Device {
  var ranks: any Ranks = OneProcess()
  let backend = "cpu"
  let name = "upset"
  private let inner: any Device
  fileprivate let omits: (Control) -> Bool
  fileprivate let upset: (Program, Control, any Memory) throws(DeviceError) -> Void

  /// - Parameters:
  ///   - inner: The device that computes.
  ///   - omits: True of steps that are not made.
  ///   - upset: Called after each run.
  init(
    _ inner: any Device, omits: @escaping (Control) -> Bool = { _ in false },
    upset: @escaping (Program, Control, any Memory) throws(DeviceError) -> Void = { _, _, _ in }
  ) {
    (self.inner, self.omits, self.upset) = (inner, omits, upset)
  }

  /// Makes a parameter, or the bound, NaN after the update of each such step.
  convenience init(
    _ inner: any Device, spoils: UpsetTarget, when isSpoilt: @escaping (Control) -> Bool
  ) {
    self.init(
      inner,
      upset: { program, control, memory throws(DeviceError) in
        guard program.isUpdate, isSpoilt(control) else { return }
        let tensor =
          switch spoils {
          case .bound: memory.tensors.first { $0.name == "training.bound" }
          case .parameter: memory.tensors.first { $0.role == .parameter }
          }
        guard let tensor else { return }
        try memory.upload(Array(repeating: .nan, count: tensor.shape.count), to: tensor)
      })
  }

  func allocate(_ tensors: [Tensor], protection: Protection) throws(DeviceError) -> any Memory {
    try inner.allocate(tensors, protection: protection)
  }

  func compile(
    _ program: Program, on memory: any Memory, protection: Protection
  ) throws(DeviceError) -> any Executable {
    Upset(try inner.compile(program, on: memory, protection: protection), memory, self)
  }

  private final class Upset: Executable {
    private let inner: any Executable
    private let memory: any Memory
    private let device: UpsetDevice
    var program: Program { inner.program }

    init(_ inner: any Executable, _ memory: any Memory, _ device: UpsetDevice) {
      (self.inner, self.memory, self.device) = (inner, memory, device)
    }

    func run(_ control: Control) throws(DeviceError) {
      if program.isUpdate && device.omits(control) { return }
      try inner.run(control)
      try device.upset(program, control, memory)
    }

    func finish() throws(DeviceError) { try inner.finish() }
    func poison(_ tensors: [Tensor]) throws(DeviceError) { try inner.poison(tensors) }
    func damage() throws(DeviceError) -> [String] { try inner.damage() }

    func upload(_ values: HostValues, to tensor: Tensor) throws(DeviceError) {
      try inner.upload(values, to: tensor)
    }

    func download(_ tensor: Tensor) throws(DeviceError) -> HostValues {
      try inner.download(tensor)
    }
  }
}

enum UpsetTarget: CaseIterable { case bound, parameter }

extension Program {
  /// True if it moves parameters.
  var isUpdate: Bool {
    operations.contains { if case .adam = $0 { true } else { false } }
  }
}
