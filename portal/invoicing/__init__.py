"""Who pays, what is owed and which numbers the documents bear."""
