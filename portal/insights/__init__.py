"""Reading what the books say; it changes nothing but its own notes of what checks found."""
