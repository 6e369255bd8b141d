"""From a trained Keras classifier to an integer model, the report that judges it, and the bundle."""
