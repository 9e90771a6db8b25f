"""Alembic's migrations of the product's database."""
