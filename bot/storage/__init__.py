"""The truth in SQL: SQLite and PostgreSQL by the same code, personal content encrypted at rest."""
