import Compute

extension Trainer {
  func learningRate(batch: Int) -> Double {
    let done =
      (Double(progress.pass) + Double(batch) / Double(batchesPerPass))
      / Double(max(configuration.passes, 1))
    let rate = configuration.schedule.rate(
      pass: progress.pass, progress: done, plateaus: progress.plateaus ?? 0)
    return rate / Double(1 << (progress.rateHalvings ?? 0))
  }

  /// The weight of log p(h) - log q(h|x) in a step of the pass.
  func weight(batch: Int) -> Double {
    configuration.klWeight.value(
      after: Double(progress.pass) + Double(batch) / Double(batchesPerPass))
  }

  func control(for progress: TrainingProgress) -> Control {
    var control = Control()
    control.seed = configuration.seed
    control.step = UInt32(progress.step)
    control.pass = UInt32(progress.pass)
    control.batchOffset = UInt32(progress.batch * batchSize)
    control.klWeight = Float(weight(batch: progress.batch))
    configuration.convention.apply(
      to: &control, step: progress.step, rate: learningRate(batch: progress.batch),
      optimizer: configuration.optimizer)
    return control
  }

  /// Puts the averages of parameters where they are validated.
  func uploadAverages() throws(DeviceError) {
    for parameter in model.parameters {
      try validated.upload(try memory.floats(parameter.counterpart(.average)), to: parameter)
    }
  }

  /// Each pass has an order of its own, which its number determines, where images are shuffled.
  func uploadOrder() throws(DeviceError) {
    guard configuration.shuffles else { return }
    try memory.upload(.words(order(ofPass: progress.pass)), to: data.order)
    uploadedPass = progress.pass
  }

  /// The images in the order in which a pass takes them.
  func order(ofPass pass: Int) -> [UInt32] {
    guard configuration.shuffles else { return data.ownOrder }
    return NoiseAddress(seed: configuration.seed, purpose: .shuffling, time: UInt32(pass))
      .permutation(data.images.count)
  }
}
