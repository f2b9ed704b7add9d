"""The public side over HTTP: webhooks, the web chat, health and metrics."""
