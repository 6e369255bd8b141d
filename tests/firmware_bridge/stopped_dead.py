"""An emulated RP2040 whose program stops dead, as if it had a fault that nobody has foreseen."""

from __future__ import annotations

RAM, NOBODY_USES = 0x20000000, 0x3F000
BRANCH_TO_ITSELF = b"\xfe\xe7"


def stop_dead(board, *, interrupts_off):
    """Let the program go no further; its interrupts go on unless they are off."""
    chip = board.chip
    chip.sram[NOBODY_USES : NOBODY_USES + len(BRANCH_TO_ITSELF)] = BRANCH_TO_ITSELF
    chip.core.pc, chip.core.pm, chip.core.waiting = RAM + NOBODY_USES, interrupts_off, False
