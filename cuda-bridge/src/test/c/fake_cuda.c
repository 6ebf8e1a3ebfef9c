/*
 * A driver library for machines without a GPU. It really copies, runs streams on threads of their own, and runs the
 * gather kernels; "device memory" is shared memory of the host, so that IPC handles work between processes.
 *
 * What it answers about the machine, from the environment: FAKE_CUDA_INIT (status of cuInit), FAKE_CUDA_VERSION,
 * FAKE_CUDA_DEVICES (count), FAKE_CUDA_MEMORY (status of cuDeviceTotalMem_v2), FAKE_CUDA_CAPABILITY.
 *
 * It checks what a driver can't: copies from or to memory that was freed before they were done, handles that were
 * destroyed, calls without a current context. Such a mistake is a "violation", counted and printed.
 *
 * Failures: fake_cuda_fail(seed, per_mille) lets calls fail at random, fake_cuda_fail_call(name, n) the nth one of a
 * function from now, and fake_cuda_fail(0, 0) no more of them. A call that makes something then makes nothing;
 * a call that gives something back does that and reports the failure all the same, as the driver's do with errors of
 * earlier asynchronous work.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, INVALID_HANDLE = 400,
       NOT_FOUND = 500, LAUNCH_FAILED = 719, MAX_LIVE = 4096, MAX_STACK = 16 };

enum kind { CONTEXT, MODULE, PINNED, DEVICE, STREAM, EVENT, IMPORT, KINDS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Everything below is guarded by the lock. */

struct block {
  enum kind kind;
  char *start;
  size_t bytes;
  int users; /* operations under way */
  char name[48];
};

static struct block *blocks[MAX_LIVE];
static long live[KINDS];
static long violations;
static long copy_delay_us;
static uint64_t fail_state;
static int fail_per_mille;
static long fail_countdown;
static char fail_name[64];
static bool failures_are_on;

static int setting(const char *name, int otherwise) {
  const char *value = getenv(name);
  return value ? atoi(value) : otherwise;
}

static int violation(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "fake CUDA driver, violation: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  violations++;
  return INVALID_VALUE;
}

/* Returns whether a call is to fail. */
static bool fails(const char *name) {
  fail_state = fail_state * 6364136223846793005u + 1442695040888963407u;
  if (fail_countdown > 0 && !strcmp(fail_name, name) && --fail_countdown == 0) return true;
  return (fail_state >> 33) % 1000 < (uint64_t)fail_per_mille;
}

/* For the tests. */

void fake_cuda_fail(uint64_t seed, int per_mille) {
  pthread_mutex_lock(&lock);
  fail_state = seed;
  fail_per_mille = per_mille;
  fail_countdown = 0;
  failures_are_on = per_mille > 0;
  pthread_mutex_unlock(&lock);
}

void fake_cuda_fail_call(const char *name, long call) {
  pthread_mutex_lock(&lock);
  snprintf(fail_name, sizeof fail_name, "%s", name);
  fail_countdown = call;
  failures_are_on = true;
  pthread_mutex_unlock(&lock);
}

/* Returns how many calls the failing one is still away; 0 when it came. */
long fake_cuda_fail_left(void) {
  pthread_mutex_lock(&lock);
  long left = fail_countdown;
  pthread_mutex_unlock(&lock);
  return left;
}

void fake_cuda_copy_delay(long microseconds) {
  pthread_mutex_lock(&lock);
  copy_delay_us = microseconds;
  pthread_mutex_unlock(&lock);
}

long fake_cuda_live(int kind) {
  pthread_mutex_lock(&lock);
  long count = live[kind];
  pthread_mutex_unlock(&lock);
  return count;
}

long fake_cuda_violations(void) {
  pthread_mutex_lock(&lock);
  long count = violations;
  pthread_mutex_unlock(&lock);
  return count;
}

/* Contexts: one, the primary one, counted; each thread has a stack of current ones. */

static int primary_users;
static char primary_context[] = "primary context";
static __thread void *stack[MAX_STACK];
static __thread int depth;

static bool is_current(void) { return depth > 0 && stack[depth - 1] == primary_context; }

