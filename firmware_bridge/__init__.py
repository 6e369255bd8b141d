"""The way to microcontrollers. This version holds no modules yet; gates run on the device's own GPIO."""
