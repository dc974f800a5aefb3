"""What the directory shows: businesses with their branches and products, and how people find them."""
