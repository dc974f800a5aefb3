"""Tools that know nothing of the business; every floor may use them."""
