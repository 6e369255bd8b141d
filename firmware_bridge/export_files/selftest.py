"""Does TensorFlow Lite Micro answer the golden pictures as it did where the model was exported?

Needs the Python package tflite-micro, which is the real interpreter for this computer. Exit code 0 when every byte is
equal.
"""

import json
import sys
from pathlib import Path

import numpy as np
from tflite_micro import runtime

HERE = Path(__file__).resolve().parent
golden = json.loads((HERE / "golden.json").read_text())
inputs = np.load(HERE / "golden_inputs.npy")
interpreter = runtime.Interpreter.from_file(str(HERE / "@name@.tflite"))
wrong = 0
for number, (given, expected) in enumerate(zip(inputs, golden["outputs"], strict=True)):
    interpreter.set_input(given[np.newaxis], 0)
    interpreter.invoke()
    equal = interpreter.get_output(0).reshape(-1).astype(int).tolist() == expected
    wrong += not equal
    print(f"picture {number} {'equal' if equal else 'DIFFERS'}")
print(f"{len(inputs) - wrong} of {len(inputs)} pictures answered as where the model was exported")
sys.exit(wrong != 0)
