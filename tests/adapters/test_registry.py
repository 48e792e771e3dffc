"""The registry: versions, who is live for whom, atomic publication, rolling back, and damage that is noticed."""

import json
import resource
from pathlib import Path

import pytest

from adapters.manifest import MANIFEST, RegistryError, describe
from adapters.registry import POINTER, Registry, Scope


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "embedded"}', encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "home", tmp_path / "shipped")


def test_a_version_keeps_its_files_and_says_what_it_is(registry: Registry, weights: Path) -> None:
    made = registry.publish(weights, "sea", data={"votes": 12}, metrics={"win_rate": 0.6}, parents=("story@shipped",))
    assert made.version == "0001"
    assert made.base == "embedded"
    assert registry.show("sea@0001") == made
    assert registry.versions() == [made]
    assert (registry.folder("sea@0001") / "adapter_model.safetensors").read_bytes() == b"weights"
    assert registry.live(form="story") == ""


def test_publishing_again_is_a_new_version(registry: Registry, weights: Path) -> None:
    assert [registry.publish(weights, "sea").version for _ in range(3)] == ["0001", "0002", "0003"]


def test_the_narrowest_scope_that_is_live_wins(registry: Registry, weights: Path) -> None:
    scopes = {
        "everyone": Scope(),
        "tales": Scope("form", "story"),
        "room": Scope("channel", "telegram:7"),
        "mine": Scope("person", "web:ann"),
    }
    for name, scope in scopes.items():
        registry.publish(weights, name, scope=scope)
    assert registry.live() == "everyone@0001"
    assert registry.live(form="poem") == "everyone@0001"
    assert registry.live(form="story") == "tales@0001"
    assert registry.live(form="story", channel="telegram:7") == "room@0001"
    assert registry.live(form="story", channel="telegram:7", person="web:ann") == "mine@0001"


def test_the_voices_of_a_channel_move_with_it(registry: Registry, weights: Path) -> None:
    for name, where in (("room", "telegram:-4"), ("topic", "telegram:-4/9"), ("other", "telegram:-42")):
        registry.publish(weights, name, scope=Scope("channel", where))
    for _ in range(2):
        registry.move("telegram:-4", "telegram:-100")
    assert registry.scopes() == {
        "channel:telegram:-100": "room@0001",
        "channel:telegram:-100/9": "topic@0001",
        "channel:telegram:-42": "other@0001",
    }
    registry.publish(weights, "late", scope=Scope("channel", "telegram:-4"))
    registry.move("telegram:-4", "telegram:-100")
    assert registry.live(channel="telegram:-100") == "room@0001"


def test_a_shipped_voice_speaks_until_something_is_published(tmp_path: Path, weights: Path, registry: Registry) -> None:
    shipped = tmp_path / "shipped" / "story"
    shipped.mkdir(parents=True)
    for file in weights.iterdir():
        (shipped / file.name).write_bytes(file.read_bytes())
    describe(shipped, "story", {"corpus": "story.jsonl"}, {"test_bits": 1.0})
    assert registry.live(form="story") == "story@shipped"
    assert registry.show("story@shipped").metrics == {"test_bits": 1.0}
    registry.publish(weights, "story", scope=Scope("form", "story"))
    assert registry.live(form="story") == "story@0001"
    assert registry.rollback(Scope("form", "story")) == ""
    assert registry.live(form="story") == "story@shipped"


def test_rolling_back_moves_the_pointer_and_destroys_nothing(registry: Registry, weights: Path) -> None:
    everyone = Scope()
    registry.publish(weights, "sea", scope=everyone)
    registry.publish(weights, "sea", scope=everyone)
    assert registry.rollback(everyone) == "sea@0001"
    assert registry.live() == "sea@0001"
    registry.make_live("sea@0002", everyone)
    assert registry.live() == "sea@0002"


def test_another_process_sees_a_publication_at_once(tmp_path: Path, registry: Registry, weights: Path) -> None:
    reader = Registry(tmp_path / "home", tmp_path / "shipped")
    assert reader.live() == ""
    registry.publish(weights, "sea", scope=Scope())
    assert reader.live() == "sea@0001"


def test_a_publication_that_fails_leaves_nothing_behind(tmp_path: Path, registry: Registry, weights: Path) -> None:
    registry.publish(weights, "sea", scope=Scope())
    (weights / "adapter_model.safetensors").unlink()
    with pytest.raises(RegistryError, match="could not be published"):
        registry.publish(weights, "sea", scope=Scope())
    assert registry.live() == "sea@0001"
    assert [path.name for path in (tmp_path / "home" / "sea").iterdir()] == ["0001"]


def test_a_half_written_version_is_no_version(tmp_path: Path, registry: Registry, weights: Path) -> None:
    registry.publish(weights, "sea")
    torn = tmp_path / "home" / "sea" / "0002"
    torn.mkdir()
    (torn / "adapter_model.safetensors").write_bytes(b"wei")
    assert [version.version for version in registry.versions()] == ["0001"]
    with pytest.raises(RegistryError, match="no adapter"):
        registry.make_live("sea@0002", Scope())


