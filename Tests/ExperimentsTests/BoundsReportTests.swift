import Compute
import Foundation
import IWAE
import Report
import Testing

@testable import Experiments

/// What a measurement of bounds states, and what it withholds.
@Suite struct BoundsReportTests {
  /// The report on images whose log-weights are normal with some deviations.
  private func report(_ deviations: [Double]) -> BoundsReport {
    var curve = BoundCurve(samples: 1000, seed: 0)
    for (image, deviation) in deviations.enumerated() {
      let address = NoiseAddress(seed: 3, purpose: .data, image: UInt32(image))
      curve.add(LogWeights((0..<1000).map { deviation * Double(address.normal(column: $0)) }))
    }
    return BoundsReport(curve, exact: nil, samples: 1000, seconds: 1, device: "none")
  }

  private func json(_ report: BoundsReport) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: JSONText.data(report)) as? [String: Any])
  }

  /// The words that a figure draws, without what it says to who does not see it.
  private func drawn(_ figure: Figure) -> String {
    let elements = figure.svg.components(separatedBy: "</desc>").last ?? ""
    return elements.replacingOccurrences(of: "<[^>]*>", with: " ", options: .regularExpression)
      .replacingOccurrences(of: "&#39;", with: "'").split { $0.isWhitespace }
      .joined(separator: " ")
  }

  @Test func weightsThatAreTrustedAreExtrapolated() throws {
    let report = report([0.2, 0.3])
    #expect(report.extrapolation != nil && report.sumo != nil && report.warning == nil)
    #expect(report.makeFigure().remark == nil)
    #expect(try json(report)["errors_are_lower_limits"] as? Bool == false)
  }

  @Test func nothingIsExtrapolatedFromWeightsThatAreNot() throws {
    let report = report([8, 9, 10])
    #expect(report.extrapolation == nil && report.sumo == nil)
    let warning = try #require(report.warning)
    #expect(warning.contains("nothing is extrapolated") && report.text.contains(warning))
    #expect(!report.text.contains("Extrapolated") && !report.text.contains("SUMO"))
    // Whoever sees the figure or the numbers alone is told too.
    let figure = report.makeFigure()
    #expect(drawn(figure).contains(warning) && !figure.svg.contains("extrapolated<"))
    let json = try json(report)
    #expect(json["errors_are_lower_limits"] as? Bool == true)
    #expect(json["warning"] as? String == warning && json["extrapolation"] == nil)
  }

  /// One figure of several models warns of those that are not to be trusted, by name.
  @Test func comparedModelsAreWarnedOf() throws {
    let bad = report([8, 9, 10])
    let warning = try #require(bad.warning)
    let figure = BoundsComparison(["runs/a", "runs/b"], [bad, report([0.2, 0.3])]).makeFigure()
    #expect(drawn(figure).contains("a: \(warning)") && figure.remark?.contains("b: ") == false)
    let trusted = BoundsComparison(["runs/a"], [report([0.2, 0.3])])
    #expect(trusted.makeFigure().remark == nil)
  }

  @Test(arguments: [0.9, 0.3]) func sandwichesDrawTheirWarning(shape: Double) {
    var side = SandwichReport.Side(importance: .init(mean: -90, standardError: 0.1))
    side.add([], importance: [-90], shapes: [shape])
    let report = SandwichReport(
      test: side, simulated: side, images: 1, samples: 100, chains: 2, device: "none")
    let figure = report.makeFigure()
    #expect((figure.remark != nil) == (shape > 0.7))
    guard let remark = figure.remark else { return }
    #expect(report.text.contains(remark) && drawn(figure).contains(remark), "\(drawn(figure))")
  }

  @Test func oneImageAmongManyIsSaid() throws {
    let report = report(Array(repeating: 0.2, count: 29) + [9])
    #expect(report.extrapolation != nil && report.errorsAreLowerLimits)
    #expect(report.warning?.contains("number 30") == true)
    #expect(self.report([0.2, 0.2, 0.2, 0.2, 9]).extrapolation == nil)
  }
}
