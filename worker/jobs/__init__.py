"""What jobs do; each file bears the name of the rooms it serves."""
