import Report

extension FigureFolder {
  /// The figures of the run that a path names, or that a checkpoint lies beside.
  public init(of path: String) { self.init(run: RunFolder(containing: path).path) }

  /// Keeps a figure among those of a checkpoint's folder, or its picture alone in a file of the format
  /// that its name says.
  ///
  /// - Returns: The file of the picture.
  public static func keep(_ figure: Figure, of path: String, at file: String?) throws -> String {
    if let file {
      try figure.write(to: file)
      return file
    }
    let figures = FigureFolder(of: path)
    try figures.write(figure)
    return figures.picture(of: figure)
  }
}
