import Foundation

/// Work on a thread of its own: a sequence of what it tells of while it goes on, and its outcome.
///
/// It begins when somebody listens or waits. Whoever leaves the loop, or cancels the task that listens
/// or waits, asks it to stop; `outcome` then waits until it has, and has saved what it saves.
///
///     let passes = run.passes(on: { try OpenCLDevice.open() })
///     for try await pass in passes where pass.bound > -90 { break }
///     // Nil, because training was stopped: what it saved is evaluated apart.
///     _ = try await passes.outcome
///     let stored = try StoredModel(run.folder.path)
///     let evaluation = ModelEvaluation(
///       stored.model, parameters: stored.parameters, images: run.images.split.test,
///       binarization: .sample, seed: 0)
///     let report = try await evaluation.progress(on: { try OpenCLDevice.open() }).outcome
public final class Work<Element: Sendable, Outcome: Sendable>: AsyncSequence, Sendable {
  /// The work itself, given a way to tell, and a request to stop that it heeds.
  typealias Body =
    @Sendable (_ tell: @escaping (Element) -> Void, _ stopping: StopRequest) throws -> Outcome

  private let body: Body
  private let notBegun: Outcome
  private let stopping = StopRequest()
  private let told: AsyncThrowingStream<Element, any Error>
  private let teller: AsyncThrowingStream<Element, any Error>.Continuation
  private let state = State()

  /// - Parameters:
  ///   - notBegun: The outcome where it was stopped before it began.
  ///   - body: The work.
  init(ifNotBegun notBegun: Outcome, _ body: @escaping Body) {
    (self.notBegun, self.body) = (notBegun, body)
    (told, teller) = AsyncThrowingStream.makeStream()
    // The task that listens was cancelled, or the work has ended.
    teller.onTermination = { [stopping] _ in stopping.request() }
  }

  /// Asks it to stop. Before it began, nothing of it is done.
  public func stop() { stopping.request() }

  /// The result, once it is there.
  public var outcome: Outcome {
    get async throws {
      begin()
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { state.add($0) }
      } onCancel: {
        stop()
      }
    }
  }

  /// Every element is told to one listener; there is no second.
  public func makeAsyncIterator() -> AsyncIterator {
    precondition(
      state.isHeardFirst(),
      "Work tells one listener. Wait for 'outcome' to learn when it has ended.")
    begin()
    return AsyncIterator(told: told.makeAsyncIterator(), listener: Listener(stopping))
  }

  private func begin() {
    guard state.begins() else { return }
    Thread.detachNewThread { [body, notBegun, stopping, teller, state] in
      let result = Result {
        stopping.isRequested ? notBegun : try body({ teller.yield($0) }, stopping)
      }
      switch result {
      case .success: teller.finish()
      case .failure(let error): teller.finish(throwing: error)
      }
      state.finish(result)
    }
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var told: AsyncThrowingStream<Element, any Error>.Iterator
    fileprivate let listener: Listener

    public mutating func next() async throws -> Element? {
      try await told.next()
    }
  }

  /// Asks the work to stop when it is gone.
  fileprivate final class Listener: Sendable {
    private let stopping: StopRequest

    init(_ stopping: StopRequest) { self.stopping = stopping }

    deinit { stopping.request() }
  }

  /// The beginning of the work, its result, and those who wait for that.
  private final class State: @unchecked Sendable {
    private let lock = NSLock()
    private var began = false
    private var isHeard = false
    private var result: Result<Outcome, any Error>?
    private var waiting: [CheckedContinuation<Outcome, any Error>] = []

    /// True the first time.
    func begins() -> Bool {
      lock.withLock {
        defer { began = true }
        return !began
      }
    }

    /// True for the first listener.
    func isHeardFirst() -> Bool {
      lock.withLock {
        defer { isHeard = true }
        return !isHeard
      }
    }

    func add(_ continuation: CheckedContinuation<Outcome, any Error>) {
      let result = lock.withLock {
        if self.result == nil { waiting.append(continuation) }
        return self.result
      }
      if let result { continuation.resume(with: result) }
    }

    func finish(_ result: Result<Outcome, any Error>) {
      let waiting = lock.withLock {
        self.result = result
        defer { self.waiting = [] }
        return self.waiting
      }
      for continuation in waiting { continuation.resume(with: result) }
    }
  }
}
