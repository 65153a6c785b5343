"""Recommendations: what was listened to, models of it, what to hear next, experiments."""
