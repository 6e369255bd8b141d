"""The way to microcontrollers: gates that move on the device's own clock, and the protocol to it."""
