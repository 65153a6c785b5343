"""The commands of ``segue``, a module each."""
