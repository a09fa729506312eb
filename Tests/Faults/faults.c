// A library to load before all others (LD_PRELOAD): one call of the system or of OpenCL fails, or the
// process is killed in it. scripts/faults uses it.
//
//   FAULT_CALL    the calls, each between spaces: write, rename, clEnqueueNDRangeKernel, ...; syncdir is
//                 fsync of a folder
//   FAULT_NUMBER  which of these calls fails, from 1 on; 0 for none
//   FAULT_KIND    a number: the call fails with this errno, or this status of OpenCL, and does nothing;
//                 short: a write takes half of its bytes; kill: the process is killed before the call does
//                 anything; half: the same, but of a write half of the bytes are written; lost: this call
//                 and all later ones of OpenCL fail, as of a device that is gone
//   FAULT_PATH    calls on files count only below this folder, where the process works
//   FAULT_COUNT   a file that gets, when the process exits, the number of calls, of objects of OpenCL
//                 that were never released, and of files below FAULT_PATH that were never closed
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FILES = 4096, DEVICE_NOT_AVAILABLE = -2, OUT_OF_RESOURCES = -5 };

static atomic_int calls, is_lost, objects;
static atomic_bool is_ours[MOST_FILES];

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

static void *next_function(const char *name) { return dlsym(RTLD_NEXT, name); }
#define NEXT(type, name) ((type)next_function(name))

// True if this call is the one that fails.
static int is_faulty(const char *name) {
  char word[64];
  snprintf(word, sizeof word, " %s ", name);
  if (!strstr(setting("FAULT_CALL"), word)) return 0;
  int wanted = atoi(setting("FAULT_NUMBER"));
  if (atomic_fetch_add(&calls, 1) + 1 != wanted) return 0;
  const char *kind = setting("FAULT_KIND");
  if (!strcmp(kind, "kill") || (!strcmp(kind, "half") && strcmp(name, "write"))) kill(getpid(), SIGKILL);
  return 1;
}

static int is_below(const char *path) {
  const char *folder = setting("FAULT_PATH");
  return path && *folder && (*path != '/' || !strncmp(path, folder, strlen(folder)));
}

static int is_file(int file) { return file >= 0 && file < MOST_FILES && is_ours[file]; }

static int refuse(void) {
  errno = atoi(setting("FAULT_KIND"));
  return -1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = setting("FAULT_COUNT");
  if (!*path) return;
  int file = NEXT(int (*)(const char *, int, ...), "open")(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  int files = 0;
  for (int index = 0; index < MOST_FILES; index++) files += is_ours[index];
  char text[64];
  int length = snprintf(text, sizeof text, "%d %d %d\n", calls, objects, files);
  if (file >= 0 && NEXT(ssize_t (*)(int, const void *, size_t), "write")(file, text, length) == length)
    NEXT(int (*)(int), "close")(file);
}

// MARK: Files

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
  va_end(list);
  if (is_below(path) && is_faulty("open")) return refuse();
  int file = NEXT(int (*)(const char *, int, ...), "open")(path, flags, mode);
  if (file >= 0 && file < MOST_FILES) is_ours[file] = is_below(path);
  return file;
}

int close(int file) {
  if (file >= 0 && file < MOST_FILES) is_ours[file] = 0;
  return NEXT(int (*)(int), "close")(file);
}

ssize_t write(int file, const void *bytes, size_t count) {
  typedef ssize_t call(int, const void *, size_t);
  if (is_file(file) && is_faulty("write")) {
    int is_half = !strcmp(setting("FAULT_KIND"), "half");
    if (!is_half && strcmp(setting("FAULT_KIND"), "short")) return refuse();
    ssize_t written = NEXT(call *, "write")(file, bytes, (count + 1) / 2);
    if (is_half) kill(getpid(), SIGKILL);
    return written;
  }
  return NEXT(call *, "write")(file, bytes, count);
}

