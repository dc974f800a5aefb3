"""The pretend world: WeChat Pay, Stripe, the ECB file, an SMTP peer and their pages, on the wire with real signatures.

It runs as its own process on its own database and shares no import with the rest of the product, in either direction.
"""
