/* An output channel: its factor, its bias, its shift. */
typedef struct {
    int32_t factor, bias;
    int8_t shift;
} channel_t;

static uint32_t bias_of(const channel_t *channel)
{
    return (uint32_t)channel->bias;
}

static int shift_of(const channel_t *channel)
{
    return channel->shift;
}
