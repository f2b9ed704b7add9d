"""Who reads an alert by WhatsApp's template, outside its 24 hours, reads all of it: with what to answer."""

from datetime import timedelta
from pathlib import Path

from bot.channels.segments import cut, utf16_units
from bot.domain.contact import Channel
from tests.dialogue import Phone, muster
from tests.services.alarm import alerted, employed


async def test_the_question_keeps_its_options_in_the_template(tmp_path: Path) -> None:
    """R10: a template has no buttons of its own; without the numbered lines nobody knows what to answer."""
    async with muster(tmp_path, whatsapp_template="HX1") as house:
        phone = house.outreach.ways[Channel.WHATSAPP].channeller
        assert isinstance(phone, Phone)
        phone.fitting = lambda content: cut(content, 1600, utf16_units, is_numbered=True)  # as without buttons
        ana = await employed(house, Channel.WHATSAPP)
        house.clock.forward(timedelta(hours=25))
        await alerted(house)
        template = ana.said[-1].template
        assert template is not None
        assert template.variables == (ana.said[-1].text,)
        assert template.variables[0].endswith("1 I am safe\n2 I need help")
