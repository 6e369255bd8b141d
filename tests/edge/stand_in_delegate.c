/* A stand-in for libedgetpu.so.1: a real TensorFlow Lite delegate that takes every operator of a compiled model.

   The environment variable STAND_IN says how it behaves:
     none      no device: no delegate, and no reason given
     crash     the process dies while it loads, as with a library built for another runtime
     hang      loading never ends
     answer    every output byte is the first input byte, plus its place
     unplugged the same, but from the third run on it fails

   The structures below are those, or the start of those, in tensorflow/lite/core/c/common.h. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Context Context;
typedef struct { int size; int data[]; } IntArray;
typedef struct {
  int type;
  char *data;
  IntArray *dims;
  float scale;
  int32_t zero_point;
  int allocation_type;
  size_t bytes;
  void *allocation, *name, *delegate;
  int buffer_handle;
  char stale, variable;
  struct { int type; void *params; } quantization;
  void *sparsity, *dims_signature;
} Tensor;
typedef struct { IntArray *inputs, *outputs; } NodeStart;
typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  int (*prepare)(Context *, NodeStart *);
  int (*invoke)(Context *, NodeStart *);
  const char *(*profiling)(const Context *, const NodeStart *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  void *operator_, *async_kernel;
  uint64_t inplace;
} Registration;
typedef struct Delegate {
  void *data;
  int (*prepare)(Context *, struct Delegate *);
  void *copy_from, *copy_to, *free_handle;
  int64_t flags;
  void *builder;
} Delegate;
struct Context {
  size_t tensors_size;
  int (*plan)(Context *, IntArray **);
  Tensor *tensors;
  void *impl, *resize;
  void (*report)(Context *, const char *, ...);
  void *add_tensors, *get_node;
  int (*replace)(Context *, Registration, const IntArray *, Delegate *);
};

static int runs;
static int is(const char *mode) { const char *set = getenv("STAND_IN"); return set && strcmp(set, mode) == 0; }
static int kernel_prepare(Context *context, NodeStart *node) { (void)context; (void)node; return 0; }

static int kernel_invoke(Context *context, NodeStart *node) {
  if (is("unplugged") && ++runs > 2) {
    context->report(context, "USB transfer error 5 [LibUsbDataInCallback]");
    return 1;
  }
  Tensor *in = &context->tensors[node->inputs->data[0]], *out = &context->tensors[node->outputs->data[0]];
  for (size_t place = 0; place < out->bytes; place++) out->data[place] = (char)(in->data[0] + place);
  return 0;
}

static int take_all(Context *context, Delegate *delegate) {
  Registration kernel = {0};
  IntArray *plan;
  kernel.prepare = kernel_prepare;
  kernel.invoke = kernel_invoke;
  kernel.custom_name = "stand-in";
  kernel.version = 1;
  return context->plan(context, &plan) || context->replace(context, kernel, plan, delegate);
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  (void)report;
  for (size_t i = 0; i < count; i++)
    if (strcmp(keys[i], "device") || strcmp(values[i], "usb:0")) return NULL; /* it has just that one */
  if (is("crash")) raise(SIGSEGV);
  while (is("hang")) pause();
  if (is("none")) return NULL;
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->prepare = take_all;
  delegate->flags = 1; /* may change shapes: else the runtime prepares the unknown operator before it asks the delegate */
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
