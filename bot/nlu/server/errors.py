"""What can go wrong with a model."""


class ModelError(Exception):
    """The model cannot be trained or served; the message is one sentence for the person who runs it."""
