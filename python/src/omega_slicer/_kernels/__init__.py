"""The kernels of `omega_slicer.rolling` in Python and NumPy: the fallback, sharing nothing with the Rust ones.

Vectorised where the numbers allow exact integer arithmetic in 64 bits, Python's own integers for what is left.
Takes checked arguments; who may call it is decided elsewhere.
"""
