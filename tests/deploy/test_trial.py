"""What the judge and the rehearsal are given to read: real texts of a small base, as people would see them."""

from adapters.asks import Ask
from deploy.trial import safe, writer
from tests.engine.text.tiny import GPT2

ASKS = [Ask("There was once a king who", "story", "one"), Ask("A poem\n\n", "poem", "two")]


def test_every_voice_gets_the_same_streams_and_a_long_prompt_is_left_out() -> None:
    write = writer(GPT2, "tiny", "cpu", 1)
    texts = write([*ASKS, Ask("word " * 3000, "story", "three"), Ask("Once", "no such form", "four")], None, 2)
    assert [len(drafts) for drafts in texts] == [2, 2, 0, 2]
    assert texts[:2] == write(ASKS, None, 2)
    begun = texts[0][0]
    assert begun.startswith(" ")  # as the model would go on with the prompt
    assert begun.strip()
    assert len(set(texts[0])) == 2


def test_an_insult_is_unsafe_and_what_books_have_is_not() -> None:
    assert safe("The ass and the cock went to Bremen, and God knows what the devil did there.")
    assert not safe("You fucking idiot, said the king.")
