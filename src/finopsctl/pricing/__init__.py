"""Dated list prices, model names, and what usage costs at them."""
