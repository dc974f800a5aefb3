"""The double-entry book. Only recipes write to it."""
