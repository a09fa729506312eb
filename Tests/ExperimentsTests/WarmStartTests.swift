import Artifacts
import Compute
import Experiments
import Files
import Foundation
import IWAE
import ReferenceDevice
import Testing

/// New runs that begin with parameters of a file.
@Suite struct WarmStartTests {
  private let scene = SmallRun()
  private let path = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-init-\(UUID()).safetensors").path

  private func end() {
    scene.end()
    try? FileManager.default.removeItem(atPath: path)
  }

  private func run(
    passes: Int = 0, in folder: RunFolder? = nil,
    _ change: (inout RunConfiguration) -> Void = { _ in }
  ) throws -> Run {
    var (configuration, images) = try scene.configuration(passes: passes)
    configuration.initial = path
    change(&configuration)
    return try Run(configuration, in: folder ?? scene.folder, images: images)
  }

  private func write(_ entries: [String: Safetensors.Entry]) throws {
    try Files.write(Safetensors(entries: entries).data, to: path)
  }

  private func entry(_ shape: [Int], _ start: Float = 0.25) -> Safetensors.Entry {
    let count = shape.reduce(1, *)
    return .init(shape: shape, values: .float32((0..<count).map { start + Float($0) / 64 }))
  }

  private func refusal(_ change: (inout RunConfiguration) -> Void = { _ in }) -> String {
    do {
      _ = try run(change)
      return "nothing was refused"
    } catch {
      return "\(error)"
    }
  }

  /// What a checkpoint of another program has may be a part, of another type, and lie beside more.
  @Test func whatFitsIsTaken() throws {
    defer { end() }
    let model = try scene.configuration().0.model
    let first = try #require(model.parameters.first)
    #expect(first.name == "encoder.0.hidden.0.weight")
    var double = entry(first.shape.dimensions)
    double.values = .float64(double.values.doubles)
    try write([
      first.name: double, "encoder.0.hidden.0.bias": entry([7]),
      "decoder.0.hidden.0.bias": entry([6], -1), "classifier.weight": entry([3, 3]),
    ])
    let run = try run { ($0.ema, $0.schedule) = (0.9, .constant) }
    let start = try #require(run.warmStart)
    #expect(
      Set(start.parameters.keys.map(\.name)) == [first.name, "decoder.0.hidden.0.bias"])
    #expect(start.misfits.map(\.name) == ["encoder.0.hidden.0.bias"])
    #expect(start.misfits[0].expected == [6] && start.misfits[0].found == [7])
    #expect(start.missing.count == model.parameters.count - 3)
    let notes = start.notes.joined(separator: "\n")
    #expect(notes.contains("2 of \(model.parameters.count) parameters begin as those of '\(path)'"))
    #expect(notes.contains("not found there: encoder.0.mean.weight"))
    #expect(notes.contains("encoder.0.hidden.0.bias, expected [6], found [7]"))