/* Enters a call that makes or uses something: the lock is held when it returns 0. */
static int enter(const char *name) {
  pthread_mutex_lock(&lock);
  int status = fails(name)                      ? LAUNCH_FAILED
               : !is_current() || !primary_users ? INVALID_CONTEXT
                                                 : SUCCESS;
  /* Without failures everybody binds a context first; after one of binding it, releases are tried all the same. */
  if (status == INVALID_CONTEXT && !failures_are_on) violation("%s without a current context", name);
  if (status) pthread_mutex_unlock(&lock);
  return status;
}

/* Enters a call that gives something back: it is done in any case, and this is what it reports. */
static int enter_release(const char *name) {
  pthread_mutex_lock(&lock);
  return fails(name) ? LAUNCH_FAILED : SUCCESS;
}

static int leave(int status) {
  pthread_mutex_unlock(&lock);
  return status;
}

int cuInit(unsigned int flags) { return flags == 0 ? setting("FAKE_CUDA_INIT", 0) : INVALID_VALUE; }

int cuDriverGetVersion(int *version) {
  *version = setting("FAKE_CUDA_VERSION", 12040);
  return SUCCESS;
}

int cuDeviceGetCount(int *count) {
  *count = setting("FAKE_CUDA_DEVICES", 2);
  return SUCCESS;
}

int cuDeviceGet(int *device, int ordinal) {
  *device = 100 + ordinal;
  return SUCCESS;
}

int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, length, "Fake GPU of handle %d", device);
  return SUCCESS;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  *bytes = ((size_t)(device - 99) * 24) << 30;
  return setting("FAKE_CUDA_MEMORY", 0);
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  pthread_mutex_lock(&lock);
  if (fails(__func__)) return leave(LAUNCH_FAILED);
  int capability = setting("FAKE_CUDA_CAPABILITY", 90);
  *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : 0;
  return leave(device >= 100 ? SUCCESS : INVALID_VALUE);
}

int cuGetErrorName(int error, const char **text) {
  *text = error == 100   ? "CUDA_ERROR_NO_DEVICE"
          : error == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"
          : error == 719 ? "CUDA_ERROR_LAUNCH_FAILED"
                         : NULL;
  return *text ? SUCCESS : INVALID_VALUE;
}

int cuGetErrorString(int error, const char **text) {
  *text = error == 100 ? "no CUDA-capable device is detected" : "fake words";
  return SUCCESS;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
  pthread_mutex_lock(&lock);
  if (fails(__func__)) return leave(LAUNCH_FAILED);
  if (device < 100) return leave(INVALID_VALUE);
  primary_users++;
  live[CONTEXT]++;
  *context = primary_context;
  return leave(SUCCESS);
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  int status = enter_release(__func__);
  if (primary_users == 0 || device < 100) return leave(violation("a context released too often"));
  primary_users--;
  live[CONTEXT]--;
  return leave(status);
}

int cuCtxPushCurrent_v2(void *context) {
  pthread_mutex_lock(&lock);
  if (fails(__func__)) return leave(LAUNCH_FAILED);
  if (depth == MAX_STACK) return leave(violation("contexts were pushed and not popped"));
  stack[depth++] = context;
  return leave(SUCCESS);
}

int cuCtxPopCurrent_v2(void **context) {
  int status = enter_release(__func__);
  if (depth == 0) return leave(violation("more contexts popped than pushed"));
  *context = stack[--depth];
  return leave(status);
}

/* Memory. */

static struct block *containing(enum kind kind, const void *at, size_t bytes) {
  for (int i = 0; i < MAX_LIVE; i++) {
    struct block *b = blocks[i];
    if (b && b->kind == kind && (char *)at >= b->start && (char *)at + bytes <= b->start + b->bytes) return b;
  }
  return NULL;
}

static struct block *device_block(uint64_t at, size_t bytes) {
  struct block *b = containing(DEVICE, (void *)at, bytes);
  return b ? b : containing(IMPORT, (void *)at, bytes);
}

