"""The 30,000 commonest passwords, of which zxcvbn keeps a list.

Its estimator is left alone: on 32 characters that stand for letters it works for half a second,
on 64 for two, during which nobody else is served.
"""

from __future__ import annotations

from zxcvbn.frequency_lists import FREQUENCY_LISTS

# What is commoner as a name stands in those lists alone.
_LISTS = ("passwords", "female_names", "male_names")


def common_passwords() -> frozenset[str]:
    """The commonest passwords, given names among them, in lower case.

    They take 3 MiB, and their package 14.
    """
    return frozenset(word for name in _LISTS for word in FREQUENCY_LISTS[name])
