import Files
import Foundation
import Report

extension RunFolder {
  /// True if there is a run in the folder, or figures alone.
  public var hasContent: Bool {
    Self.isFolder(path) && (exists || FileManager.default.fileExists(atPath: figures))
  }
}

extension ReportRun {
  /// A run, or a folder of figures, as a report shows it.
  public init(_ folder: RunFolder, name: String) throws {
    let path = folder.path
    guard exists(path) else {
      throw FileAccessError("'\(path)' could not be read: there is no such folder.")
    }
    guard RunFolder.isFolder(path) else {
      throw FormatError(file: path, problem: "expected a run folder, found a file.")
    }
    guard folder.hasContent else {
      throw FormatError(
        file: path,
        problem:
          "there is no run in this folder. 'iwae-gpu train --out \(quotedForShell(path))' makes one."
      )
    }
    self.init(
      name: name, path: path, task: path, validation: path, objective: path, setting: path)
    hasModel = exists(folder.checkpoint) || exists(folder.best)
    if let run = try RunConfiguration(ofRun: path) {
      configuration = run.facts
      validation = "\(run.task), \(run.validationSamples)"
      (task, objective, setting) = (run.task, run.objectiveText, try run.textOfAnySeed)
    }
    if exists(folder.metrics) {
      metrics = try RunMetrics(file: folder.metrics)
    }
    if exists(folder.evaluation) {
      evaluation = try RunEvaluation(file: folder.evaluation)
      tested = folder.tested()
    }
    figures = try FigureFolder(run: path).read()
  }
}

extension RunEvaluation {
  /// Reads `evaluation.json`.
  fileprivate init(file: String) throws {
    func bad(_ problem: String) -> FormatError {
      FormatError(file: file, problem: "it is no evaluation as 'evaluate' writes it: \(problem)")
    }
    let report: EvaluationReport
    do {
      report = try JSONText.value(
        EvaluationReport.self, try Files.read(file, atMost: Files.mostOfJSON))
    } catch let error as DecodingError {
      throw bad(FormatError.words(error))
    }
    if let problem = report.problem { throw bad(problem) }
    self.init(
      nll: report.nll, standardError: report.standardError, samples: report.samples,
      images: report.images, bound: report.bound, reconstruction: report.reconstruction,
      divergence: report.divergence, activeUnits: report.activeUnits,
      effectiveSampleSize: report.effectiveSampleSize,
      nllActiveUnitsOnly: report.nllActiveUnitsOnly, exactNll: report.exactNll,
      nllInDataUnits: report.nllInDataUnits, step: report.step, device: report.device)
  }
}

private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
