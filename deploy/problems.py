"""Problems of the machine that end a command: which they are, and one sentence for each."""

from sqlalchemy.exc import DBAPIError

from bot.wording import error as sentence
from engine.errors import EngineError
from storage.db import BadDatabase
from storage.migrate import NewerDatabase

DATABASE_PROBLEMS = (BadDatabase, NewerDatabase, DBAPIError, OSError)
PROBLEMS = (EngineError, *DATABASE_PROBLEMS)


def words(problem: BaseException, language: str) -> str:
    """One sentence for any of `PROBLEMS`."""
    if isinstance(problem, EngineError):
        return sentence(problem, language)
    return database_words(problem)


def database_words(problem: BaseException) -> str:
    """One sentence for any of `DATABASE_PROBLEMS`, without passwords."""
    if isinstance(problem, NewerDatabase):
        return f"The database was written by a newer version of Ghostnote ({problem}); start that one, or a backup."
    if isinstance(problem, BadDatabase):
        return f"GHOSTNOTE_DATABASE_URL cannot be used: {problem}."
    reason = str(problem.orig if isinstance(problem, DBAPIError) else problem).splitlines()[0]
    return f"The database does not answer: {reason}."
