"""What was measured of layers, made up."""

from __future__ import annotations

from quantize.layers import LayerError


def layer(name, channel_db=35.0, **more):
    """Make up what was measured of one layer."""
    facts = {
        "layer": name, "operator": "CONV_2D", "tensor": f"net/{name}_1/Relu", "own_db": 40.0, "together_db": 30.0,
        "channel_db": channel_db, "rmse_steps": 0.3, "low": 0.0, "high": 4.0, "range_low": 0.0, "range_high": 5.0,
        "used": 0.8, "saturated": 0.001, "channels": 16, "dead": 1, "silenced": 2, "channel_spread": 3.0,
        "weight_spread": 1.5,
    }  # fmt: skip
    return LayerError(**{**facts, **more})
