"""The kernels of `omega_slicer.rolling` in Python and NumPy: the fallback, which shares nothing with Rust.

Vectorised where the numbers allow exact integer arithmetic in 64 bits, Python's own integers for what is
left. Takes checked arguments; who may call it is decided elsewhere.
"""
