"""The desktop half: from a folder of pictures per class to a trained Keras classifier."""
