import Compute

extension ReferenceExecutable {
  func run(_ operation: Adam) {
    let (stepSize, momentScale) = (Double(control.stepSize), Double(control.momentScale))
    let decay = Double(control.decay)
    let (beta1, beta2) = (Double(operation.beta1), Double(operation.beta2))
    for parameter in memory.tensors where parameter.role == .parameter {
      var p = self[parameter]
      let g = self[parameter.counterpart(.gradient)]
      var m = self[parameter.counterpart(.firstMoment)]
      var v = self[parameter.counterpart(.secondMoment)]
      for i in p.indices {
        let before = (m: m[i], v: v[i])
        m[i] += (1 - beta1) * (g[i] - m[i])
        v[i] += (1 - beta2) * (g[i] * g[i] - v[i])
        let used = operation.isDelayed ? before : (m: m[i], v: v[i])
        let scale = momentScale * used.v.squareRoot() + Double(operation.epsilon)
        p[i] += stepSize * used.m / scale - decay * p[i]
      }
      if let averageDecay = operation.averageDecay {
        let average = parameter.counterpart(.average)
        self[average] = zip(self[average], p).map { $0 + (1 - averageDecay) * ($1 - $0) }
      }
      self[parameter] = p
      self[parameter.counterpart(.firstMoment)] = m
      self[parameter.counterpart(.secondMoment)] = v
    }
  }
}
