/* What a convolution of any kind has. bias: the input's zero point is already counted in, so a place outside the picture
   holds that zero point. outside: so many of it as the input has channels. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *factors;
    const int8_t *shifts;
    const int8_t *outside;
    place_t at;
    int16_t zero, low, high;
} weighted_t;

static int8_t weighted_end(const weighted_t *p, uint32_t sum, int channel)
{
    return clamped(scaled((int32_t)sum, p->factors[channel], p->shifts[channel]) + p->zero, p->low, p->high);
}
