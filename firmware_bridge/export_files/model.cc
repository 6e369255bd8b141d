// @origin@ Written by edge-sort export for TensorFlow Lite Micro, with the operators this model has and no other.
#include "@name@.h"

#include "@name@_data.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" {

@CONSTANTS@
@ENTER@
@ANSWER@
}

namespace {

// @MEASURED@
constexpr int kArenaBytes = @ARENA@;
alignas(16) uint8_t arena[kArenaBytes];
int8_t outputs[@OUTPUTS@];

tflite::MicroInterpreter *interpreter()
{
    static tflite::MicroMutableOpResolver<@COUNT@> resolver;
    static const bool known = @ADD@;
    static tflite::MicroInterpreter made(tflite::GetModel(@name@_data), resolver, arena, kArenaBytes);
    static const bool ready = known && made.AllocateTensors() == kTfLiteOk;
    return ready ? &made : nullptr;
}

}  // namespace

extern "C" {

@LABELS@
int @name@_ready(void)
{
    return interpreter() != nullptr;
}

uint8_t *@name@_picture(void)
{
    return interpreter() ? static_cast<uint8_t *>(interpreter()->input(0)->data.data) : arena;
}

const int8_t *@name@_outputs(void)
{
    return outputs;
}

void @name@_run(const uint8_t *pixels)
{
    tflite::MicroInterpreter *const one = interpreter();
    if (one == nullptr)
        return;
    enter(pixels, one->input(0)->data.int8);
    if (one->Invoke() != kTfLiteOk)
        return;
    for (int i = 0; i < @OUTPUTS@; i++)
        outputs[i] = @STORED@;
}

@CLASSIFY@
}
