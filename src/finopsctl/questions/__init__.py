"""From opened books and settings to answers: one file an analysis asks its question in, whoever wants to know."""