static struct block *add_block(enum kind kind, size_t bytes) {
  for (int i = 0; i < MAX_LIVE; i++) {
    if (!blocks[i]) {
      struct block *b = calloc(1, sizeof *b);
      b->kind = kind;
      b->bytes = bytes;
      live[kind]++;
      return blocks[i] = b;
    }
  }
  abort();
}

static struct block *starting(enum kind kind, const void *start) {
  for (int i = 0; i < MAX_LIVE; i++)
    if (blocks[i] && blocks[i]->kind == kind && blocks[i]->start == start) return blocks[i];
  return NULL;
}

static void remove_block(struct block *b) {
  for (int i = 0; i < MAX_LIVE; i++)
    if (blocks[i] == b) blocks[i] = NULL;
  live[b->kind]--;
  free(b);
}

int cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags) {
  int status = enter(__func__);
  if (status) return status;
  if (flags != 3) return leave(violation("cuMemHostAlloc with flags %u", flags));
  struct block *b = add_block(PINNED, bytes);
  b->start = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  *memory = b->start;
  return leave(SUCCESS);
}

int cuMemFreeHost(void *memory) {
  int status = enter_release(__func__);
  struct block *b = starting(PINNED, memory);
  if (!b) return leave(violation("pinned memory freed that is none"));
  if (b->users) violation("pinned memory freed while %d operations use it", b->users);
  memset(b->start, 0xdd, b->bytes);
  free(b->start);
  remove_block(b);
  return leave(status);
}

static char *map_shared(const char *name, size_t bytes, int flags) {
  int file = shm_open(name, flags, 0600);
  if (file < 0) return NULL;
  if ((flags & O_CREAT) && ftruncate(file, bytes)) abort();
  char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return start == MAP_FAILED ? NULL : start;
}

int cuMemAlloc_v2(uint64_t *pointer, size_t bytes) {
  static long number;
  int status = enter(__func__);
  if (status) return status;
  struct block *b = add_block(DEVICE, bytes);
  snprintf(b->name, sizeof b->name, "/fake-cuda-%d-%ld", getpid(), number++);
  b->start = map_shared(b->name, bytes, O_CREAT | O_EXCL | O_RDWR);
  if (!b->start) abort();
  *pointer = (uint64_t)b->start;
  return leave(SUCCESS);
}

/* Like the driver's, it waits for the operations that use the memory. */
int cuMemFree_v2(uint64_t pointer) {
  int status = enter_release(__func__);
  struct block *b = starting(DEVICE, (void *)pointer);
  if (!b) return leave(violation("device memory freed that is none"));
  while (b->users) pthread_cond_wait(&changed, &lock);
  munmap(b->start, b->bytes);
  shm_unlink(b->name);
  remove_block(b);
  return leave(status);
}

/* Events. */

struct event {
  int flags;
  long recorded, reached, waiters;
  bool imported;
};

static bool is_live(enum kind kind, const void *object) { return containing(kind, object, 1) != NULL; }

static void *add_object(enum kind kind, size_t bytes) {
  struct block *b = add_block(kind, bytes);
  b->start = calloc(1, bytes);
  return b->start;
}

static void remove_object(enum kind kind, void *object) {
  remove_block(starting(kind, object));
  free(object);
}

int cuEventCreate(struct event **event, unsigned int flags) {
  int status = enter(__func__);
  if (status) return status;
  if (!(flags & 2)) return leave(violation("an event that takes time"));
  *event = add_object(EVENT, sizeof **event);
  (*event)->flags = flags;
  return leave(SUCCESS);
}

int cuEventDestroy_v2(struct event *event) {
  int status = enter_release(__func__);
  if (!is_live(EVENT, event)) return leave(violation("an event destroyed that is none"));
  while (event->waiters || event->recorded > event->reached) pthread_cond_wait(&changed, &lock);
  remove_object(EVENT, event);
  return leave(status);
}

int cuEventSynchronize(struct event *event) {
  int status = enter(__func__);
  if (status) return status;
  if (!is_live(EVENT, event)) return leave(violation("a wait for an event that is none"));
  long until = event->recorded;
  event->waiters++;
  while (event->reached < until) pthread_cond_wait(&changed, &lock);
  event->waiters--;
  pthread_cond_broadcast(&changed);
  return leave(SUCCESS);
}

