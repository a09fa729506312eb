import Compute

/// The layout of tensors and of work on a device.
public enum Schedule: String, Hashable, Sendable, CaseIterable, Codable {
  /// Sixteen-wide panels and register tiles, one work-item a group: for CPUs.
  case panels
  /// Tiles staged in local memory: for GPUs.
  case tiles
}

/// The constants that a schedule is compiled and launched with.
public struct Tuning: Hashable, Sendable, Codable {
  public var schedule: Schedule
  /// Panels: the rows that one work-group takes through a list of operations.
  public var blockRows = 100
  /// Panels: the tiles of sums that registers hold.
  public var registers = Registers.wide
  /// Tiles: the work-items that share a block of rows.
  public var groupSize = 64
  /// Tiles: the side of a tile of a matrix product.
  public var tile = 64
  /// Tiles: how much of each sum is staged at once.
  public var tileDepth = 16
  /// Tiles: the side of one work-item's part of a tile.
  public var item = 4
  /// Tiles: the rows of work-items among those that share a block of rows.
  public var walkDown = 4

  /// The tiles of sums that a processor's registers hold, strips of sixteen columns.
  public enum Registers: String, Hashable, Sendable, CaseIterable, Codable {
    /// Many rows of one strip, which fill 32 registers of 16 floats.
    case tall
    /// Several strips, so that what is loaded serves several multiply-adds.
    case wide
    /// A few rows of one strip, which fill 16 registers of 8 floats.
    case low
  }

  /// Panels: the most rows that kernels are compiled for.
  static let mostBlockRows = 256

  /// The work-items of a group in a matrix product.
  var productGroup: Int { (tile / item) * (tile / item) }

  /// The work-items of a group that walks rows.
  var walkGroup: Int { schedule == .panels ? 1 : groupSize }

  /// The rows that a group takes through a list of operations.
  var walkRows: Int { schedule == .panels ? blockRows : walkDown * item }

  /// Tiles: the columns that a walk multiplies at once.
  private var walkColumns: Int { groupSize / walkDown * item }

  /// The most operations, maps and forms of products in a kernel that several programs share. Where
  /// work-items wait for one another, compilers take several times as long for twice as much.
  var largestModule: Int { schedule == .panels ? 100 : 8 }

  /// The columns that kernels take at once.
  var lanes: Int { schedule == .panels ? 16 : 1 }

  /// The outputs and inputs whose gradients a work-group sums, and the outputs of a bias.
  var gradientTile: (outputs: Int, inputs: Int, biasOutputs: Int) {
    switch schedule {
    case .panels: (16 * gradientStrips, 16, 16)
    case .tiles: (sumTile, sumTile, sumTile)
    }
  }

  /// The work-items of a group that sums over all rows.
  var sumGroup: Int { schedule == .panels ? 1 : productGroup }

  /// Panels: the strips of outputs in a tile of a gradient.
  private var gradientStrips: Int { registers == .wide ? 3 : 1 }

  /// Tiles: the parts into which a group divides the rows that it sums over.
  private var sumParts: Int { tile / item % 2 == 0 ? 4 : 1 }

  /// Tiles: the side of a tile of a weight's gradient.
  private var sumTile: Int { sumParts == 4 ? tile / 2 : tile }

  /// Panels: the sums of leaves that wait for others, as many as their tree is deep.
  private static let mostWaiting = 4

  /// The leaves whose sums a kernel adds. In tiles the first lies where the gradient goes.
  var mostLeaves: Int { schedule == .panels ? 1 << Self.mostWaiting : 2 }

  /// The local memory that a group of a file's kernels takes: in tiles, what products and sums over all
  /// rows stage, products twice, and a row of each work-item's sums.
  func localBytes(of file: KernelModule.File) -> Int {
    func stage(_ left: Int, _ right: Int) -> Int { tileDepth * (left + 4 + right + 4) }
    return switch (schedule, file) {
    case (.panels, _): 16
    case (.tiles, .tiles): 4 * max(2 * stage(tile, tile), productGroup * item)
    case (.tiles, .sums): 4 * max(sumParts * stage(sumTile, sumTile), productGroup * item)
    case (.tiles, .walk): 4 * max(2 * stage(walkRows, walkColumns), groupSize * item)
    }
  }

  /// The definitions that the kernels take.
  var defines: [String] {
    switch schedule {
    case .panels:
      [
        "PANELS", "MOST_BLOCK_ROWS=\(Self.mostBlockRows)", "GRADIENT_STRIPS=\(gradientStrips)",
        "MOST_WAITING=\(Self.mostWaiting)", registers.rawValue.uppercased(),
      ]
    case .tiles:
      [
        "TILES", "GROUP_SIZE=\(groupSize)", "TILE=\(tile)", "TILE_DEPTH=\(tileDepth)",
        "ITEM=\(item)", "SUM_PARTS=\(sumParts)", "WALK_DOWN=\(walkDown)",
      ]
    }
  }

