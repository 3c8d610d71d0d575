"""The autoencoder: training it, and serving its encoder.

Only jobs import the modules that need Keras; `encoder.py` serves without it.
"""

import os

# Read by Keras and TensorFlow when they are imported, which happens below this package only.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
