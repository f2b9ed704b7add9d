"""Tells Rasa's part of config.yml from ours. Standard library only: the provisioning side reads it too."""


def rasa_keys(text: str) -> str:
    """The configuration without its top-level `bot:` section and without comment lines."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("#"):
            continue
        if line[:1].strip():
            inside = line.startswith("bot:")
        if not inside:
            kept.append(line)
    return "".join(kept).rstrip() + "\n"
