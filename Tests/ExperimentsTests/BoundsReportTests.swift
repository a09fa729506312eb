import Compute
import Foundation
import IWAE
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

  @Test func weightsThatAreTrustedAreExtrapolated() throws {
    let report = report([0.2, 0.3])
    #expect(report.extrapolation != nil && report.sumo != nil && report.warning == nil)
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
    #expect(figure.summary.contains(warning) && !figure.svg.contains("extrapolated<"))
    let json = try json(report)
    #expect(json["errors_are_lower_limits"] as? Bool == true)
    #expect(json["warning"] as? String == warning && json["extrapolation"] == nil)
  }

  @Test func oneImageAmongManyIsSaid() throws {
    let report = report(Array(repeating: 0.2, count: 29) + [9])
    #expect(report.extrapolation != nil && report.errorsAreLowerLimits)
    #expect(report.warning?.contains("number 30") == true)
    #expect(self.report([0.2, 0.2, 0.2, 0.2, 9]).extrapolation == nil)
  }
}
