"""Stallholder: vendor portal and billing backend of a business directory."""
