/* Four output channels. A product is shifted to the right by what the layer has for all channels and its own number, which
   may be below zero. */
typedef struct {
    int32_t factors[4], biases[4];
    int8_t rights[4];
} channels_t;

static uint32_t bias_of(const channels_t *four, int i)
{
    return (uint32_t)four->biases[i];
}

static int32_t factor_of(const channels_t *four, int i)
{
    return four->factors[i];
}

static int right_of(const channels_t *four, int i, int right)
{
    return right + four->rights[i];
}
