import Compute
import Foundation
import OpenCLDevice
import ReferenceDevice
import Testing

@testable import IWAE

/// Models that are told labels. What a label says enters as a column of the first weights: told one
/// label alone, a model is another without labels whose first biases are larger by that column.
@Suite struct ConditionTests {
  private static let classes = 3

  private func model(condition: Int? = classes) -> Model {
    Model(
      dataSize: 5, encoder: [.init(hidden: [4], latent: 2), .init(hidden: [3], latent: 2)],
      decoder: [.init(hidden: [3]), .init(hidden: [4])], condition: condition)
  }

  private func parameters(of model: Model) -> [Tensor: [Float]] {
    var result: [Tensor: [Float]] = [:]
    for (index, tensor) in model.parameters.enumerated() {
      let address = NoiseAddress(seed: 8, purpose: .data, time: 1, image: UInt32(index))
      result[tensor] = (0..<tensor.shape.count).map { 0.5 * address.normal(column: $0) }
    }
    return result
  }

  /// The parameters of the model without labels that is the model told one label.
  private func folded(
    _ parameters: [Tensor: [Float]], _ label: Int
  ) throws -> [Tensor: [Float]] {
    var result: [Tensor: [Float]] = [:]
    for tensor in model(condition: nil).parameters {
      if let values = parameters[tensor] { result[tensor] = result[tensor] ?? values }
    }
    for layer in ["encoder.0.hidden.0", "decoder.1.hidden.0"] {
      func tensor(_ model: Model, _ name: String) throws -> Tensor {
        try #require(model.parameters.first { $0.name == "\(layer).\(name)" })
      }
      let wide = try tensor(model(), "weight")
      let narrow = try tensor(model(condition: nil), "weight")
      let bias = try tensor(model(), "bias")
      let values = try #require(parameters[wide])
      let (columns, kept) = (wide.shape.columns, narrow.shape.columns)
      #expect(columns == kept + Self.classes)
      let rows = 0..<wide.shape.rows
      result[narrow] = rows.flatMap { values[$0 * columns..<$0 * columns + kept] }
      result[bias] = rows.map { (parameters[bias]?[$0] ?? 0) + values[$0 * columns + kept + label] }
    }
    return result
  }

  private func images(_ labels: [Int]?) -> ImageSet {
    ImageSet(
      name: "bits", values: .bytes([1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0]), width: 5,
      labels: labels)
  }

