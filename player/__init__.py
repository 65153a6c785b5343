"""The native player: fetch, adapt, decode and play a stream; the engine behind ``segue play``."""
