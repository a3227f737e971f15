"""The judged table of the lookback kernels: what `benches/run.py` measures, proves and promises."""
