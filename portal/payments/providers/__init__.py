"""Providers behind one protocol; the only place that knows a provider's wire."""
