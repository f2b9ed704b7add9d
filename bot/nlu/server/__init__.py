"""The NLU server and its Rasa components: runs in its own Python 3.10 and imports of bot only `bot.engine.extract`."""
