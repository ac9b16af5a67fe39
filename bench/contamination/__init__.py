"""What bench.decontaminate plants, where, and what it compares with."""
