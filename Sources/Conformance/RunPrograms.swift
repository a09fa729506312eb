import Compute
import IWAE
import ReferenceDevice

/// The programs that a run makes a device ready for together.
public struct RunPrograms {
  /// As `run-burda-1-training`.
  public let name: String
  public let programs: [Program]

  /// Runs of Burda et al.'s models, and of one with a richer choice of densities: a training that
  /// validates, and an evaluation.
  public static func all() throws -> [RunPrograms] {
    let models = [
      ("burda-1", Model.burda1(dataSize: 784)), ("burda-2", .burda2(dataSize: 784)),
      ("rich", StepModels.rich(dataSize: 784)),
    ]
    return try models.flatMap { label, model in
      [
        RunPrograms(
          name: "run-\(label)-training",
          programs: try Listener.hear { device, images in
            _ = try Trainer(
              model, TrainingConfiguration(objective: .iwae), images: images, validation: images,
              device: device)
          }),
        RunPrograms(
          name: "run-\(label)-evaluation",
          programs: try Listener.hear { device, images in
            _ = try Evaluator(model, parameters: [:], images: images, device: device)
          }),
      ]
    }
  }
}

/// A device that keeps what it is first made ready for, and computes nothing.
private final class Listener: Device {
  private let device = ReferenceDevice()
  private var programs: [Program]?

  var backend: String { device.backend }
  var name: String { device.name }
  var ranks: any Ranks {
    get { device.ranks }
    set { device.ranks = newValue }
  }

  func prepare(_ programs: [Program], protection: Protection) {
    self.programs = self.programs ?? programs
  }

  func allocate(_ tensors: [Tensor], protection: Protection) throws(DeviceError) -> any Memory {
    try device.allocate(tensors, protection: protection)
  }

  func compile(
    _ program: Program, on memory: any Memory, protection: Protection
  ) throws(DeviceError) -> any Executable {
    try device.compile(program, on: memory, protection: protection)
  }

  /// The programs of work on a batch of images with levels of grey.
  static func hear(_ work: (any Device, ImageSet) throws -> Void) throws -> [Program] {
    let images = ImageSet(
      name: "levels", values: .bytes((0..<20 * 784).map { UInt8($0 % 256) }), width: 784)
    let listener = Listener()
    try work(listener, images)
    return listener.programs ?? []
  }
}
