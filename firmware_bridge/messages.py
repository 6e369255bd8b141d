"""The messages between host and microcontroller: the one table.

The Python records, the C header and docs/protocol.md come from it. The rules of numbering, acknowledgement and time
are told in docs/protocol.md.
"""

from __future__ import annotations

from firmware_bridge.messages_of_board import (
    Ack,
    Boot,
    Closed,
    Count,
    DeviceStatus,
    Edge,
    Estop,
    Identity,
    Latched,
    Missed,
    Nack,
    Opened,
    Pong,
    Stats,
)
from firmware_bridge.messages_of_host import (
    Arm,
    AskStats,
    Cancel,
    CancelGate,
    EventAck,
    Halt,
    Heartbeat,
    Hello,
    Ping,
    Plan,
    Replan,
    Rest,
    SetEncoder,
    SetEstop,
    SetGate,
    SetSensor,
)
from firmware_bridge.messages_of_sorter import (
    Expect,
    Judged,
    Pixels,
)

__all__ = [
    "Ack",
    "Arm",
    "AskStats",
    "Boot",
    "Cancel",
    "CancelGate",
    "Closed",
    "Count",
    "DeviceStatus",
    "Edge",
    "Estop",
    "EventAck",
    "Expect",
    "Halt",
    "Heartbeat",
    "Hello",
    "Identity",
    "Judged",
    "Latched",
    "Missed",
    "Nack",
    "Opened",
    "Ping",
    "Pixels",
    "Plan",
    "Pong",
    "Replan",
    "Rest",
    "SetEncoder",
    "SetEstop",
    "SetGate",
    "SetSensor",
    "Stats",
]
