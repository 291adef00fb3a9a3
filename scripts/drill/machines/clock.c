/* The time of day, RLEV_DRILL_CLOCK_AHEAD seconds ahead, for the program that this library is loaded into. Other clocks stay as they are. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long ahead(void) {
  static long seconds = -1;
  if (seconds < 0) {
    const char *stated = getenv("RLEV_DRILL_CLOCK_AHEAD");
    seconds = stated == NULL ? 0 : atol(stated);
  }
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*original)(clockid_t, struct timespec *);
  if (original == NULL) original = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int status = original(clock, time);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += ahead();
  return status;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  static int (*original)(struct timeval *, void *);
  if (original == NULL) original = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
  int status = original(time, zone);
  if (status == 0) time->tv_sec += ahead();
  return status;
}

time_t time(time_t *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != NULL) *result = now.tv_sec;
  return now.tv_sec;
}
