/** @file failing_memory.c Memory that runs out: of the allocations made through here, that of number FAIL_AT fails */

#include <stdio.h>
#include <stdlib.h>

static long calls = 0, fail_at = 0;

__attribute__((constructor)) static void read_number(void) {
  const char * number = getenv("FAIL_AT");
  fail_at = (number == NULL) ? 0 : atol(number);
}

__attribute__((destructor)) static void tell_calls(void) {
  fprintf(stderr,"allocations: %ld\n",calls);
}

static int fails(void) {
  return __sync_add_and_fetch(&calls,1) == fail_at;
}

void * failing_malloc(size_t size) {
  return fails() ? NULL : malloc(size);
}

void * failing_calloc(size_t number, size_t size) {
  return fails() ? NULL : calloc(number,size);
}

void * failing_realloc(void * pointer, size_t size) {
  return fails() ? NULL : realloc(pointer,size);
}
