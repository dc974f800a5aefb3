"""Agreements and their charges: quotes, subscriptions, checkout and the doors for money."""