/* Streams: a queue of operations, and a thread that does one after the other. */

struct operation {
  enum { COPY, KERNEL, RECORD, WAIT, STOP } what;
  char *target;
  const char *source;
  size_t bytes;
  struct block *used[3];
  struct event *event;
  long until;
  int unit;
  const uint32_t *index;
  uint32_t rows, units, blocks, along, over;
  struct operation *next;
};

struct stream {
  pthread_t thread;
  struct operation *first, **last;
  long pending;
};

static struct stream *default_stream;

/* The kernels of gather.ptx, thread by thread. */
static void gather(const struct operation *op) {
  for (uint32_t block = 0; block < op->blocks; block++)
    for (uint32_t y = 0; y < op->over; y++)
      for (uint32_t x = 0; x < op->along; x++)
        for (uint32_t row = block * op->over + y; row < op->rows; row += op->blocks * op->over)
          for (uint32_t unit = x; unit < op->units; unit += op->along)
            memcpy(op->target + ((uint64_t)row * op->units + unit) * op->unit,
                   op->source + ((uint64_t)op->index[row] * op->units + unit) * op->unit, op->unit);
}

static void *run_stream(void *argument) {
  struct stream *stream = argument;
  pthread_mutex_lock(&lock);
  while (true) {
    while (!stream->first) pthread_cond_wait(&changed, &lock);
    struct operation *op = stream->first;
    if (op->what == WAIT)
      while (op->event->reached < op->until) pthread_cond_wait(&changed, &lock);
    if (op->what == COPY || op->what == KERNEL) {
      long delay = copy_delay_us;
      pthread_mutex_unlock(&lock);
      if (delay) usleep(delay);
      if (op->what == COPY) memcpy(op->target, op->source, op->bytes);
      else gather(op);
      pthread_mutex_lock(&lock);
      for (int i = 0; i < 3; i++)
        if (op->used[i]) op->used[i]->users--;
    }
    if (op->what == WAIT) op->event->waiters--;
    if (op->what == RECORD) op->event->reached++;
    stream->first = op->next;
    if (!stream->first) stream->last = &stream->first;
    stream->pending--;
    bool stop = op->what == STOP;
    free(op);
    pthread_cond_broadcast(&changed);
    if (stop) {
      pthread_mutex_unlock(&lock);
      return NULL;
    }
  }
}

static struct operation *append(struct stream *stream, struct operation op) {
  struct operation *copy = malloc(sizeof *copy);
  *copy = op;
  copy->next = NULL;
  for (int i = 0; i < 3; i++)
    if (copy->used[i]) copy->used[i]->users++;
  *stream->last = copy;
  stream->last = &copy->next;
  stream->pending++;
  pthread_cond_broadcast(&changed);
  return copy;
}

static struct stream *start_stream(void) {
  struct stream *stream = add_object(STREAM, sizeof *stream);
  stream->last = &stream->first;
  pthread_create(&stream->thread, NULL, run_stream, stream);
  return stream;
}

/* Returns the stream of a handle, the default one for 0; NULL when it is none. */
static struct stream *stream_of(struct stream *handle) {
  if (handle) return is_live(STREAM, handle) ? handle : NULL;
  if (!default_stream) {
    default_stream = start_stream();
    live[STREAM]--; /* nobody asked for it */
  }
  return default_stream;
}

int cuStreamCreate(struct stream **stream, unsigned int flags) {
  int status = enter(__func__);
  if (status) return status;
  if (flags != 1) return leave(violation("cuStreamCreate with flags %u", flags));
  *stream = start_stream();
  return leave(SUCCESS);
}

int cuStreamDestroy_v2(struct stream *stream) {
  int status = enter_release(__func__);
  if (!stream || !is_live(STREAM, stream)) return leave(violation("a stream destroyed that is none"));
  append(stream, (struct operation){.what = STOP});
  pthread_mutex_unlock(&lock);
  pthread_join(stream->thread, NULL);
  pthread_mutex_lock(&lock);
  remove_object(STREAM, stream);
  return leave(status);
}

