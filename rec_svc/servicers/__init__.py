"""The services on the wire: they check fields, call a use case, compose the answer."""
