"""Stripe as its documents describe it, for stored cards: customers, hosted Checkout, setup and payment intents."""
