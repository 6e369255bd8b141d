"""The way to microcontrollers: gates that move on the device's own clock, and models that run on one."""