  /// True if the device can run kernels that are compiled so.
  func fits(_ device: DeviceDescription) -> Bool {
    switch schedule {
    case .panels:
      return (1...Self.mostBlockRows).contains(blockRows)
    case .tiles:
      // A file may say anything: nothing is multiplied before it is known to be small.
      guard [tile, item, tileDepth, groupSize, walkDown].allSatisfy({ (1...4096).contains($0) })
      else { return false }
      // Kernels take four values at a time, and an item's in pieces of two or four.
      return tile % item == 0 && item % 2 == 0 && groupSize % walkDown == 0
        && [tile, sumTile, tileDepth, walkRows, walkColumns].allSatisfy { $0 % 4 == 0 }
        && groupSize <= device.largestWorkGroup
        && productGroup <= device.largestWorkGroup
        && [.walk, .sums, .tiles].allSatisfy { (file: KernelModule.File) in
          localBytes(of: file) <= device.localMemoryBytes
        }
    }
  }

  /// The constants that matter to the schedule.
  public var text: String {
    switch schedule {
    case .panels: "panels, blocks of \(blockRows) rows, \(registers) tiles"
    case .tiles:
      "tiles of \(tile) x \(tile), depth \(tileDepth), \(item) x \(item) an item, "
        + "groups of \(groupSize) in \(walkDown) rows"
    }
  }

  /// The tunings worth trying on a device: block heights for panels, shapes of tiles and groups.
  public static func candidates(for device: DeviceDescription, schedule: Schedule) -> [Tuning] {
    let result: [Tuning]
    switch schedule {
    case .panels:
      result = Registers.allCases.flatMap { registers in
        [25, 50, 75, 100, 150, 200].map { rows in
          Tuning(schedule: .panels, blockRows: rows, registers: registers)
        }
      }
    case .tiles:
      let shapes = [(16, 2), (32, 4), (64, 4), (64, 8), (128, 8)]
      let walks = [(64, 4), (128, 4), (128, 8), (256, 4), (256, 8)]
      result = shapes.flatMap { tile, item in
        [8, 16].flatMap { depth in
          walks.map { group, down in
            Tuning(
              schedule: .tiles, groupSize: group, tile: tile, tileDepth: depth, item: item,
              walkDown: down)
          }
        }
      }
    }
    return result.filter { $0.fits(device) }
  }

  /// Every tuning in the table.
  static var all: [Tuning] { table.map(\.tuning) }

  /// The tunings of a schedule that devices run until one was found for them: the usual one, and those
  /// for devices that cannot run it or are better off otherwise.
  public static func standards(of schedule: Schedule) -> [Tuning] {
    let usual = Tuning(schedule: schedule)
    return [usual] + all.filter { $0.schedule == schedule && $0 != usual }
  }

  /// A tuning, and the devices that it suits.
  private struct Entry {
    /// Nil for any.
    var kind: DeviceDescription.Kind?
    /// The most floats that an instruction takes at once; nil for any number.
    var vectorWidth: Int?
    var tuning: Tuning

    func suits(_ device: DeviceDescription) -> Bool {
      vectorWidth.map { (1...$0).contains(device.vectorWidth) } ?? true
    }
  }

  /// The first that suits a device, and that the device can run, is taken.
  private static let table: [Entry] = [
    Entry(kind: .cpu, vectorWidth: 8, tuning: Tuning(schedule: .panels, registers: .low)),
    // Most processors with registers of 16 floats multiply and add twice at once, which one load each could
    // not feed.
    Entry(kind: .cpu, tuning: Tuning(schedule: .panels)),
    Entry(tuning: Tuning(schedule: .tiles)),
    Entry(tuning: Tuning(schedule: .tiles, groupSize: 32, tile: 16, tileDepth: 16, item: 2)),
    Entry(
      tuning: Tuning(
        schedule: .tiles, groupSize: 1, tile: 8, tileDepth: 8, item: 8, walkDown: 1)),
  ]

  /// The tuning for a device: what `tune` found there, else the standard.
  ///
  /// - Parameters:
  ///   - device: The device.
  ///   - schedule: Only entries of this schedule; nil for the one that suits the device.
  public static func choose(for device: DeviceDescription, schedule: Schedule? = nil) -> Tuning {
    choices(for: device, schedule: schedule).tunings[0]
  }

  /// The tunings for a device, of which the first whose kernels turn out to run there is to be taken,
  /// and why what was kept for it is not among them.
  static func choices(
    for device: DeviceDescription, schedule: Schedule? = nil, store: TuningStore? = .standard
  ) -> (tunings: [Tuning], note: String?) {
    let standards = standards(for: device, schedule: schedule)
    switch store?.load(for: device, standards[0].schedule) {
    case .tuning(let tuning): return ([tuning] + standards, nil)
    case .useless(let reason): return (standards, reason)
    case nil: return (standards, nil)
    }
  }

  /// The tuning for a device that was never tuned.
  public static func standard(
    for device: DeviceDescription, schedule: Schedule? = nil
  ) -> Tuning {
    standards(for: device, schedule: schedule)[0]
  }

  /// The tunings of one schedule that the device can run as far as it says, the best first.
  private static func standards(
    for device: DeviceDescription, schedule: Schedule?
  ) -> [Tuning] {
    let suitable = table.filter { entry in
      let isOfKind =
        schedule.map { entry.tuning.schedule == $0 }
        ?? (entry.kind == nil || entry.kind == device.kind)
      return isOfKind && entry.suits(device)
    }.map(\.tuning).filter { $0.fits(device) }
    guard let first = suitable.first else { return [Tuning(schedule: schedule ?? .panels)] }
    return suitable.filter { $0.schedule == first.schedule }
  }
}
