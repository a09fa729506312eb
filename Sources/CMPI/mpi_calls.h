// MPI's macros, and the calls with such arguments. Each returns an error of MPI.
#ifndef MPI_CALLS_H
#define MPI_CALLS_H

#include <mpi.h>

// A call under way: an integer to one MPI, a pointer to another.
typedef struct {
  MPI_Request value;
} RanksRequest;

// Starts MPI for calls from one thread at a time; errors are returned instead of ending the process.
static inline int ranks_start(int *rank, int *count) {
  int provided;
  int status = MPI_Init_thread(0, 0, MPI_THREAD_SERIALIZED, &provided);
  if (status) return status;
  if (provided < MPI_THREAD_SERIALIZED) return MPI_ERR_OTHER;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  status = MPI_Comm_rank(MPI_COMM_WORLD, rank);
  return status ? status : MPI_Comm_size(MPI_COMM_WORLD, count);
}

static inline int ranks_exchange(const float *sent, const int *counts, const int *places,
                                 float *received, const int *their_counts, const int *their_places,
                                 RanksRequest *request) {
  return MPI_Ialltoallv(sent, counts, places, MPI_FLOAT, received, their_counts, their_places, MPI_FLOAT,
                        MPI_COMM_WORLD, &request->value);
}

static inline int ranks_gather(const float *sent, int count, float *received, const int *their_counts,
                               const int *their_places, RanksRequest *request) {
  return MPI_Iallgatherv(sent, count, MPI_FLOAT, received, their_counts, their_places, MPI_FLOAT,
                         MPI_COMM_WORLD, &request->value);
}

static inline int ranks_test(RanksRequest *request, int *is_done) {
  return MPI_Test(&request->value, is_done, MPI_STATUS_IGNORE);
}

static inline void ranks_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

#ifdef __linux__
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

// Starts this program once more, in a process group of its own and with the signals of `mask` held back;
// 0, or an error of errno.h.
static inline int ranks_spawn(pid_t *child, char *const *arguments, const sigset_t *mask) {
  posix_spawnattr_t attributes;
  int status = posix_spawnattr_init(&attributes);
  if (status) return status;
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, mask);
  status = posix_spawn(child, "/proc/self/exe", 0, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  return status;
}

// Ends the process when the one that started it ends.
static inline int ranks_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

// The processors that the process may use, a bit each; the number of bytes, or -1.
static inline long ranks_processors(unsigned char *mask, long size) {
  return syscall(SYS_sched_getaffinity, 0, size, mask);
}

// Keeps the process, and threads that it makes from now on, to some processors.
static inline long ranks_keep_to(const unsigned char *mask, long size) {
  return syscall(SYS_sched_setaffinity, 0, size, mask);
}
#endif

#endif
