"""Owns stock Rasa's Twilio channel with one thing changed: the API's host. Runs in the NLU environment.

Named in credentials.yml, whose `api_url` says where the provider's stand-in is.
"""

from __future__ import annotations

from typing import Any

from rasa.core.channels.twilio import TwilioInput, TwilioOutput
from twilio.http.http_client import TwilioHttpClient


class StandInHttp(TwilioHttpClient):
    """twilio's own HTTP client, which takes api.twilio.com to be elsewhere."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        self._api_url = api_url

    def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._api_url), *rest, **named)


class StandInTwilio(TwilioInput):
    """Rasa's channel as it is; only its output goes to the stand-in."""

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> StandInTwilio:
        given = dict(credentials or {})
        api_url = given.pop("api_url")
        channel = cls(**given)
        channel.api_url = api_url
        return channel

    def get_output_channel(self) -> TwilioOutput:
        output: TwilioOutput = super().get_output_channel()
        output.http_client = StandInHttp(self.api_url)
        return output
