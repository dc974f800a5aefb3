"""The benches, one file each; whatever file here holds a ``BENCH`` is run by ``make bench``."""
