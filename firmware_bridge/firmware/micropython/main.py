# On a Pico: the twin on UART 0 (GPIO 0 and 1, 115,200 baud), gates on GPIO 2 to 22, the watchdog started.
# Put all four files on it: mpremote cp main.py es_twin.py es_gates.py es_line.py es_messages.py :
import time

import es_messages as es
import machine
from es_gates import MASK
from es_twin import Twin

USABLE = range(2, 23)  # a Pico uses 23 to 25 itself


def pin_of(number):
    return machine.Pin(number, machine.Pin.OUT) if number in USABLE else None


def main():
    uart = machine.UART(0, 115200, tx=machine.Pin(0), rx=machine.Pin(1), rxbuf=512, txbuf=512)
    reset = es.RESET_WATCHDOG if machine.reset_cause() == machine.WDT_RESET else es.RESET_POWER
    at, tick = time.ticks_us(), 0
    twin = Twin(uart.write, pin_of, reset, tick)
    watchdog = machine.WDT(timeout=1000)
    while True:
        now = time.ticks_us()  # wraps after 30 bits; the protocol's ticks after 32
        tick = (tick + time.ticks_diff(now, at)) & MASK
        at = now
        if uart.any():
            twin.feed(uart.read(uart.any()), tick)
        twin.poll(tick)
        watchdog.feed()


main()