static void await_stream(struct stream *stream) {
  while (stream->pending) pthread_cond_wait(&changed, &lock);
}

int cuStreamSynchronize(struct stream *handle) {
  int status = enter(__func__);
  if (status) return status;
  struct stream *stream = stream_of(handle);
  if (!stream) return leave(violation("a wait for a stream that is none"));
  await_stream(stream);
  return leave(SUCCESS);
}

int cuCtxSynchronize(void) {
  int status = enter(__func__);
  if (status) return status;
  for (int i = 0; i < MAX_LIVE; i++)
    if (blocks[i] && blocks[i]->kind == STREAM) await_stream((struct stream *)blocks[i]->start);
  return leave(SUCCESS);
}

int cuStreamWaitEvent(struct stream *handle, struct event *event, unsigned int flags) {
  int status = enter(__func__);
  if (status) return status;
  struct stream *stream = stream_of(handle);
  if (!stream || !is_live(EVENT, event) || flags) return leave(violation("cuStreamWaitEvent of what is none"));
  event->waiters++;
  append(stream, (struct operation){.what = WAIT, .event = event, .until = event->recorded});
  return leave(SUCCESS);
}

int cuEventRecord(struct event *event, struct stream *handle) {
  int status = enter(__func__);
  if (status) return status;
  struct stream *stream = stream_of(handle);
  if (!stream || !is_live(EVENT, event)) return leave(violation("cuEventRecord of what is none"));
  event->recorded++;
  append(stream, (struct operation){.what = RECORD, .event = event});
  return leave(SUCCESS);
}

/* Copies. Ordinary memory is copied before the call returns, as the driver's staging does. */

static int copy(struct stream *handle, char *target, const char *source, size_t bytes, uint64_t device, void *host) {
  struct stream *stream = stream_of(handle);
  struct block *on_device = device_block(device, bytes);
  if (!stream) return violation("a copy in a stream that is none");
  if (!on_device) return violation("a copy of %zu bytes beyond device memory", bytes);
  struct block *pinned = containing(PINNED, host, bytes);
  append(stream, (struct operation){
                     .what = COPY, .target = target, .source = source, .bytes = bytes, .used = {on_device, pinned}});
  if (!pinned) await_stream(stream);
  return SUCCESS;
}

int cuMemcpyHtoDAsync_v2(uint64_t target, const void *source, size_t bytes, struct stream *stream) {
  int status = enter(__func__);
  return status ? status : leave(copy(stream, (char *)target, source, bytes, target, (void *)source));
}

int cuMemcpyDtoHAsync_v2(void *target, uint64_t source, size_t bytes, struct stream *stream) {
  int status = enter(__func__);
  return status ? status : leave(copy(stream, target, (char *)source, bytes, source, target));
}

int cuMemcpyHtoD_v2(uint64_t target, const void *source, size_t bytes) {
  int status = enter(__func__);
  if (status) return status;
  status = copy(NULL, (char *)target, source, bytes, target, (void *)source);
  if (!status) await_stream(stream_of(NULL));
  return leave(status);
}

/* Modules and kernels. */

int cuModuleLoadData(void **module, const char *image) {
  int status = enter(__func__);
  if (status) return status;
  if (!strstr(image, ".version") || !strstr(image, ".target")) return leave(violation("a module that is not PTX"));
  size_t bytes = strlen(image) + 1;
  *module = add_object(MODULE, bytes);
  memcpy(*module, image, bytes);
  return leave(SUCCESS);
}

int cuModuleUnload(void *module) {
  int status = enter_release(__func__);
  if (!is_live(MODULE, module)) return leave(violation("a module unloaded that is none"));
  remove_object(MODULE, module);
  return leave(status);
}

static const struct {
  const char *name;
  int unit;
} kernels[] = {{"emberkv_gather_16", 16}, {"emberkv_gather_4", 4}, {"emberkv_gather_1", 1}};

