"""Who may talk to the studio: names of this machine on loopback, holders of the token elsewhere."""

from pathlib import Path

import httpx
import pytest

from bot.web_app import TokenNeededError, serve
from tests.bot.studio import conversation, error_of, studio

TOKEN = "correct horse battery staple"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "", "[::1", "10.0.0.7"]
)
async def test_a_name_that_is_not_this_machines_is_refused(tmp_path: Path, host: str) -> None:
    async with studio(tmp_path) as room:
        for path in ("/", "/api/sessions", "/healthz"):
            answer = await room.client.get(path, headers={"Host": host})
            assert (answer.status_code, error_of(answer)) == (403, "wrong_host")


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost", "LOCALHOST:1", "[::1]:8420"])
async def test_names_of_this_machine_are_welcome(tmp_path: Path, host: str) -> None:
    async with studio(tmp_path) as room:
        assert (await room.client.get("/api/sessions", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_sites_page_cannot_write(tmp_path: Path, headers: dict[str, str]) -> None:
    async with studio(tmp_path) as room:
        answer = await room.client.post("/api/sessions", json={}, headers=headers)
        assert (answer.status_code, error_of(answer)) == (403, "wrong_origin")
        assert (await room.client.get("/api/sessions")).json() == []


async def test_its_own_page_can_write(tmp_path: Path) -> None:
    async with studio(tmp_path) as room:
        headers = {"Origin": "http://127.0.0.1:8420", "Sec-Fetch-Site": "same-origin"}
        assert (await room.client.post("/api/sessions", json={}, headers=headers)).status_code == 201


async def test_every_answer_has_the_security_headers(tmp_path: Path) -> None:
    async with studio(tmp_path) as room:
        for path in ("/", "/api/sessions", "/nothing", "/assets/app.js"):
            headers = (await room.client.get(path)).headers
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/api/sessions", "/healthz", "/metrics", "/assets/app.js", "/", "/nothing"])
async def test_without_the_token_nothing_is_shown(tmp_path: Path, path: str) -> None:
    async with studio(tmp_path, token=TOKEN) as room:
        for given in ("", "Bearer wrong", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
            answer = await room.client.get(path, headers={"Authorization": given})
            assert (answer.status_code, error_of(answer)) == (401, "token_needed")
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_token_opens_from_any_host(tmp_path: Path) -> None:
    async with studio(tmp_path, token=TOKEN) as room:
        headers = {"Authorization": f"Bearer {TOKEN}", "Host": "studio.example"}
        assert (await room.client.get("/api/sessions", headers=headers)).status_code == 200


async def test_the_token_in_the_address_becomes_a_cookie_once(tmp_path: Path) -> None:
    async with studio(tmp_path, token=TOKEN) as room:
        welcome = await room.client.get("/", params={"token": TOKEN, "lang": "zh"})
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/?lang=zh")
        cookie = welcome.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert TOKEN not in cookie
        assert "SameSite=lax" in cookie
        assert (await room.client.get("/api/sessions")).status_code == 200  # the client kept the cookie
        room.client.cookies.clear()
        room.client.cookies.set("ghostnote", "f" * 64)
        assert (await room.client.get("/api/sessions")).status_code == 401


async def test_the_token_in_the_address_leads_to_no_other_machine(tmp_path: Path) -> None:
    async with studio(tmp_path, token=TOKEN) as room:
        answer = await room.client.get("http://127.0.0.1:8420//evil.example/", params={"token": TOKEN})
        assert answer.headers["location"] == "/evil.example/"


async def test_a_post_cannot_bring_the_token_in_its_address(tmp_path: Path) -> None:
    async with studio(tmp_path, token=TOKEN) as room:
        answer = await room.client.post("/api/sessions", params={"token": TOKEN}, json={})
        assert (answer.status_code, error_of(answer)) == (401, "token_needed")


async def test_a_browser_without_the_token_is_asked_for_it(tmp_path: Path) -> None:
    async with studio(tmp_path, token=TOKEN) as room:
        answer = await room.client.get("/", headers={"Accept": "text/html"})
        assert answer.status_code == 401
        assert 'name="token"' in answer.text


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
async def test_off_loopback_without_a_token_it_does_not_start(tmp_path: Path, host: str) -> None:
    async with conversation(tmp_path) as talk:
        with pytest.raises(TokenNeededError):
            async with serve(talk, host, 0):
                pass


async def test_off_loopback_with_a_token_it_starts(tmp_path: Path) -> None:
    async with (
        conversation(tmp_path) as talk,
        serve(talk, "0.0.0.0", 0, TOKEN) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        assert (await client.get("/healthz")).status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert (await client.get("/healthz", headers=headers)).status_code == 200
