/// The names of many curves, each at the right of the frame beside the curve's end.
struct EndLabels {
  static let size = 11.0
  /// The room between the frame and the names, for the lines that lead to them.
  static let gap = 26.0

  /// A line and a name for each curve; nothing for one without points.
  let shapes: [[Shape]]
  /// The middle of each name, from the top; nil for a curve without points.
  let middles: [Double?]

  /// - Parameters:
  ///   - names: The curves' names.
  ///   - ends: The last place of each curve; nil for none.
  ///   - frame: The frame that the curves are drawn in.
  ///   - height: The distance between names.
  init(_ names: [String], _ ends: [Place?], in frame: Frame, height: Double) {
    let order = ends.indices.filter { ends[$0] != nil }.sorted {
      (ends[$0]?.y ?? 0, $0) < (ends[$1]?.y ?? 0, $1)
    }
    // Names move down until none overlaps, then up as far as the last ones left the frame.
    var places = order.map { ends[$0]?.y ?? 0 }
    for index in places.indices.dropFirst() {
      places[index] = max(places[index], places[index - 1] + height)
    }
    var limit = frame.bottom
    for index in places.indices.reversed() {
      places[index] = min(places[index], limit)
      limit = places[index] - height
    }
    var middles = [Double?](repeating: nil, count: names.count)
    for (index, place) in zip(order, places) { middles[index] = place }
    self.middles = middles
    let left = frame.right + Self.gap - 6
    shapes = names.indices.map { index in
      guard let end = ends[index], let middle = middles[index] else { return [] }
      let lead = Path([
        end, Place(x: max(end.x, frame.right + 4), y: end.y), Place(x: left - 3, y: middle),
      ])
      let name = shortened(names[index], to: Frame.width - left, size: Self.size)
      return [
        .line(lead, Stroke(width: 0.7), opacity: 0.5),
        .text(name, x: left, y: middle + 4, size: Self.size),
      ]
    }
  }
}