int cuModuleGetFunction(const void **function, const char *module, const char *name) {
  int status = enter(__func__);
  if (status) return status;
  char entry[128];
  snprintf(entry, sizeof entry, ".visible .entry %s(", name);
  if (!is_live(MODULE, module) || !strstr(module, entry)) return leave(NOT_FOUND);
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    if (!strcmp(kernels[i].name, name)) {
      *function = &kernels[i];
      return leave(SUCCESS);
    }
  }
  return leave(NOT_FOUND);
}

int cuLaunchKernel(const void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, struct stream *handle, void **parameters, void **extra) {
  int status = enter(__func__);
  if (status) return status;
  int unit = ((__typeof__(&kernels[0]))function)->unit;
  uint64_t source = *(uint64_t *)parameters[0], index = *(uint64_t *)parameters[1], target = *(uint64_t *)parameters[2];
  uint32_t rows = *(uint32_t *)parameters[3], units = *(uint32_t *)parameters[4];
  struct stream *stream = stream_of(handle);
  struct block *from = device_block(source, 1), *by_index = device_block(index, 4ull * rows);
  struct block *to = device_block(target, (uint64_t)rows * units * unit);
  if (!stream || !from || !by_index || !to) return leave(violation("a kernel beyond device memory"));
  if (gx == 0 || gy != 1 || gz != 1 || bz != 1 || bx * by == 0 || bx * by > 1024 || shared || extra)
    return leave(violation("a kernel of %u blocks of %u x %u threads", gx, bx, by));
  if ((source | target) % unit || index % 4) return leave(violation("a kernel on addresses that are not aligned"));
  append(stream, (struct operation){.what = KERNEL,
                                    .target = (char *)target,
                                    .source = (char *)source,
                                    .used = {from, by_index, to},
                                    .unit = unit,
                                    .index = (uint32_t *)index,
                                    .rows = rows,
                                    .units = units,
                                    .blocks = gx,
                                    .along = bx,
                                    .over = by});
  return leave(SUCCESS);
}

/* Handles for other processes. */

struct ipc_handle {
  char name[48];
  uint64_t bytes;
  char rest[8];
};

int cuIpcGetMemHandle(struct ipc_handle *handle, uint64_t pointer) {
  int status = enter(__func__);
  if (status) return status;
  struct block *b = starting(DEVICE, (void *)pointer);
  if (!b) return leave(violation("a handle of memory that is none"));
  memset(handle, 0, sizeof *handle);
  snprintf(handle->name, sizeof handle->name, "%s", b->name);
  handle->bytes = b->bytes;
  return leave(SUCCESS);
}

int cuIpcOpenMemHandle_v2(uint64_t *pointer, struct ipc_handle handle, unsigned int flags) {
  int status = enter(__func__);
  if (status) return status;
  if (flags != 1) return leave(violation("cuIpcOpenMemHandle with flags %u", flags));
  char *start = map_shared(handle.name, handle.bytes, O_RDWR);
  if (!start) return leave(INVALID_HANDLE);
  struct block *b = add_block(IMPORT, handle.bytes);
  b->start = start;
  *pointer = (uint64_t)start;
  return leave(SUCCESS);
}

int cuIpcCloseMemHandle(uint64_t pointer) {
  int status = enter_release(__func__);
  struct block *b = starting(IMPORT, (void *)pointer);
  if (!b) return leave(violation("an import closed that is none"));
  while (b->users) pthread_cond_wait(&changed, &lock);
  munmap(b->start, b->bytes);
  remove_block(b);
  return leave(status);
}

/* An event's handle says nothing: the test shares a batch after its rows have arrived. */
int cuIpcGetEventHandle(struct ipc_handle *handle, struct event *event) {
  int status = enter(__func__);
  if (status) return status;
  if (!is_live(EVENT, event) || !(event->flags & 4)) return leave(violation("a handle of an event of this process only"));
  memset(handle, 0, sizeof *handle);
  snprintf(handle->name, sizeof handle->name, "event");
  return leave(SUCCESS);
}

int cuIpcOpenEventHandle(struct event **event, struct ipc_handle handle) {
  int status = enter(__func__);
  if (status) return status;
  if (strcmp(handle.name, "event")) return leave(INVALID_HANDLE);
  *event = add_object(EVENT, sizeof **event);
  (*event)->imported = true;
  return leave(SUCCESS);
}
