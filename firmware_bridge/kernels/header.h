@ORIGIN@
#ifndef @NAME@_H
#define @NAME@_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    @NAME@_HEIGHT = @HEIGHT@,
    @NAME@_WIDTH = @WIDTH@,
    @NAME@_CHANNELS = @CHANNELS@, /* @COLOUR@ */
    @NAME@_PIXELS = @PIXELS@, /* bytes of one picture */
    @NAME@_LABELS = @LABELS@,
    @NAME@_OUTPUTS = @OUTPUTS@
};

extern const char *const @name@_labels[@NAME@_LABELS];

/* label: index into @name@_labels. score: in 1/65536. accepted: 0 when the score is below the threshold that the bundle
   has for this label: such a part goes to reject. */
typedef struct {
    int label;
    uint32_t score;
    int accepted;
} @name@_answer;

/* Say what a picture shows. pixels: rows from top to bottom, in a row places from left to right, for a place @COLOUR@;
   it may be the array that @name@_picture() returns. Not to be called again before it has returned. */
@name@_answer @name@_classify(const uint8_t *pixels);

/* Memory for one picture, so that a program needs no other. What is put there is lost when the network has run. */
uint8_t *@name@_picture(void);

/* What @name@_classify does first: run the network. Its outputs are then here, as the model stores them (of a model with
   uint8 outputs less 128). */
void @name@_run(const uint8_t *pixels);
const int8_t *@name@_outputs(void);
@MORE@
#ifdef __cplusplus
}
#endif

#endif
