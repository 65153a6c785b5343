"""What the service needs of the world outside, and what it relies on.

Everything raises ``meshkit.faults.Unavailable`` when what stands behind it cannot answer.
"""
