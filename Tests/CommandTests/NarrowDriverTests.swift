import Commands
import Foundation
import OpenCLDevice
import Testing

@testable import iwae_gpu

#if os(Linux)
  /// Drivers whose kernels take less than the device says.
  @Suite struct NarrowDriverTests {
    /// Walks too may have room for fewer work-items than the device names: the next tuning has smaller groups.
    /// Nothing is compiled that no program needs.
    @Test func aTuningWhoseWalksFitIsTaken() throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      let library = try FalseDriver.library(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stddef.h>
        #include <stdio.h>
        #include <string.h>
        typedef int group(void *, void *, unsigned, size_t, void *, size_t *);
        typedef int about(void *, unsigned, size_t, void *, size_t *);
        typedef void *make(void *, unsigned, const char **, const size_t *, int *);
        typedef int start(void *, void *, unsigned, void *, size_t *, size_t *, unsigned, void *, void *);
        enum { FUNCTION_NAME = 0x1190, WORK_GROUP_SIZE = 0x11B0 };
        static int is(void *kernel, const char *expected) {
          char name[256] = "";
          ((about *)dlsym(RTLD_NEXT, "clGetKernelInfo"))(kernel, FUNCTION_NAME, sizeof name, name, NULL);
          return !strcmp(name, expected);
        }
        int clGetKernelWorkGroupInfo(void *kernel, void *device, unsigned key, size_t size, void *value,
                                     size_t *count) {
          int status = ((group *)dlsym(RTLD_NEXT, "clGetKernelWorkGroupInfo"))(
              kernel, device, key, size, value, count);
          if (key == WORK_GROUP_SIZE && value && is(kernel, "walk_rows")) *(size_t *)value = 32;
          return status;
        }
        void *clCreateProgramWithSource(void *context, unsigned count, const char **texts,
                                        const size_t *sizes, int *status) {
          for (unsigned i = 0; i < count; i++)
            if (strstr(texts[i], "multiply_forward")) fputs("PRODUCTS\\n", stderr);
          return ((make *)dlsym(RTLD_NEXT, "clCreateProgramWithSource"))(
              context, count, texts, sizes, status);
        }
        // The peak takes minutes to measure where nothing is optimized.
        int clEnqueueNDRangeKernel(void *queue, void *kernel, unsigned dimensions, void *offset,
                                   size_t *global, size_t *local, unsigned waits, void *waited,
                                   void *event) {
          if (is(kernel, "measure_peak") || is(kernel, "measure_copy")) return 0;
          return ((start *)dlsym(RTLD_NEXT, "clEnqueueNDRangeKernel"))(
              queue, kernel, dimensions, offset, global, local, waits, waited, event);
        }
        """, in: folder)
      let outcome = try FalseDriver.run(
        [
          "bench", "--evaluate", "--samples", "2", "--batch", "2", "--steps", "1", "--layers",
          "3:2",
          "--data-size", "4", "--kernels", "tiles", "--trust-driver",
        ],
        environment: [
          "LD_PRELOAD": library.path, "XDG_CACHE_HOME": folder.path,
          "POCL_EXTRA_BUILD_FLAGS": "-cl-opt-disable",
        ])
      #expect(outcome.end == .exited(0), "\(outcome.error)")
      #expect(!outcome.error.contains("PRODUCTS"), "\(outcome.error)")
    }
  }
#endif
