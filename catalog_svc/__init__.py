"""The catalogue: artists, albums, tracks, imports and search."""