def test_changed_weights_are_noticed(registry: Registry, weights: Path) -> None:
    registry.publish(weights, "sea")
    (registry.folder("sea@0001") / "adapter_model.safetensors").write_bytes(b"other")
    with pytest.raises(RegistryError, match="changed"):
        registry.make_live("sea@0001", Scope())


@pytest.mark.parametrize("name", ["", "../x", "A", "a b", "x" * 65])
def test_unfit_names_are_refused(registry: Registry, weights: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="no adapter name"):
        registry.publish(weights, name)


@pytest.mark.parametrize("reference", ["", "sea", "sea@", "sea@9", "../sea@0001", "sea@../../x"])
def test_references_to_nothing_are_refused(registry: Registry, weights: Path, reference: str) -> None:
    registry.publish(weights, "sea")
    with pytest.raises(RegistryError, match="no adapter"):
        registry.folder(reference)


@pytest.mark.parametrize("scope", [Scope("form"), Scope("global", "x"), Scope("planet", "mars")])
def test_scopes_that_do_not_exist_are_refused_before_anything_is_written(
    registry: Registry, weights: Path, scope: Scope
) -> None:
    with pytest.raises(RegistryError, match="no scope"):
        registry.publish(weights, "sea", scope=scope)
    assert registry.versions() == []


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_pointer_is_one_sentence(tmp_path: Path, registry: Registry, content: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / POINTER).write_text(content, encoding="utf-8")
    with pytest.raises(RegistryError, match="damaged"):
        registry.live()


def test_a_damaged_manifest_is_one_sentence(registry: Registry, weights: Path) -> None:
    registry.publish(weights, "sea")
    (registry.folder("sea@0001") / MANIFEST).write_text(json.dumps({"name": "sea"}), encoding="utf-8")
    with pytest.raises(RegistryError, match="damaged"):
        registry.show("sea@0001")


def test_rolling_back_nothing_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="nothing to roll back"):
        registry.rollback(Scope())


@pytest.mark.parametrize(
    "text", ["global", "form:story", "channel:telegram:-100", "channel:a:1/2", "person:studio:ann"]
)
def test_a_scope_is_read_as_it_is_written(text: str) -> None:
    assert Scope.read(text).key == text


@pytest.mark.parametrize("text", ["", "global:", "form", "form:", "channel:7", "person::7", "person:telegram:", "x:y"])
def test_what_is_no_scope_is_not_read(text: str) -> None:
    with pytest.raises(RegistryError, match="use global"):
        Scope.read(text)


def test_a_name_means_its_newest_version(registry: Registry, weights: Path, tmp_path: Path) -> None:
    for _ in range(2):
        registry.publish(weights, "sea")
    (tmp_path / "home" / "sea" / "notes").mkdir()
    (tmp_path / "home" / "sea" / "notes" / MANIFEST).write_text("{}", encoding="utf-8")
    assert registry.find("sea") == "sea@0002"
    assert registry.find("sea@0001") == "sea@0001"
    with pytest.raises(RegistryError, match="no adapter 'lake'"):
        registry.find("lake")


def test_only_what_was_published_for_the_base_in_use_is_a_candidate(registry: Registry, weights: Path) -> None:
    registry.publish(weights, "here", scope=Scope(), base="gpt2")
    registry.publish(weights, "there", scope=Scope("form", "story"))
    assert registry.candidates(form="story") == ["there@0001", "here@0001"]
    assert registry.candidates(form="story", base="gpt2") == ["here@0001"]
    assert registry.candidates(form="story", base="llama") == []


def test_what_learnt_on_stories_speaks_in_stories_only(registry: Registry, weights: Path) -> None:
    registry.publish(weights, "wide", scope=Scope())
    registry.publish(weights, "ann", scope=Scope("person", "web:ann"), data={"forms": ["story", "scene"]})
    assert registry.live(form="scene", person="web:ann") == "ann@0001"
    assert registry.live(form="poem", person="web:ann") == "wide@0001"
    assert registry.live(person="web:ann") == "ann@0001"  # nobody asks for a form


def test_a_disk_that_refuses_leaves_everything_as_it_was(tmp_path: Path, registry: Registry, weights: Path) -> None:
    """The kernel itself refuses to write on, as on a full disk."""
    registry.publish(weights, "sea", scope=Scope())
    (weights / "adapter_model.safetensors").write_bytes(bytes(2_000_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(RegistryError, match="could not be published: File too large"):
            registry.publish(weights, "sea", scope=Scope())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert registry.live() == "sea@0001"
    assert [version.reference for version in registry.versions()] == ["sea@0001"]
    assert not list((tmp_path / "home").glob(".part-*"))


def test_a_home_that_cannot_be_is_one_sentence(tmp_path: Path, weights: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RegistryError, match="cannot be written"):
        Registry(tmp_path / "file" / "home").publish(weights, "sea", scope=Scope())
