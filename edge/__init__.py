"""The device: camera frames in, gate moves and records out. Runs on a Raspberry Pi without TensorFlow."""
