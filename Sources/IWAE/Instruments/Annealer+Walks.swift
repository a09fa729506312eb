import Compute

extension Annealer {
  // MARK: Places

  /// The images of a batch; one that is not full begins again.
  func rows(_ images: [Int]) -> [Int] {
    (0..<batchSize).map { images[$0 % images.count] }
  }

  /// Takes some images; returns the record of all that is done with them.
  func load(_ rows: [Int]) throws -> Control {
    var control = Control()
    control.seed = configuration.seed
    control.pass = Evaluator.time
    let others = (rows.count..<data.images.count).map { _ in rows[0] }
    try memory.upload(.words((rows + others).map(UInt32.init)), to: data.order)
    try run(\.load, control)
    return control
  }

  /// Puts every chain of an image at the image's sample of the posterior.
  func place(_ posterior: [[Float]], _ rows: [Int]) throws(DeviceError) {
    for (layer, values) in zip(programs.tensors.layers, posterior) {
      let width = layer.momentum.shape.columns
      let positions = rows.flatMap { image in
        [ArraySlice<Float>](
          repeating: values[image * width..<(image + 1) * width], count: configuration.chains
        ).joined()
      }
      try memory.upload(positions, to: layer.here.latent)
    }
  }

  // MARK: Walks

  /// The control record of a transition.
  private func control(_ base: Control, _ pass: Pass, _ step: Int) -> Control {
    var result = base
    // Far above all steps of training, and below the time of evaluation.
    result.step = Evaluator.time - 1 - (pass.rawValue << 26) - UInt32(step)
    return result
  }

  /// A transition of every image at a temperature of its own.
  private func move(
    _ control: Control, _ temperatures: [Double], _ stepSizes: [Double]
  ) throws {
    let length = AnnealingPlan.trajectory
    let median = stepSizes.sorted()[stepSizes.count / 2]
    let leaps = max(1, min((length / median).rounded(), Double(configuration.leapfrogSteps)))
    // Images that move together take as many steps, each of its own size.
    // Trajectories of one length come back to where they were; of all images and chains alike.
    let jitter = NoiseAddress(
      seed: control.seed, purpose: .acceptance, time: control.step, image: .max, sample: .max)
    let factor = 0.8 + 0.4 * Double(jitter.openUniform(column: 0))
    let sizes = stepSizes.map { Float(factor * min($0, length / leaps)) }
    try memory.upload(sizes, to: programs.tensors.stepSizes)
    try memory.upload(temperatures.map(Float.init), to: programs.tensors.temperatures)
    try run(\.begin, control)
    for _ in 0..<Int(leaps) { try run(\.leap, control) }
    try run(\.end, control)
  }

  /// Finds the Gaussian that each image's chains start from, its temperatures and its step sizes; nil if
  /// asked to stop.
  ///
  /// Chains from the encoder's Gaussian walk to the posterior; the Gaussian with the moments of what they
  /// find there is nearer to it, and as wide where the encoder is too sure.
  func tune(
    _ rows: [Int], _ base: Control, _ goesOn: () -> Bool
  ) throws -> [AnnealingPlan]? {
    try place(
      generator.gaussians(
        of: rows.map { data.images.evaluated($0, binarization, seed: configuration.seed) },
        labels: data.images.labels.map { labels in rows.map { labels[$0] } },
        seed: configuration.seed))
    let layers = programs.tensors.layers
    var moments = layers.map {
      DrawMoments(
        images: batchSize, width: $0.momentum.shape.columns, draws: configuration.chains)
    }
    let found = try tune(base, 0, goesOn) {
      for (index, layer) in layers.enumerated() {
        moments[index].add(try memory.floats(layer.here.latent))
      }
    }
    guard found != nil else { return nil }
    // A little wider: chains that start too near to each other are worse.
    let gaussians = moments.map { $0.gaussians(widening: 1.1) }
    try place(gaussians)
    return try tune(base, AnnealingPlan.transitions, goesOn).map { plans in
      zip(plans.indices, plans).map { image, plan in
        var plan = plan
        plan.start = gaussians.map { $0.part(image, of: batchSize) }
        return plan
      }
    }
  }