#define ON_FILE(type, name, parameters, file, arguments)      \
  type name parameters {                                      \
    if (is_file(file) && is_faulty(#name)) return refuse();   \
    return NEXT(type(*) parameters, #name) arguments;         \
  }

ON_FILE(ssize_t, read, (int file, void *bytes, size_t count), file, (file, bytes, count))
ON_FILE(ssize_t, pread, (int file, void *bytes, size_t count, off_t offset), file,
        (file, bytes, count, offset))
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset), file,
        (file, bytes, count, offset))
ON_FILE(int, ftruncate, (int file, off_t length), file, (file, length))
ON_FILE(int, flock, (int file, int operation), file, (file, operation))

// Folders are synced by the same call, which goes by a name of its own there.
int fsync(int file) {
  struct stat status;
  int is_folder = is_file(file) && !fstat(file, &status) && S_ISDIR(status.st_mode);
  if (is_file(file) && is_faulty(is_folder ? "syncdir" : "fsync")) return refuse();
  return NEXT(int (*)(int), "fsync")(file);
}

#define ON_PATH(name, parameters, path, arguments)            \
  int name parameters {                                       \
    if (is_below(path) && is_faulty(#name)) return refuse();  \
    return NEXT(int(*) parameters, #name) arguments;          \
  }

ON_PATH(rename, (const char *from, const char *to), from, (from, to))
ON_PATH(mkdir, (const char *path, mode_t mode), path, (path, mode))
ON_PATH(unlink, (const char *path), path, (path))

// MARK: OpenCL

// The status with which a call of OpenCL fails; 0 if it does not.
static int status_of(const char *name) {
  if (is_lost) return DEVICE_NOT_AVAILABLE;
  if (!is_faulty(name)) return 0;
  if (!strcmp(setting("FAULT_KIND"), "lost")) {
    is_lost = 1;
    return DEVICE_NOT_AVAILABLE;
  }
  int status = atoi(setting("FAULT_KIND"));
  return status ? status : OUT_OF_RESOURCES;
}

// Calls that return a status, those that return an object and leave their status at a place, and those
// that give an object back.
#define STATUS(name, parameters, arguments)             \
  int name parameters {                                 \
    int status = status_of(#name);                      \
    return status ? status : NEXT(int(*) parameters, #name) arguments; \
  }
#define OBJECT(name, parameters, arguments)             \
  void *name parameters {                               \
    int found = status_of(#name);                       \
    void *made = found ? NULL : NEXT(void *(*) parameters, #name) arguments; \
    if (found && status) *status = found;               \
    objects += made != NULL;                            \
    return made;                                        \
  }
#define RELEASE(name)                                   \
  int name(void *object) {                              \
    objects--;                                          \
    return NEXT(int (*)(void *), #name)(object);        \
  }

OBJECT(clCreateContext, (void *a, unsigned b, void *c, void *d, void *e, int *status),
       (a, b, c, d, e, status))
OBJECT(clCreateCommandQueue, (void *a, void *b, unsigned long c, int *status), (a, b, c, status))
OBJECT(clCreateBuffer, (void *a, unsigned long b, size_t c, void *d, int *status),
       (a, b, c, d, status))
OBJECT(clCreateProgramWithSource, (void *a, unsigned b, void *c, void *d, int *status),
       (a, b, c, d, status))
OBJECT(clCreateProgramWithBinary,
       (void *a, unsigned b, void *c, void *d, void *e, void *f, int *status),
       (a, b, c, d, e, f, status))
OBJECT(clCreateKernel, (void *a, const char *b, int *status), (a, b, status))
OBJECT(clEnqueueMapBuffer,
       (void *a, void *b, unsigned c, unsigned long d, size_t e, size_t f, unsigned g, void *h, void *i,
        int *status),
       (a, b, c, d, e, f, g, h, i, status))
RELEASE(clReleaseContext)
RELEASE(clReleaseCommandQueue)
RELEASE(clReleaseMemObject)
RELEASE(clReleaseProgram)
RELEASE(clReleaseKernel)
RELEASE(clReleaseEvent)
STATUS(clGetPlatformIDs, (unsigned a, void *b, unsigned *c), (a, b, c))
STATUS(clGetDeviceIDs, (void *a, unsigned long b, unsigned c, void *d, unsigned *e), (a, b, c, d, e))
STATUS(clGetPlatformInfo, (void *a, unsigned b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clGetDeviceInfo, (void *a, unsigned b, size_t c, void *d, size_t *e), (a, b, c, d, e))
STATUS(clGetKernelWorkGroupInfo, (void *a, void *b, unsigned c, size_t d, void *e, size_t *f),
       (a, b, c, d, e, f))
STATUS(clBuildProgram, (void *a, unsigned b, void *c, const char *d, void *e, void *f),
       (a, b, c, d, e, f))
STATUS(clSetKernelArg, (void *a, unsigned b, size_t c, const void *d), (a, b, c, d))
STATUS(clEnqueueReadBuffer,
       (void *a, void *b, unsigned c, size_t d, size_t e, void *f, unsigned g, void *h, void *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clEnqueueWriteBuffer,
       (void *a, void *b, unsigned c, size_t d, size_t e, const void *f, unsigned g, void *h, void *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clEnqueueFillBuffer,
       (void *a, void *b, const void *c, size_t d, size_t e, size_t f, unsigned g, void *h, void *i),
       (a, b, c, d, e, f, g, h, i))
STATUS(clFlush, (void *a), (a))
STATUS(clFinish, (void *a), (a))
STATUS(clGetEventProfilingInfo, (void *a, unsigned b, size_t c, void *d, void *e), (a, b, c, d, e))

int clEnqueueUnmapMemObject(void *a, void *b, void *c, unsigned d, void *e, void *f) {
  typedef int call(void *, void *, void *, unsigned, void *, void *);
  int status = status_of("clEnqueueUnmapMemObject");
  objects--;
  return status ? status : NEXT(call *, "clEnqueueUnmapMemObject")(a, b, c, d, e, f);
}

int clEnqueueNDRangeKernel(void *a, void *b, unsigned c, void *d, void *e, void *f, unsigned g,
                           void *h, void **event) {
  typedef int call(void *, void *, unsigned, void *, void *, void *, unsigned, void *, void **);
  int status = status_of("clEnqueueNDRangeKernel");
  if (!status) status = NEXT(call *, "clEnqueueNDRangeKernel")(a, b, c, d, e, f, g, h, event);
  objects += !status && event;
  return status;
}