    _ = try run.train(on: ReferenceDevice())
    let trained = try Checkpoint(at: scene.folder.checkpoint)
    let fresh = model.initialParameters(seed: 0)
    for parameter in model.parameters {
      let taken = start.parameters[parameter]
      if let taken {
        #expect(trained.parameters[parameter] == taken && taken != fresh[parameter])
      }
      // Moments are not taken, and averages begin with what is.
      let moments = trained.extras["optimizer.first_moment.\(parameter.name)"]
      #expect(moments?.allSatisfy { $0 == 0 } == true)
      #expect(
        trained.extras["optimizer.average.\(parameter.name)"] == trained.parameters[parameter])
    }
    let stored = try RunConfiguration(file: scene.folder.configuration)
    #expect(stored.initial == path && stored.origin?.path == path)
    #expect(stored.origin?.parameters == ["decoder.0.hidden.0.bias", first.name])
    #expect(stored.origin?.digest == start.digest && start.digest.count == 64)
  }

  /// Parameters of half the width, or of twice, are taken as float32.
  @Test(arguments: ["F16", "BF16", "F64"]) func otherWidthsAreTaken(type: String) throws {
    defer { end() }
    // -1.5, 0.25, 2, 0, 1 and -0.5 in each of the types.
    let numbers: [Double] = [-1.5, 0.25, 2, 0, 1, -0.5]
    let bits: [UInt64] =
      switch type {
      case "F16": [0xbe00, 0x3400, 0x4000, 0, 0x3c00, 0xb800]
      case "BF16": [0xbfc0, 0x3e80, 0x4000, 0, 0x3f80, 0xbf00]
      default: numbers.map(\.bitPattern)
      }
    let width = type == "F64" ? 8 : 2
    let header = Data(
      #"{"encoder.0.hidden.0.bias":{"dtype":"\#(type)","shape":[6],"data_offsets":[0,\#(6 * width)]}}"#
        .utf8)
    var file = Data([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0]) + header
    for number in bits {
      for byte in 0..<width { file.append(UInt8(number >> (8 * UInt64(byte)) & 255)) }
    }
    try Files.write(file, to: path)
    let start = try #require(try run().warmStart)
    #expect(start.parameters.count == 1)
    #expect(start.parameters.values.first == numbers.map { Float($0) })
    // An infinity is one in any of them.
    let infinity: [UInt8] =
      type == "F64" ? [0, 0, 0, 0, 0, 0, 0xf0, 0x7f] : type == "F16" ? [0, 0x7c] : [0x80, 0x7f]
    try Files.write(file.dropLast(width) + infinity, to: path)
    #expect(refusal().contains("'encoder.0.hidden.0.bias': element 5 is inf"))
  }

  /// A run's own checkpoint, or its folder, and nothing of the optimizer's.
  @Test func aRunBeginsWhereAnotherEnded() throws {
    defer { end() }
    let other = RunFolder(scene.folder.path + "-other")
    defer { try? FileManager.default.removeItem(atPath: other.path) }
    _ = try run(passes: 2) { ($0.initial, $0.ema) = ("", 0.9) }.train(on: ReferenceDevice())
    let newest = try Checkpoint(at: scene.folder.checkpoint)
    let stored = try StoredModel(scene.folder.path)
    #expect(stored.parameters != newest.parameters)
    for (path, parameters) in [
      (scene.folder.checkpoint, newest.parameters), (scene.folder.path, stored.parameters),
    ] {
      let next = try run(in: other) { $0.initial = path }
      #expect(next.warmStart?.parameters == parameters)
      #expect(next.warmStart?.missing == [] && next.warmStart?.notes.count == 1)
      _ = try next.train(on: ReferenceDevice())
      let began = try Checkpoint(at: other.checkpoint)
      #expect(
        began.parameters == parameters && began.metadata["progress"]?.contains("\"step\":0") == true
      )
    }
    // It goes on without the file, and remembers where it came from.
    scene.end()
    let images = try scene.configuration().1
    let resumed = try Run(resuming: other, images: images.source) { $0.passes = 1 }
    #expect(resumed.warmStart == nil)
    #expect(try resumed.train(on: ReferenceDevice())?.passes == 1)
    #expect(try RunConfiguration(file: other.configuration).origin?.path == scene.folder.path)
    // A run of the same file: another cannot be its resumption.
    let error = #expect(throws: ConfigurationError.self) {
      try Run(resuming: other, images: images.source) { $0.initial = "" }
    }
    #expect(error?.description.contains("'init' cannot change when a run is resumed") == true)
  }

  @Test func badFilesAreRefusedBeforeAnything() throws {
    defer { end() }
    #expect(refusal().contains(path))
    try write(["encoder.0.hidden.0.bias": entry([6]), "other": entry([2, 2])])
    let whole = try Files.read(path)
    #expect(refusal() == "nothing was refused")
    for length in [0, 7, 8, 40, whole.count - 1] {
      try Files.write(whole.prefix(length), to: path)
      let text = refusal()
      #expect(text.contains(path) && text.contains("expected a header") || text.contains("cut off"))
    }
    try write(["other": entry([2, 2]), "encoder.0.hidden.0.bias": entry([5])])
    #expect(refusal().contains("found 2 tensors, as 'encoder.0.hidden.0.bias' [5], 'other' [2, 2]"))
    #expect(refusal().contains("expected some as 'encoder.0.hidden.0.weight' [6, "))
    try write([:])
    #expect(refusal().contains("found none at all"))
    try write([
      "encoder.0.hidden.0.bias": .init(shape: [6], values: .float32([0, 1, .nan, 3, 4, 5]))
    ])
    #expect(refusal().contains("'encoder.0.hidden.0.bias': element 2 is nan"))
    var file = Safetensors(entries: ["encoder.0.hidden.0.bias": entry([6])])
    file.metadata[Checkpoint.digestKey] = Safetensors().digest
    try Files.write(file.data, to: path)
    #expect(refusal().contains("its tensors are not those that were written"))
    #expect(!FileManager.default.fileExists(atPath: scene.folder.path))
  }
}
