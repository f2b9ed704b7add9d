"""What WhatsApp would refuse, the stand-in refuses."""

import pytest

from bot.sandbox.whatsapp_review import flaw


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{{1}} Answer here or write STOP.", "begins or ends"),
        ("Muster has news for you: {{1}}", "begins or ends"),
        ("Muster has news for you: {{1}}.", "begins or ends"),
        ("«{{1}}» says Muster to you all.", "begins or ends"),
        ("Muster says {{1}} {{2}} and asks for your answer.", "side by side"),
        ("Muster says {{1}}\n{{2}} and asks for your answer.", "side by side"),
        ("Muster says {{1}} and {{3}} and asks for your answer.", "not numbered"),
        ("Muster says {{text}} and asks.", "not numbered"),
        ("Muster: {{1}} · {{2}} · Answer here.", "too many"),
    ],
)
def test_a_template_that_whatsapp_refuses(body: str, reason: str) -> None:
    assert reason in flaw(body)


@pytest.mark.parametrize(
    "body",
    [
        "Answer here.",
        "Muster: {{1}} Answer here.",
        "Muster: {{1}} · {{2}} · Write to us here.",
        "Muster has {{2}} and {{1}} for you, so read on.",
    ],
)
def test_a_template_that_whatsapp_approves(body: str) -> None:
    assert flaw(body) == ""
