import Artifacts
import Commands
import Files
import Foundation
import OpenCLDevice
import Testing

@testable import iwae_gpu

/// The most that a file may take, as the environment says.
@Suite struct LimitCommandTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "iwae-gpu-limit-\(UUID())").path

  /// The program in a process of its own, whose files have such a limit.
  private func program(_ arguments: String..., limit: String) throws -> ChildProcess {
    try program(arguments, limit: limit)
  }

  private func program(_ arguments: [String], limit: String) throws -> ChildProcess {
    let tests = try #require(Bundle.main.executableURL)
    return try ChildProcess(
      tests.deletingLastPathComponent().appending(path: "iwae-gpu"), arguments,
      environment: [Files.limitVariable: limit], limit: 60)
  }

  @Test func everyKindOfFileIsLimited() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let (tensors, graph) = ("\(folder)/w.safetensors", "\(folder)/w.onnx")
    // Of its megabyte, the disk has the header.
    let data = Safetensors(entries: [
      "w": .init(shape: [1 << 18], values: .float32(Array(repeating: 0, count: 1 << 18)))
    ]).data
    try Files.write(data.prefix(data.count - (1 << 20)), to: tensors)
    try #require(truncate(tensors, off_t(data.count)) == 0)
    try Files.write(Data(count: 1200), to: graph)
    func expect(_ child: ChildProcess, _ code: ExitCode, _ words: String) {
      #expect(child.end == .exited(code.rawValue), "\(child.error)")
      #expect(child.error.contains(words), "\(child.error)")
    }
    expect(try program("evaluate", tensors, limit: "1K"), .badInput, "expected at most 1024 bytes")
    // As large as it may be, it is refused for what is in it.
    expect(try program("evaluate", tensors, limit: "2M"), .badInput, "describe the model")
    expect(
      try program("referee", graph, "--decoder", graph, "--data", "linear-gaussian", limit: "1K"),
      .fileAccess, "expected at most 1024 bytes, found 1200")
    expect(
      try program("referee", graph, "--decoder", graph, "--data", "linear-gaussian", limit: "2K"),
      .badInput, "w.onnx")
    expect(try program("devices", limit: "1GB"), .usage, "The value '1GB' of IWAE_GPU_DATA_LIMIT")
  }

  /// A limit that is meant for data keeps nobody from what training saved.
  @Test func whatARunSavedIsReadWhateverTheLimit() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let run = "\(folder)/run"
    let train = [
      "train", "--data", "linear-gaussian", "--layers", "20:3", "-k", "2", "--passes", "1",
      "--test-samples", "5", "--limit", "10",
    ]
    let commands: [[String]] = [
      train + ["--out", run], ["train", "--resume", run, "--passes", "2"],
      train + ["--init", run, "--out", "\(folder)/next"],
      ["evaluate", run, "-k", "5", "--limit", "10"],
      [
        "evaluate", "\(run)/checkpoint.safetensors", "-k", "5", "--limit", "10", "--data",
        "linear-gaussian",
      ],
    ]
    for command in commands {
      let child = try program(command + ["--quiet", "--backend", "cpu"], limit: "1K")
      #expect(child.end == .exited(ExitCode.done.rawValue), "\(command): \(child.error)")
    }
    #expect(try Files.read("\(run)/checkpoint.safetensors").count > 2048)
  }

  /// Nor from what an evaluation kept of each image.
  @Test func resultsOfImagesAreReadWhateverTheLimit() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let paths = ["1", "5"].map { "\(folder)/\($0)" }
    for (samples, path) in zip(["1", "5"], paths) {
      let trained = run(
        "train", "--data", "linear-gaussian", "--layers", "20:3", "-k", samples, "--passes", "1",
        "--test-samples", "5", "--limit", "10", "--out", path, "--quiet")
      #expect(trained.status == .done, "\(trained.error)")
      #expect(try Files.read("\(path)/evaluation.npy").count > 64)
    }
    let page = "\(folder)/report.html"
    let child = try program(["report"] + paths + ["--json", "--out", page], limit: "64")
    #expect(child.end == .exited(ExitCode.done.rawValue), "\(child.error)")
    let report = String(decoding: child.output, as: UTF8.self)
    #expect(report.contains("\"paired\""), "\(report)")
  }
}
