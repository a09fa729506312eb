import Compute

/// Carries out training steps, program by program.
public final class StepRunner {
  public let programs: StepPrograms
  private let memory: any Memory
  /// What the parts of a step add to.
  private let gradients: [Tensor]
  private var executables: [StepPrograms.Part: any Executable] = [:]

  /// - Parameters:
  ///   - programs: The programs of a step.
  ///   - memory: The model's parameters, the programs' states, and the data.
  ///   - device: The device of that memory.
  public init(_ programs: StepPrograms, on memory: any Memory, device: any Device)
    throws(DeviceError)
  {
    self.programs = programs
    self.memory = memory
    let model = programs.model
    gradients =
      model.parameters.map { $0.counterpart(.gradient) }
      + (programs.configuration.difference == nil
        ? [] : model.encoderParameters.map(GradientTarget(.difference).tensor))
    try device.prepare(Array(programs.parts.values))
    for (part, program) in programs.parts {
      executables[part] = try device.compile(program, on: memory)
    }
    for (tensor, value) in programs.streaming?.constants ?? [] {
      try memory.upload([value], to: tensor)
    }
  }

  /// Starts one step; returns before it is done.
  public func run(_ control: Control) throws(DeviceError) {
    _ = try run(control) { true }
  }

  /// Starts one step; returns before it is done, but waits between its parts now and then.
  ///
  /// - Parameters:
  ///   - control: What changes from step to step.
  ///   - goesOn: Asked between parts whether to go on. A step that does not changes no parameter.
  /// - Returns: False if it was asked to stop.
  public func run(_ control: Control, while goesOn: () -> Bool) throws(DeviceError) -> Bool {
    var pace = Pace()
    func goesOnNow() throws(DeviceError) -> Bool {
      try !pace.isDue({ () throws(DeviceError) in try finish() }) || goesOn()
    }
    let batchSize = programs.configuration.batchSize
    switch programs.division {
    case .whole: try run(.images(batchSize), control)
    case .drawn:
      try run(.weigh, control)
      try run(.walk, control)
    case .images(let count):
      try memory.clear(gradients)
      for first in stride(from: 0, to: batchSize, by: count) {
        var part = control
        part.batchOffset &+= UInt32(first)
        try run(.images(min(count, batchSize - first)), part)
        guard try goesOnNow() else { return false }
      }
      try run(.update, control)
    case .samples(let count):
      try memory.clear(gradients)
      for image in 0..<batchSize {
        var part = control
        part.batchOffset &+= UInt32(image)
        guard try stream(part, count, while: goesOnNow) else { return false }
      }
      try run(.update, control)
    }
    return true
  }

  /// Waits until every step is done.
  public func finish() throws(DeviceError) { try executables.values.first?.finish() }

  private func run(_ part: StepPrograms.Part, _ control: Control) throws(DeviceError) {
    try executables[part]?.run(control)
  }

  /// - Returns: False if it was asked to stop.
  private func stream(
    _ control: Control, _ count: Int, while goesOn: () throws(DeviceError) -> Bool
  ) throws(DeviceError) -> Bool {
    guard let streaming = programs.streaming else { return true }
    let samples = programs.configuration.samples
    var control = control
    try memory.clear(streaming.zeros)
    try reset(streaming.imageStreams)
    try run(.begin, control)
    for group in 0..<programs.configuration.groups {
      try reset(streaming.groupStreams)
      for first in stride(from: 0, to: samples, by: count) {
        control.sampleOffset = UInt32(group * samples + first)
        try run(.samples(min(count, samples - first)), control)
        guard try goesOn() else { return false }
      }
      try run(.endGroup, control)
    }
    try run(.endImage, control)
    return true
  }

  private func reset(_ streams: [WeightStream]) throws(DeviceError) {
    for stream in streams {
      try memory.upload([stream.nothing], to: stream.maximum)
      try memory.clear([stream.sum])
    }
  }
}
