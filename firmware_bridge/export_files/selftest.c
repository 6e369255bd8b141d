/* Does the model answer here as it must? Compares every byte; exit code 0 when all are
   equal. `say` is in host.c or mps2.c; on a board of yours write one that prints. */
#include "@name@.h"

void say(const char *text);

enum { DRAWN = @DRAWN@, TILES = @TILES@, TILE_HEIGHT = (@NAME@_HEIGHT + 1) / 2, TILE_WIDTH = (@NAME@_WIDTH + 1) / 2 };

@ARRAYS@
/* The picture of this number: black, white, a ramp, noise, then parts at half their size. */
static void draw(int number, uint8_t *pixels)
{
    uint32_t state = (uint32_t)number;
    for (int32_t i = 0; i < @NAME@_PIXELS; i++) {
        state = state * 1664525u + 1013904223u;
        if (number < 2)
            pixels[i] = (uint8_t)(255 * number);
        else if (number == 2)
            pixels[i] = (uint8_t)i;
        else if (number < DRAWN)
            pixels[i] = (uint8_t)(state >> 24);
        else {
            const int32_t place = i / @NAME@_CHANNELS, y = place / @NAME@_WIDTH / 2, x = place % @NAME@_WIDTH / 2;
            const int32_t at = ((number - DRAWN) * TILE_HEIGHT + y) * TILE_WIDTH + x;
            pixels[i] = tiles[at * @NAME@_CHANNELS + i % @NAME@_CHANNELS];
        }
    }
}

/* Say a number from 0 to 9999. */
static void say_number(int number)
{
    char digits[5];
    int at = 4;
    digits[4] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number && at);
    say(digits + at);
}

int main(void)
{
    int wrong = 0;
    for (int number = 0; number < DRAWN + TILES; number++) {
        int apart = 0;
        draw(number, @name@_picture());
        const @name@_answer answer = @name@_classify(@name@_picture());
        for (int i = 0; i < @NAME@_OUTPUTS; i++)
            apart += @name@_outputs()[i] != expected[number * @NAME@_OUTPUTS + i];
        wrong += apart != 0;
        say("picture ");
        say_number(number);
        say(apart ? " DIFFERS: " : " equal: ");
        say(answer.accepted ? @name@_labels[answer.label] : "reject");
        say("\n");
    }
    say_number(DRAWN + TILES - wrong);
    say(" of ");
    say_number(DRAWN + TILES);
    say(" pictures answered as by @kernels@\n");
    return wrong != 0;
}
