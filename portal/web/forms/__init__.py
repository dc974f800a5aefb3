"""Forms of the pages; each file bears the name of the screens that use it."""
