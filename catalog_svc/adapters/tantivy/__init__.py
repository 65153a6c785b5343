"""The search index in tantivy."""
