"""Understanding a message: the client of the NLU server, language, key words; the server itself lives in `server`."""
