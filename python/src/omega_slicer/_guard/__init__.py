"""The guard: whether the library may answer, what is done when it fails, and how it comes back."""
