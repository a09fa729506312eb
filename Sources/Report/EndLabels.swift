/// The names of many curves at the right of the frame, each beside the curve's end, with its marker
/// and a line that leads to it.
struct EndLabels {
  static let size = 12.0
  /// The room between the frame and the names.
  static let gap = 44.0

  /// The shapes of each curve; none for one without points.
  let shapes: [[Shape]]

  /// - Parameters:
  ///   - names: The curves' names.
  ///   - markers: The curves' markers.
  ///   - ends: The last place of each curve; nil for none.
  ///   - frame: The frame that the curves are drawn in.
  ///   - height: The distance between names.
  init(
    _ names: [String], markers: [Path], _ ends: [Place?], in frame: Frame, height: Double
  ) {
    let order = ends.indices.filter { ends[$0] != nil }.sorted {
      (ends[$0]?.y ?? 0, $0) < (ends[$1]?.y ?? 0, $1)
    }
    let places = Self.spread(
      order.map { ends[$0]?.y ?? 0 }, by: height, in: frame.top...frame.bottom)
    var shapes = [[Shape]](repeating: [], count: names.count)
    for (index, middle) in zip(order, places) {
      guard let end = ends[index] else { continue }
      let mark = Place(x: frame.right + Self.gap - 14, y: middle)
      let lead = Path([
        end, Place(x: max(end.x, frame.right + 4), y: end.y), Place(x: mark.x - 6, y: middle), mark,
      ])
      let left = mark.x + 7
      let name = Shape.Text(
        text: shortened(names[index], to: Frame.width - left, size: Self.size),
        place: Place(x: left, y: middle + 4), size: Self.size, paint: .ink)
      shapes[index] = [
        .line(lead, Stroke(width: 0.8, dash: [1.5, 2.5]), opacity: 0.7),
        .markers(markers[index], at: [mark]), .text(name),
      ]
    }
    self.shapes = shapes
  }

  /// The places nearest to some in ascending order that are a distance apart, within limits as far as
  /// all have room.
  static func spread(
    _ wanted: [Double], by distance: Double, in limits: ClosedRange<Double>
  ) -> [Double] {
    // Less its share of the distances, each place must be no less than the one before: where it would
    // be, both go to their mean, and so does what they push then.
    var blocks: [(sum: Double, count: Int)] = []
    for (index, place) in wanted.enumerated() {
      blocks.append((place - Double(index) * distance, 1))
      while blocks.count > 1, let last = blocks.last {
        let before = blocks[blocks.count - 2]
        guard before.sum / Double(before.count) > last.sum / Double(last.count) else { break }
        blocks.removeLast(2)
        blocks.append((before.sum + last.sum, before.count + last.count))
      }
    }
    let most = limits.upperBound - Double(max(wanted.count - 1, 0)) * distance
    let starts = blocks.flatMap { block in
      Array(
        repeating: max(min(block.sum / Double(block.count), most), limits.lowerBound),
        count: block.count)
    }
    return starts.enumerated().map { $1 + Double($0) * distance }
  }
}
