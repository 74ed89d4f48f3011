"""Frameworks. Each module stands for itself and needs nothing but its framework; nothing is imported here."""
