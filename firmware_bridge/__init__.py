"""The way to microcontrollers: models that run on one."""
