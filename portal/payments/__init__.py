"""Collecting money: sessions, attempts, what providers say, and what must go back."""
