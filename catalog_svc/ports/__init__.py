"""What the catalogue needs from the world. Each "must" has a test in tests/contracts/catalog.

Every change of a track, album or artist must come with a change in the feed, in the same commit:
entity "track", "album" or "artist", and as payload the serialized ``segue.catalog.v1`` message of
that name (empty when it is removed). An artist or album of which every track was refused is told as
"silent_artist" or "silent_album".
"""
