import Files
import Foundation

/// The lines that a run wrote, one after each pass.
public struct RunMetrics: Hashable, Sendable {
  public struct Pass: Hashable, Sendable {
    public var pass: Double
    public var bound: Double?
    public var validation: Double?
    public var learningRate: Double?
    public var seconds: Double?

    public init(
      pass: Double, bound: Double? = nil, validation: Double? = nil, learningRate: Double? = nil,
      seconds: Double? = nil
    ) {
      (self.pass, self.bound, self.validation) = (pass, bound, validation)
      (self.learningRate, self.seconds) = (learningRate, seconds)
    }
  }

  public var passes: [Pass]

  public init(passes: [Pass]) {
    self.passes = passes
  }

  /// Reads `metrics.jsonl`. A last line that is cut off is dropped, as a run that was killed leaves
  /// one.
  public init(file: String) throws {
    passes = []
    try Files.lines(of: file) { line, number, isCutOff in
      guard !line.allSatisfy(Self.isSpace) else { return }
      let fields: [String: LenientValue]
      do {
        fields = try JSONDecoder().decode([String: LenientValue].self, from: line)
      } catch {
        if isCutOff, line.first == UInt8(ascii: "{") { return }
        throw FormatError(
          file: file, problem: "line \(number): expected a JSON object of one pass.")
      }
      guard let pass = fields["epoch"]?.number, pass.isFinite else {
        throw FormatError(file: file, problem: "line \(number): the number 'epoch' is missing.")
      }
      passes.append(
        Pass(
          pass: pass, bound: fields["bound"]?.number, validation: fields["validation"]?.number,
          learningRate: fields["learning_rate"]?.number, seconds: fields["train_seconds"]?.number))
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

  public var lastBound: Double? { passes.last { $0.bound != nil }?.bound }
  public var seconds: Double? { passes.last { $0.seconds != nil }?.seconds }

  /// The largest validation, and its pass.
  public var bestValidation: (value: Double, pass: Double)? {
    passes.compactMap { pass in
      pass.validation.flatMap { $0.isFinite ? ($0, pass.pass) : nil }
    }.max { $0.0 < $1.0 }
  }
}
