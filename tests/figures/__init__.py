"""Figures of every report computed by pandas from raw rows.

Written from what measures mean (the reports' own tooltips), not from their queries;
no line of the add-ons is used.
"""
