#if MPI && os(Linux)
  import CMPI
  import Compute
  import Foundation

  /// The process that a launcher started for a rank: it starts the rank proper, waits for its end, and says
  /// which one it was where the rank could not. A launcher ends the others at once, and may name any.
  enum Supervisor {
    /// Tells the rank that it is the one proper, by the process that it must be a child of.
    private static let mark = "IWAE_GPU_SUPERVISOR"
    /// Passed on to the rank.
    private static let signals = [
      SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGTSTP, SIGCONT,
    ]

    /// Returns in the rank proper alone. Called before there are threads.
    ///
    /// - Parameters:
    ///   - rank: The rank.
    ///   - remedy: What to do where it died.
    static func begin(rank: Int, remedy: String) {
      if let parent = getenv(mark).flatMap({ Int32(String(cString: $0)) }), parent == getppid() {
        unsetenv(mark)
        _ = ranks_end_with_parent()
        // It may have ended before that.
        if getppid() != parent { _exit(1) }
        return
      }
      setenv(mark, "\(getpid())", 1)
      // Where ends of children are ignored, nobody would hear of the rank's.
      signal(SIGCHLD, SIG_DFL)
      var (waited, former) = (sigset_t(), sigset_t())
      sigemptyset(&waited)
      for number in signals + [SIGCHLD] { sigaddset(&waited, number) }
      pthread_sigmask(SIG_BLOCK, &waited, &former)
      var child: pid_t = 0
      guard ranks_spawn(&child, CommandLine.unsafeArgv, &former) == 0 else {
        // Without one, the rank does without.
        pthread_sigmask(SIG_SETMASK, &former, nil)
        unsetenv(mark)
        return
      }
      exit(wait(for: child, &waited) { tell(rank, child, $0, remedy) })
    }

    /// - Parameters:
    ///   - child: The rank proper.
    ///   - waited: The signals that are waited for.
    ///   - tell: Told of the signal that ended it, where nobody asked for that.
    /// - Returns: The status to end with.
    private static func wait(
      for child: pid_t, _ waited: inout sigset_t, _ tell: (CInt) -> Void
    ) -> Int32 {
      var isAsked = false
      while true {
        var (number, status): (CInt, CInt) = (0, 0)
        sigwait(&waited, &number)
        if number == SIGTSTP {
          kill(child, SIGSTOP)
          raise(SIGSTOP)
        } else if number != SIGCHLD {
          isAsked = isAsked || number != SIGCONT
          kill(child, number)
        } else if waitpid(child, &status, WNOHANG) == child {
          let signal = status & 0x7f
          // MPI ends a rank so that notices another's end, whose own word comes first: the launcher ends
          // this process meanwhile.
          if signal == SIGABRT { sleep(1) }
          if signal != 0, !isAsked { tell(signal) }
          return signal == 0 ? status >> 8 & 0xff : 128 + signal
        }
      }
    }

    private static func tell(_ rank: Int, _ child: pid_t, _ signal: CInt, _ remedy: String) {
      let text =
        "Error: Rank \(rank) (process \(child) on '\(ProcessInfo.processInfo.hostName)') was ended by "
        + "signal \(signal) (\(String(cString: strsignal(signal)))), and the others stop with it. "
        + "\(remedy)\n"
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
  }
#endif
