"""Twilio's refusals by code, as its API words them (twilio.com/docs/api/errors)."""

from dataclasses import dataclass

_REFUSALS: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid parameter: {detail}"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource {detail} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "Invalid 'To' Phone Number: {detail}"),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided ({detail}) is not a valid message-capable Twilio phone number."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number {detail} has exceeded the maximum number of queued messages"),
    21614: (400, "To number: {detail}, is not a mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    21620: (400, "Invalid media URL(s): {detail}"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21655: (400, "The ContentSid is Invalid"),
    21656: (400, "The ContentVariables Parameter is invalid"),
    21701: (400, "The Messaging Service does not exist"),
    21703: (400, "The Messaging Service does not have a phone number available to send a message"),
    21910: (400, "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel"),
    21609: (400, "The 'StatusCallback' URL {detail} is not a valid URL"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    63016: (400, "Failed to send freeform message because you are outside the allowed window."),
    63018: (429, "Rate limit exceeded for Channel"),
    63021: (400, "Channel invalid content error"),
    63024: (400, "Invalid message recipient"),
    63028: (400, "Number of parameters provided does not match the expected number of parameters"),
    21612: (400, "The requested ValidityPeriod is out of range: {detail}"),
}


@dataclass(eq=False)  # not frozen: Python itself sets __traceback__ on a raised exception
class TwilioRefusal(Exception):
    """A request that Twilio turns down: its error code, with `detail` filled into the message."""

    code: int
    detail: str = ""

    @property
    def status(self) -> int:
        return _REFUSALS[self.code][0]

    def as_json(self) -> dict[str, object]:
        status, message = _REFUSALS[self.code]
        return {
            "code": self.code,
            "message": message.format(detail=self.detail),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": status,
        }
