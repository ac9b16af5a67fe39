"""What the benchmark of the verifier plants: damage that has to be seen, and rewrites that must pass."""