  private func near(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) }
  }

  @Test(arguments: [0, 2]) func aLabelIsALargerBias(label: Int) throws {
    let labels = Array(repeating: label, count: 3)
    let conditional = (model(), parameters(of: model()))
    let plain = (model(condition: nil), try folded(conditional.1, label))
    let device = try OpenCLDevice.open(.automatic)
    defer { device.close() }
    func evaluation(
      _ subject: (Model, [Tensor: [Float]]), _ labels: [Int]?
    ) throws -> [Float] {
      let evaluation = try Evaluator(
        subject.0, parameters: subject.1, images: images(labels), device: device, samples: 40,
        binarization: .none, batchSize: 2, chunk: 15
      ).evaluate()
      return try #require(evaluation).imageLogLikelihoods.map { Float($0) }
    }
    let told = try evaluation(conditional, labels)
    #expect(near(told, try evaluation(plain, nil)))
    #expect(!near(told, try evaluation(conditional, [1, 1, 1])))
    let generators = [conditional, plain].map {
      Generator($0.0, parameters: $0.1, device: device)
    }
    let pixels = (0..<3).map { images(nil).pixels(of: $0) }
    for (found, expected) in zip(
      try generators[0].samples(count: 4, seed: 1, labels: labels + [label])
        + generators[0].reconstructions(of: pixels, labels: labels),
      try generators[1].samples(count: 4, seed: 1) + generators[1].reconstructions(of: pixels))
    { #expect(near(found, expected)) }
    // Decoded with another label, the image is another.
    let other = try generators[0].reconstructions(
      of: pixels, labels: labels, as: Array(repeating: 1, count: 3))
    #expect(try !near(other[0], generators[1].reconstructions(of: pixels)[0]))
    let simulations = try (
      generators[0].simulate(count: 3, seed: 4, labels: labels),
      generators[1].simulate(count: 3, seed: 4)
    )
    #expect(simulations.0.images.labels == labels)
    #expect(simulations.0.images.values == simulations.1.images.values)
    var annealing = AnnealingConfiguration()
    (annealing.chains, annealing.temperatures, annealing.leapfrogSteps) = (2, [4], 2)
    let annealed = try [(conditional, labels), (plain, nil)].map { subject, labels in
      try #require(
        try Annealer(
          subject.0, parameters: subject.1, images: images(labels), annealing,
          device: ReferenceDevice()
        ).anneal()
      )[0].map { Float($0.lower) }
    }
    // In double precision, for trajectories enlarge the rounding until another choice is made.
    for (a, b) in zip(annealed[0], annealed[1]) { #expect(abs(a - b) < 1e-5 * abs(b)) }
  }

  @Test func theDensityOfAnImageIsThatOfItsLabel() throws {
    let model = Model(
      dataSize: 5, encoder: [.init(hidden: [], latent: 2)], decoder: [.init(hidden: [4])],
      condition: Self.classes)
    let generator = Generator(
      model, parameters: parameters(of: model), device: ReferenceDevice())
    let densities = try (0..<Self.classes).map {
      try generator.logDensities(of: [1, 0, 1, 1, 0], label: $0, at: [[0.5, -1], [0, 0]])
    }
    #expect(Set(densities.map { $0[0] }).count == 3 && Set(densities.map { $0[1] }).count == 3)
    #expect(throws: ProgramError.self) {
      try generator.logDensities(of: [1, 0, 1, 1, 0], at: [[0, 0]])
    }
  }

  @Test func dividedStepsHaveTheSameGradients() throws {
    let model = model()
    let step = DividedStep(
      model: model, parameters: parameters(of: model), images: images([2, 0, 1]), order: [1, 2, 0],
      batchSize: 3)
    let whole = try step.gradients(.whole)
    for tensor in whole.keys where tensor.name.hasSuffix(".0.hidden.0.weight") {
      #expect(whole[tensor]?.suffix(Self.classes).contains { $0 != 0 } == true, "\(tensor)")
    }
    for schedule in Schedule.allCases {
      let device = try OpenCLDevice.open(schedule: schedule)
      defer { device.close() }
      for division in [StepPrograms.Division.whole, .images(2), .samples(4)] {
        try DividedStep.expectSame(
          try step.gradients(division, on: device), whole, "\(schedule), \(division)", within: 1e-4)
      }
    }
    // What is drawn is walked back with the labels too: it is a gradient of every parameter.
    let drawn = try step.gradients(.drawn(2))
    #expect(drawn.values.allSatisfy { $0.contains { $0 != 0 } && $0.allSatisfy(\.isFinite) })
  }

  @Test func labelsAreChecked() throws {
    let model = model()
    #expect(images([0, 2, 1]).labelProblem(classes: 3) == nil)
    #expect(images([0, 3, 1]).labelProblem(classes: 3)?.contains("of image 2") == true)
    #expect(images(nil).labelProblem(classes: 3)?.contains("found none") == true)
    for labels in [nil, [0, 3, 1], [0, -1, 1]] {
      #expect(throws: ProgramError.self) {
        try Evaluator(
          model, parameters: parameters(of: model), images: images(labels),
          device: ReferenceDevice(), samples: 2)
      }
      #expect(throws: ProgramError.self) { try model.labelRows(labels, rows: 3) }
    }
    #expect(try model.labelRows([2, 0], rows: 2) == [0, 0, 1, 1, 0, 0])
    let source = BatchSource.resident(
      source: Tensor("data", .matrix(rows: 3, columns: 5), .resident),
      order: Tensor("order", .vector(3), .resident, element: .uint32), scale: 1,
      binarization: .none)
    #expect {
      try Step.build(
        model, StepConfiguration(batchSize: 2, samples: 2, objective: .iwae, source: source))
    } throws: { "\($0)" == "model: it is conditional, but the data have no labels." }
  }

  @Test func labelsGoWithTheirImages() {
    let set = images([2, 0, 1])
    #expect(set.subset([2, 0]).labels == [1, 2] && set.scaled(for: .unit).labels == [2, 0, 1])
    #expect(images(nil).labelled([1, 1, 0]).subset([2]).labels == [0])
  }

  @Test func checkpointsSayHowManyClassesThereAre() throws {
    let text = String(decoding: try JSONEncoder().encode(model()), as: UTF8.self)
    #expect(text.contains(#""condition":3"#))
    #expect(try JSONDecoder().decode(Model.self, from: Data(text.utf8)) == model())
    let plain = try JSONEncoder().encode(model(condition: nil))
    #expect(!String(decoding: plain, as: UTF8.self).contains("condition"))
  }

  /// The label's columns of the decoder's weights stay where an inactive unit's are cut off.
  @Test func inactiveUnitsAreRemovedBesideLabels() throws {
    let model = Model(
      dataSize: 5, encoder: [.init(hidden: [3], latent: 2)], decoder: [.init(hidden: [4])],
      condition: Self.classes)
    let parameters = parameters(of: model)
    let pruned = try #require(
      try model.removingInactiveUnits(from: parameters, variances: [[0, 1]]))
    let weight = try #require(
      model.parameters.first { $0.name == "decoder.0.hidden.0.weight" })
    let (before, after) = (try #require(parameters[weight]), try #require(pruned[weight]))
    for index in before.indices {
      #expect(after[index] == (index % 5 == 0 ? 0 : before[index]))
    }
  }
}
