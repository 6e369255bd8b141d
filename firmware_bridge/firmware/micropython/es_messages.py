# Made from firmware_bridge/messages.py by `python -m firmware_bridge.micropython_table`. Do not edit.

PROTOCOL = 1
MOST_PAYLOAD = 32
WINDOW = 8
RETRY_US = 50000
FURTHEST_US = 1800000000
NO_PIN = 255
CRC_START = 65535

STATE_ALONE = 0
STATE_GREETED = 1
STATE_ARMED = 2
STATE_LATCHED = 3

STATUS_OK = 0
STATUS_PAST = 1
STATUS_OVERLAPPING = 2
STATUS_TOO_LONG = 3
STATUS_TOO_SOON = 4
STATUS_UNKNOWN_GATE = 5
STATUS_LATCHED = 6
STATUS_NOT_ARMED = 7
STATUS_QUEUE_FULL = 8
STATUS_TOO_FAR = 9
STATUS_BACKWARDS = 10
STATUS_UNKNOWN_PART = 11
STATUS_DOUBLE_PART = 12
STATUS_BAD_VALUE = 13
STATUS_BUSY = 14
STATUS_WRONG_LATCH = 15
STATUS_ESTOP = 16
STATUS_WRONG_VERSION = 17
STATUS_UNKNOWN_MESSAGE = 18
STATUS_LATE = 19

LATCH_NONE = 0
LATCH_HEARTBEAT = 1
LATCH_ESTOP = 2
LATCH_HOST = 3
LATCH_OVERRUN = 4

RESET_UNKNOWN = 0
RESET_POWER = 1
RESET_BUTTON = 2
RESET_WATCHDOG = 3
RESET_SOFTWARE = 4
RESET_BROWNOUT = 5

CAUSE_PLANNED = 0
CAUSE_REST = 1
CAUSE_LATCHED = 2

PULL_NONE = 0
PULL_UP = 1
PULL_DOWN = 2

REFUSAL_GAP = 0
REFUSAL_NOT_GREETED = 1

VERDICT_SORTED = 0
VERDICT_BELOW_THRESHOLD = 1
VERDICT_NO_BIN = 2
VERDICT_CROWDED = 3
VERDICT_TOO_LONG = 4
VERDICT_LATE = 5
VERDICT_GATE_RESTING = 6
VERDICT_NOT_ARMED = 7
VERDICT_UNCLASSIFIED = 8

# protocol, session, host
HELLO, HELLO_FORM = 0x01, "<HI16s"
# token, unused_1, unused_2
PING, PING_FORM = 0x02, "<HII"
# session
HEARTBEAT, HEARTBEAT_FORM = 0x03, "<I"
# number
EVENT_ACK, EVENT_ACK_FORM = 0x04, "<B"
# gate, pin, resting_level, max_on, min_off, late
SET_GATE, SET_GATE_FORM = 0x10, "<BBBIII"
# pin, pressed_level, pull
SET_ESTOP, SET_ESTOP_FORM = 0x11, "<BBB"
# sensor, pin, pull, edges, quiet
SET_SENSOR, SET_SENSOR_FORM = 0x12, "<BBBBI"
# encoder, pin_a, pin_b, pull, every
SET_ENCODER, SET_ENCODER_FORM = 0x13, "<BBBBH"
# heartbeat, latch
ARM, ARM_FORM = 0x14, "<IH"
# gate, opens, closes, part
PLAN, PLAN_FORM = 0x15, "<BIII"
# part, opens, closes
REPLAN, REPLAN_FORM = 0x16, "<III"
# part
CANCEL, CANCEL_FORM = 0x17, "<I"
# gate
CANCEL_GATE, CANCEL_GATE_FORM = 0x18, "<B"
REST, REST_FORM = 0x19, "<"
HALT, HALT_FORM = 0x1A, "<"
ASK_STATS, ASK_STATS_FORM = 0x1B, "<"
# part, at, pixels
PIXELS, PIXELS_FORM = 0x20, "<IH26s"
# protocol, status, state, session, firmware, gates, sensors, encoders, queue, window, reset, tick_rate, lead, latch,
# board
IDENTITY, IDENTITY_FORM = 0x41, "<HBBIHBBBBBBIHH8s"
# token, received, sent
PONG, PONG_FORM = 0x42, "<HII"
# number, status, state, free
ACK, ACK_FORM = 0x43, "<BBBB"
# expected, refusal
NACK, NACK_FORM = 0x44, "<BB"
# tick, state, reason, latch, free, estop, lost, away
DEVICE_STATUS, DEVICE_STATUS_FORM = 0x45, "<IBBHBBHI"
# good, bad, again, gaps, overruns, lost, longest_loop, latest_move, moves
STATS, STATS_FORM = 0x46, "<IIHHHHIII"
# protocol, firmware, reset, tick, board
BOOT, BOOT_FORM = 0x47, "<HHBI8s"
# gate, part, due, tick
OPENED, OPENED_FORM = 0x61, "<BIII"
# gate, cause, part, due, tick
CLOSED, CLOSED_FORM = 0x62, "<BBIII"
# gate, reason, part, due, tick
MISSED, MISSED_FORM = 0x63, "<BBIII"
# reason, latch, tick
LATCHED, LATCHED_FORM = 0x64, "<BHI"
# sensor, level, tick
EDGE, EDGE_FORM = 0x65, "<BBI"
# encoder, count, tick
COUNT, COUNT_FORM = 0x66, "<BiI"
# pressed, tick
ESTOP, ESTOP_FORM = 0x67, "<BI"
# part, at
EXPECT, EXPECT_FORM = 0x68, "<II"
# part, label, score, verdict, gate, opens
JUDGED, JUDGED_FORM = 0x69, "<IBHBBI"
