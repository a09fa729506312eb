import Compute

/// Finds the density that is at fault where log p(x) of an image is no number.
public enum DensityProbe {
  /// A place where a log-density is NaN or infinite.
  public struct Fault: Error, Hashable, Sendable {
    /// A variable of the formula, and its value there.
    public struct Value: Hashable, Sendable {
      public var name: String
      public var value: Double
    }

    /// As "likelihood 'student'".
    public var density: String
    /// As "variable" or "unit".
    public var place: String
    /// The image, and the column of the value, from 0; no column where the density is of a whole row.
    public var image: Int
    public var column: Int?
    public var values: [Value]
    public var logarithm: Double
  }

  /// The first fault of some images; nil if all log-densities are finite in single precision.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - parameters: Its parameters.
  ///   - images: The values of each, as the likelihood takes them.
  ///   - labels: The class of each, where the model is conditional.
  ///   - device: The device that computes the networks; the densities are computed on the host.
  ///   - seeds: Those of the latents' noise, which are tried one after another.
  public static func firstFault(
    _ model: Model, parameters: [Tensor: [Float]], images: [[Float]], labels: [Int]? = nil,
    device: any Device, seeds: Range<UInt64> = 0..<8
  ) throws -> Fault? {
    let generator = Generator(model, parameters: parameters, device: device)
    func values(_ tensors: [Tensor]) -> [[Float]] { tensors.map { parameters[$0] ?? [] } }
    for seed in seeds {
      let encoding = try generator.encode(images, labels: labels, seed: seed)
      for (layer, encoder) in model.encoder.enumerated() {
        let posterior = encoder.posterior
        // What moves may be far away, but the density is that of what it moved from.
        let units = posterior.units(noise: encoding.noise[layer], heads: encoding.heads[layer])
        let fault = search(
          posterior.logDensity, "posterior '\(posterior.name)'", "unit of layer \(layer + 1)",
          ["z"] + posterior.unitHeads,
          [posterior.move == nil ? encoding.latents[layer] : units] + encoding.heads[layer],
          width: encoder.latent)
        if let fault { return fault }
      }
      let (prior, top) = (model.prior, generator.top)
      let fault = prior.logDensity.flatMap { density in
        search(
          density, "prior '\(prior.name)'", "unit of layer \(top + 1)",
          ["z"] + prior.parameters, [encoding.latents[top]] + values(model.priorParameters),
          width: model.encoder[top].latent)
      }
      if let fault { return fault }
      if let joint = prior.joint {
        let fault = try search(joint, prior.name, encoding.latents[top], generator)
        if let fault { return fault }
      }
      let heads = try generator.decode(
        encoding.latents[0], rows: images.count, labels: labels
      ) { $0.heads }
      let likelihood = model.likelihood
      let data = images.flatMap(\.self)
      let dataFault =
        if let density = likelihood.observedLogDensity {
          search(
            density, "likelihood '\(likelihood.name)'", "variable",
            ["x"] + likelihood.heads + likelihood.parameters.map(\.name),
            [data] + heads + values(model.likelihoodParameters), width: model.dataSize)
        } else {
          searchClasses(likelihood, data, heads, width: model.dataSize)
        }
      if let dataFault { return dataFault }
    }
    return nil
  }

  /// The density of a row of latents.
  private static func search(
    _ joint: any JointPrior, _ name: String, _ latents: [Float], _ generator: Generator
  ) throws -> Fault? {
    let model = generator.model
    let width = model.encoder[generator.top].latent
    let rows = latents.count / width
    let sample = Tensor("z", .matrix(rows: rows, columns: width), .input)
    let term = Tensor("density", .vector(rows), .output)
    var program = ProgramBuilder("density")
    let prepared = try joint.prepare(model, &program)
    try joint.append(at: sample, prepared, of: model, into: term, to: &program)
    let logarithms = try generator.run(program.build(), [sample: latents], reading: [term])[0]
    guard let image = logarithms.firstIndex(where: { !$0.isFinite }) else { return nil }
    let values = latents[image * width..<(image + 1) * width]
    return Fault(
      density: "prior '\(name)'", place: "", image: image,
      values: [("least", values.min()), ("largest", values.max())].map {
        .init(name: "the \($0) latent", value: Double($1 ?? .nan))
      }, logarithm: Double(logarithms[image]))
  }

  /// - Parameter data: `(images, width)`
  private static func searchClasses(
    _ likelihood: Likelihood, _ data: [Float], _ heads: [[Float]], width: Int
  ) -> Fault? {
    var (logits, normalizers): ([Float], [Float]) = ([], [])
    for (index, x) in data.enumerated() {
      let values = likelihood.headValues(heads, of: index)
      // What is no class has no density.
      let isClass = x >= 0 && x < Float(values.count)
      logits.append(x.isNaN ? 0 : isClass ? Float(values[Int(x)]) : -.infinity)
      normalizers.append(
        Float(LogWeights(values).logMean + naturalLogarithm(Double(values.count))))
    }
    let density = Formula.where(.isNumber("x"), "logit" - "normalizer", 0)
    return search(
      density, "likelihood '\(likelihood.name)'", "variable", ["x", "logit", "normalizer"],
      [data, logits, normalizers], width: width)
  }

  /// - Parameter columns: The values of each variable, `(images, width)`, `(width)` or `(1)`; those of
  ///   the first are of the first shape.
  private static func search(
    _ logDensity: Formula, _ density: String, _ place: String,
    _ names: [String], _ columns: [[Float]], width: Int
  ) -> Fault? {
    let count = columns[0].count
    var values: [String: [Double]] = [:]
    for (name, column) in zip(names, columns) {
      values[name] = (0..<count).map { index in
        column.isEmpty ? 0 : Double(column[index % column.count])
      }
    }
    let logarithms = FormulaSteps([logDensity]).evaluate(count: count, values)[0]
    guard let index = logarithms.firstIndex(where: { !Float($0).isFinite }) else { return nil }
    return Fault(
      density: density, place: place, image: index / width, column: index % width,
      values: names.map { .init(name: $0, value: values[$0]?[index] ?? 0) },
      logarithm: logarithms[index])
  }
}

extension DensityProbe.Fault: CustomStringConvertible {
  public var description: String {
    let values = values.map { "\($0.name) = \(Float($0.value))" }.joined(separator: ", ")
    let logarithm = logarithm.isNaN ? "NaN" : "\(Float(logarithm))"
    let column = column.map { ", \(place) \($0 + 1)" } ?? ""
    return "the log-density of \(density) is \(logarithm) for image \(image + 1)\(column), where "
      + "\(values). It has to be a finite number wherever data and latents may lie."
  }
}

extension Posterior {
  /// The units that the formulas draw, before they move.
  fileprivate func units(noise: [Float], heads: [[Float]]) -> [Float] {
    var values = ["e": noise.map(Double.init)]
    for (name, head) in zip(unitHeads, heads) { values[name] = head.map(Double.init) }
    return FormulaSteps([sample]).evaluate(count: noise.count, values)[0].map(Float.init)
  }
}
