/* Start-up for a Cortex-M on Arm's MPS boards as QEMU emulates them (mps2-an385, -an386, -an500, mps3-an547): vector
   table, memory, and output and exit by semihosting. */
#include <stdint.h>

extern uint32_t stack_top, data_from, data_start, data_end, bss_start, bss_end;

int main(void);
void say(const char *text);
int semihosting(int operation, const void *argument);
void reset(void);
void fault(void);

int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void say(const char *text)
{
    semihosting(0x04, text); /* SYS_WRITE0 */
}

static void leave(uint32_t code)
{
    const uint32_t how[2] = {0x20026, code}; /* ADP_Stopped_ApplicationExit */
    semihosting(0x20, how);                  /* SYS_EXIT_EXTENDED */
    for (;;)
        ;
}

void reset(void)
{
#ifdef __ARM_FEATURE_MVE
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20; /* CPACR: the vectors' registers */
    __asm__ volatile("dsb\n\tisb" : : : "memory");
#endif
    const uint32_t *from = &data_from;
    for (volatile uint32_t *to = &data_start; to < &data_end; to++)
        *to = *from++;
    for (volatile uint32_t *to = &bss_start; to < &bss_end; to++)
        *to = 0;
    leave((uint32_t)main());
}

void fault(void)
{
    say("fault\n");
    leave(2);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault};
