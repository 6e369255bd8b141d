static int8_t weighted_end(const weighted_t *p, uint32_t sum, int number)
{
    const channel_t *channel = p->channels + number;
    return clamped(scaled((int32_t)sum, channel->factor, shift_of(channel)) + p->zero, p->low, p->high);
}
