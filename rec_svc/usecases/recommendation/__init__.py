"""The use cases of ``RecommendationService``, one module each."""
