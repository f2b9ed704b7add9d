"""The providers' stand-ins: Twilio and Telegram spoken over loopback HTTP, and a page of phones to try them by hand."""
