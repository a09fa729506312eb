import Report

extension FigureFolder {
  /// The figures of the run that a path names, or that a checkpoint lies beside.
  public init(of path: String) { self.init(run: RunFolder(containing: path).path) }
}

extension Subject {
  /// The folder that keeps its figures; nil for images that its run is not tested on, whose figures would be
  /// taken for the run's there.
  public var figures: FigureFolder? { hasOtherImages ? nil : FigureFolder(of: name) }
}
