"""What a piece is to be like, chosen at any time; the mood of what is written; and the personas that people keep.

A choice belongs to the piece, so everybody who writes it, in whichever chat, has the same. A persona belongs to a
person or to a chat; a piece that it tells keeps its words, so that the piece goes on alike when the persona is gone.
"""

from dataclasses import dataclass, replace

from engine import safety
from engine.errors import BadValue, EmptyText, NotFound
from engine.finding import Finding, account_of, place_of
from engine.messages import Person, Piece, SessionKey, Teller
from engine.story import WORDLESS, view
from engine.text import flavour, mood
from engine.together.together import Together
from storage.history import History
from storage.records import PersonaRow

NAME, DESCRIPTION, SAMPLE = 40, 300, 1_200
MOST = 50


@dataclass(frozen=True, slots=True)
class Persona:
    """A teller that somebody made. `shared`: for everybody in the chat, not for one person."""

    name: str
    description: str = ""
    sample: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """The mood of one passage, None where it cannot be measured; `number` counts the passages of words from 1."""

    number: int
    author: str
    words: str
    felt: mood.Mood | None


class Flavouring:
    """Chooses, measures, and keeps personas."""

    def __init__(self, history: History, finding: Finding, together: Together) -> None:
        self._history = history
        self._finding = finding
        self._together = together

    async def genre(self, key: SessionKey, person: Person, words: str) -> Piece:
        """Choose the genre of the open piece, in any words; "off" takes it back. Raises BadValue."""
        return await self._change(key, person, genre=flavour.read_genre(safety.words(words)))

    async def mood(self, key: SessionKey, person: Person, words: str) -> Piece:
        """Choose its mood, one of those that can be measured; "off" takes it back. Raises BadValue."""
        return await self._change(key, None, mood=flavour.read_mood(safety.words(words)))

    async def teller(self, key: SessionKey, person: Person, words: str) -> Piece:
        """Choose who tells it: first person, narrator, "like this: …", or a persona of this person or chat.

        Raises NotFound (persona), TextTooLong.
        """
        chosen, owner = flavour.read_teller(safety.words(words)), ""
        if chosen.kind == "like":
            chosen = replace(chosen, sample=safety.words(chosen.sample, SAMPLE))
        if chosen.kind == "persona":
            row = await self._named(key, person, chosen.name)
            chosen, owner = Teller("persona", row.name, row.description, row.sample), row.person
        return await self._change(key, person, owner, teller=flavour.write_teller(chosen))

    async def arc(self, key: SessionKey) -> tuple[Beat, ...]:
        """The mood of each passage of words on the live branch. Raises Impossible where one sees only the last line."""
        piece, tree = await self._finding.load(key)
        await self._together.must_show(piece.id)
        turns = [turn for turn in view(piece, tree).turns if turn.form not in WORDLESS and turn.text]
        return tuple(Beat(number, turn.author, turn.text, felt(turn.text)) for number, turn in enumerate(turns, 1))

    # ── personas ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def personas(self, key: SessionKey, person: Person) -> tuple[Persona, ...]:
        """Those of this person, then those of this chat."""
        return tuple(_shown(row) for row in await self._rows(key, person))

    async def persona(self, key: SessionKey, person: Person, name: str) -> Persona:
        """The one of that name, a person's own before the chat's; raises NotFound."""
        return _shown(await self._named(key, person, name))

    async def keep(self, key: SessionKey, person: Person, persona: Persona) -> Persona:
        """Keep a persona, in the place of one of the same name. Raises EmptyText, TextTooLong, BadValue."""
        name = safety.title(persona.name)
        if not name:
            raise EmptyText
        if len(name) > NAME or flavour.read_teller(name).kind != "persona":
            raise BadValue(name="persona", value=name, allowed=f"1-{NAME}")
        description = " ".join(safety.words(persona.description, DESCRIPTION).split())
        sample = safety.words(persona.sample, SAMPLE)
        if not description and not sample:
            raise EmptyText
        who = await self._history.person(account_of(safety.person(person)))
        scope = _chat(key) if persona.shared else _own(who)
        there = {row.name.casefold() for row in await self._history.personas.of((scope,))}
        if name.casefold() not in there and len(there) >= MOST:
            raise BadValue(name="persona", value=len(there) + 1, allowed=f"1-{MOST}")
        row = PersonaRow(scope, name, description, sample, who)
        await self._history.personas.keep(row)
        return _shown(row)

    async def drop(self, key: SessionKey, person: Person, name: str) -> Persona:
        """Delete a persona of this person or chat; raises NotFound."""
        row = await self._named(key, person, name)
        await self._history.personas.drop(row)
        return _shown(row)

    async def _rows(self, key: SessionKey, person: Person) -> tuple[PersonaRow, ...]:
        safety.place(key)
        who = await self._history.person(account_of(safety.person(person)))
        return await self._history.personas.of((_own(who), _chat(key)))

    async def _named(self, key: SessionKey, person: Person, name: str) -> PersonaRow:
        wanted = safety.title(name).casefold()
        for row in await self._rows(key, person):
            if row.name.casefold() == wanted:
                return row
        raise NotFound(what="persona", id=safety.title_from(safety.words(name[:200])))

    async def _change(self, key: SessionKey, by: Person | None, owner: str = "", **values: str) -> Piece:
        piece, tree = await self._finding.load(key)  # nothing is changed in a piece that is not here
        if by:
            author = owner or await self._history.person(account_of(safety.person(by)))
            values |= {f"{name}_by": author for name in values}
        await self._history.change(piece.id, **values)
        row = await self._history.find(place_of(key), piece.id)
        return view(row or piece, tree)


def felt(text: str) -> mood.Mood | None:
    """The mood of a text; None for one that is not English, or in which no word tells of any."""
    found = mood.measure(text)
    return found.mood if flavour.measured(text) and (found.glad or found.lively) else None


def _shown(row: PersonaRow) -> Persona:
    return Persona(row.name, row.description, row.sample, row.scope.startswith("chat:"))


def _own(person: str) -> str:
    return f"person:{person}"


def _chat(key: SessionKey) -> str:
    return f"chat:{key.platform}:{key.chat}"
