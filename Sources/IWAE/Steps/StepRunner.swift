import Compute

/// Carries out training steps as their plan says.
public final class StepRunner {
  public let plan: StepPlan
  private let memory: any Memory
  private let gradients: [Tensor]
  /// The step itself, where it is carried out at once.
  public let whole: (any Executable)?
  private var parts: [Int: any Executable] = [:]
  private var begin: (any Executable)?
  private var chunks: [Int: any Executable] = [:]
  private var endGroup: (any Executable)?
  private var endImage: (any Executable)?
  private var update: (any Executable)?
  private var weigh: (any Executable)?
  private var walk: (any Executable)?

  /// - Parameters:
  ///   - plan: The plan.
  ///   - memory: The model's parameters, the plan's states, and the data.
  ///   - device: Where.
  public init(_ plan: StepPlan, on memory: any Memory, device: any Device) throws(DeviceError) {
    self.plan = plan
    self.memory = memory
    gradients = plan.model.parameters.map { $0.counterpart(.gradient) }
    try device.prepare(plan.programs)
    whole = try plan.whole.map { step throws(DeviceError) in
      try device.compile(step.program, on: memory)
    }
    for (size, step) in plan.parts { parts[size] = try device.compile(step.program, on: memory) }
    if let streaming = plan.streaming {
      begin = try device.compile(streaming.begin, on: memory)
      for (size, program) in streaming.chunks {
        chunks[size] = try device.compile(program, on: memory)
      }
      endGroup = try streaming.endGroup.map { program throws(DeviceError) in
        try device.compile(program, on: memory)
      }
      endImage = try device.compile(streaming.endImage, on: memory)
    }
    if let drawing = plan.drawing {
      weigh = try device.compile(drawing.weigh, on: memory)
      walk = try device.compile(drawing.step, on: memory)
    } else if whole == nil, let program = plan.update {
      update = try device.compile(program, on: memory)
    }
  }

  /// Starts one step; returns before it is done.
  public func run(_ control: Control) throws(DeviceError) {
    switch plan.division {
    case .whole:
      try whole?.run(control)
      return
    case .drawn:
      try weigh?.run(control)
      try walk?.run(control)
      return
    case .images(let count):
      try memory.clear(gradients)
      for first in stride(from: 0, to: plan.configuration.batchSize, by: count) {
        var part = control
        part.batchOffset &+= UInt32(first)
        try parts[min(count, plan.configuration.batchSize - first)]?.run(part)
      }
    case .samples(let count):
      try memory.clear(gradients)
      for (tensor, value) in plan.streaming?.constants ?? [] {
        try memory.upload([value], to: tensor)
      }
      for image in 0..<plan.configuration.batchSize {
        var part = control
        part.batchOffset &+= UInt32(image)
        try stream(part, count)
      }
    }
    try update?.run(control)
  }

  /// Waits until every step is done.
  public func finish() throws(DeviceError) {
    if let any = whole ?? parts.values.first ?? begin ?? walk { try any.finish() }
  }

  private func stream(_ control: Control, _ count: Int) throws(DeviceError) {
    guard let streaming = plan.streaming else { return }
    let samples = plan.configuration.samples
    var control = control
    try memory.clear(streaming.zeros)
    try reset(streaming.imageStreams)
    try begin?.run(control)
    for group in 0..<plan.configuration.groups {
      try reset(streaming.groupStreams)
      for first in stride(from: 0, to: samples, by: count) {
        control.sampleOffset = UInt32(group * samples + first)
        try chunks[min(count, samples - first)]?.run(control)
      }
      try endGroup?.run(control)
    }
    try endImage?.run(control)
  }

  private func reset(_ streams: [WeightStream]) throws(DeviceError) {
    for stream in streams {
      try memory.upload([stream.nothing], to: stream.maximum)
      try memory.clear([stream.sum])
    }
  }
}