  /// Puts the Gaussians that chains start from, for each layer, where programs find them.
  private func place(_ starts: [ImageGaussians]) throws(DeviceError) {
    for (layer, start) in zip(programs.tensors.layers, starts) {
      try memory.upload(start.centers, to: layer.center)
      try memory.upload(start.scales, to: layer.scale)
    }
  }

  /// Finds the temperatures and step sizes of each image; nil if asked to stop.
  ///
  /// - Parameters:
  ///   - first: The transitions that were made before.
  ///   - atEnd: Called where chains have come to the posterior.
  private func tune(
    _ base: Control, _ first: Int, _ goesOn: () -> Bool, atEnd: () throws -> Void = {}
  ) throws -> [AnnealingPlan]? {
    let (tensors, chains) = (programs.tensors, configuration.chains)
    var plans = [AnnealingPlan](repeating: AnnealingPlan(), count: batchSize)
    func look(at index: Int) throws {
      let model = try memory.floats(tensors.here.model)
      let start = try memory.floats(tensors.here.start)
      let weights = zip(model, start).map { $0 - $1 }
      for image in plans.indices {
        plans[image].add(weights[image * chains..<(image + 1) * chains], at: index)
      }
    }
    var number = first
    try run(\.start, control(base, .tuning, number))
    try run(\.look, control(base, .tuning, number))
    try look(at: 0)
    for index in AnnealingPlan.grid.indices.dropFirst() {
      let repetitions =
        AnnealingPlan.repetitions + (index == 1 ? AnnealingPlan.firstRepetitions : 0)
        + (index == AnnealingPlan.grid.count - 1 ? AnnealingPlan.lastRepetitions : 0)
      let temperatures = [Double](repeating: AnnealingPlan.grid[index], count: batchSize)
      for repetition in 0..<repetitions {
        number += 1
        try move(
          control(base, .tuning, number), temperatures,
          plans.map { exponential($0.logSteps[index]) })
        let accepted = try memory.floats(tensors.accepted)
        for image in plans.indices {
          let share = accepted[image * chains..<(image + 1) * chains].reduce(0, +) / Float(chains)
          plans[image].adapt(Double(share), to: configuration.acceptance, at: index)
        }
        if repetition >= repetitions - AnnealingPlan.tellingRepetitions {
          try look(at: index)
        }
        if index == AnnealingPlan.grid.count - 1, repetition >= AnnealingPlan.tellingRepetitions {
          try atEnd()
        }
        guard goesOn() else { return nil }
      }
    }
    return plans
  }

  /// Walks all temperatures in one direction.
  ///
  /// - Returns: For each image the log-weights of its chains, and its transitions that were accepted;
  ///   nil if asked to stop.
  func anneal(
    _ pass: Pass, _ base: Control, _ plans: [AnnealingPlan], _ last: Int, _ goesOn: () -> Bool
  ) throws -> [Float]? {
    let tensors = programs.tensors
    let schedules = plans.map { $0.schedule(last) }
    try place(
      tensors.layers.indices.map { layer in
        plans.reduce(into: ImageGaussians()) { $0.append($1.start[layer]) }
      })
    try memory.clear([tensors.logWeights, tensors.acceptances])
    let first = control(base, pass, 0)
    if pass == .forward { try run(\.start, first) }
    try run(\.look, first)
    for number in 1...last {
      // Forwards, the weight of the step to a temperature comes before the transition there; on the
      // way back, the weight of the step from it.
      let step = pass == .forward ? number : last + 1 - number
      let sign: Float = pass == .forward ? 1 : -1
      let control = control(base, pass, number)
      try memory.upload(
        schedules.map { sign * Float($0[step] - $0[step - 1]) }, to: tensors.change)
      try run(\.weigh, control)
      let target = pass == .forward ? step : step - 1
      if target > 0 && target < last {
        let temperatures = schedules.map { $0[target] }
        try move(control, temperatures, zip(plans, temperatures).map { $0.step(at: $1) })
      }
      guard goesOn() else { return nil }
    }
    let values = try memory.floats(tensors.logWeights)
    let accepted = try memory.floats(tensors.acceptances)
    let chains = configuration.chains
    return (0..<batchSize).flatMap { image in
      let own = image * chains..<(image + 1) * chains
      return values[own] + [accepted[own].reduce(0, +)]
    }
  }
}
