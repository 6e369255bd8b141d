/* What a convolution of any kind has. In the bias the input's zero point is already counted in, so a place outside the
   picture holds that zero point. outside: so many of it as the input has channels. */
typedef struct {
    const int8_t *weights;
    const channels_t *channels;
    const int8_t *outside;
    place_t at;
    int8_t right, zero, low, high;
} weighted_t;
