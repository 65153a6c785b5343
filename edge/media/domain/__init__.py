"""What is computed of an asset descriptor: HLS and DASH manifests, and HTTP's range arithmetic."""
