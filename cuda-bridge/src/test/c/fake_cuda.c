/*
 * A driver library that answers as the environment says, for machines without a GPU:
 * FAKE_CUDA_INIT (status of cuInit), FAKE_CUDA_VERSION, FAKE_CUDA_DEVICES (count),
 * FAKE_CUDA_MEMORY (status of cuDeviceTotalMem_v2).
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static int setting(const char *name, int otherwise) {
  const char *value = getenv(name);
  return value ? atoi(value) : otherwise;
}

int cuInit(unsigned int flags) { return flags == 0 ? setting("FAKE_CUDA_INIT", 0) : 1; }

int cuDriverGetVersion(int *version) {
  *version = setting("FAKE_CUDA_VERSION", 12040);
  return 0;
}

int cuDeviceGetCount(int *count) {
  *count = setting("FAKE_CUDA_DEVICES", 2);
  return 0;
}

int cuDeviceGet(int *device, int ordinal) {
  *device = 100 + ordinal;
  return 0;
}

int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, length, "Fake GPU of handle %d", device);
  return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  *bytes = ((size_t)(device - 99) * 24) << 30;
  return setting("FAKE_CUDA_MEMORY", 0);
}

int cuGetErrorName(int error, const char **text) {
  *text = error == 100 ? "CUDA_ERROR_NO_DEVICE" : error == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" : NULL;
  return *text ? 0 : 1;
}

int cuGetErrorString(int error, const char **text) {
  *text = error == 100 ? "no CUDA-capable device is detected" : "fake words";
  return 0;
}
