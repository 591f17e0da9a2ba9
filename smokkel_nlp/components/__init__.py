"""spaCy components; registered through entry points, so ``nlp.add_pipe("smokkel_mentions")`` works without importing this package."""

READERS = ("smokkel_sections", "smokkel_mentions", "smokkel_assertion")
"""The components that find mentions and assert them, in pipeline order."""
OVERLAY = "smokkel_overlay"
"""The component that lays a user's own rules over what they found."""
CLASSIFY = "smokkel_classify"
"""The component that answers."""
