"""Boards that a model may go to, and what of flash and memory each of them has."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import DataError, ModelError

STACK_BYTES = 2048  # what an export keeps free beside its own memory


@dataclass(frozen=True)
class Board:
    """flash, memory: bytes, the memory in one piece, from the makers' data sheets. processor: as compilers call it."""

    title: str
    processor: str
    flash: int
    memory: int


BOARDS = {
    "pico": Board("Raspberry Pi Pico (RP2040)", "cortex-m0plus", 2048 << 10, 264 << 10),
    "pico2": Board("Raspberry Pi Pico 2 (RP2350)", "cortex-m33", 4096 << 10, 520 << 10),
    "nano33ble": Board("Arduino Nano 33 BLE (nRF52840)", "cortex-m4", 1024 << 10, 256 << 10),
    "stm32f4": Board("STM32F4 Discovery (STM32F407VG)", "cortex-m4", 1024 << 10, 128 << 10),
    "stm32f7": Board("STM32F746G Discovery (STM32F746NG)", "cortex-m7", 1024 << 10, 320 << 10),
    "stm32h7": Board("STM32H747I Discovery (STM32H747XI)", "cortex-m7", 2048 << 10, 512 << 10),
    "esp32s3": Board("ESP32-S3 DevKitC (ESP32-S3-WROOM-1-N8)", "xtensa-lx7", 8192 << 10, 512 << 10),
    "uno": Board("Arduino Uno (ATmega328P)", "avr5", 32 << 10, 2 << 10),
}


def find_board(name: str) -> Board:
    """Return a board of the table. Raises DataError with those there are."""
    if name not in BOARDS:
        raise DataError(
            f"--board: expected one of {', '.join(BOARDS)}, found {name!r}; edge-sort export --boards lists them"
        )
    return BOARDS[name]


SMALLER = "take a larger board, a smaller --size, or a recipe for microcontrollers (edge-sort recipes)"


def require_fits(board: Board, flash: int, memory: int, what: str, remedy: str = SMALLER) -> None:
    """Raise ModelError with the numbers when a board is too small. flash, memory: bytes; what: whose they are."""
    needed = memory + STACK_BYTES
    short = [
        f"{need} bytes of {kind}, of which it has {has}"
        for kind, need, has in (("flash", flash, board.flash), ("memory", needed, board.memory))
        if need > has
    ]
    if short:
        raise ModelError(f"{board.title} is too small for {what}: it needs {' and '.join(short)}; {remedy}")


def boards_table() -> str:
    """Return the table as text."""
    lines = [f"{'board':<10} {'flash kB':>8} {'memory kB':>9}  {'processor':<13}  name"]
    lines += [
        f"{name:<10} {board.flash >> 10:>8} {board.memory >> 10:>9}  {board.processor:<13}  {board.title}"
        for name, board in BOARDS.items()
    ]
    return "\n".join(lines)
