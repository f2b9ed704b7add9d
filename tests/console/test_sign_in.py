"""Signing in over HTTP: two steps, locks, and nothing that a stranger could use."""

from tests.console.conftest import FARM, House


async def test_staff_sign_in_with_a_password_and_a_code(house: House) -> None:
    browser = await house.author()
    text = await browser.text("/console/")
    assert "Welcome, Ana" in text
    assert FARM.name in text
