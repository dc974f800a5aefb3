"""Reading what the books say; it changes nothing."""
