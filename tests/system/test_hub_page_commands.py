"""What people press on the hub's page reaches the station, and what came of it stands there, in a real browser."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.kits.broker import Broker, free_port, until
from tests.kits.browser import chromium
from tests.kits.hub_process import Hub
from tests.kits.services import Services
from tests.kits.sink_kit import query
from tests.kits.system import running_station, station, talking

PASSWORD = "frost at four in the morning"
CHANNEL = '\n[[channel]]\nname = "voice"\nkind = "webhook"\nurl = "{url}/call"\n'
WAIT_MS = 60_000


@pytest.fixture(name="browser")
def a_browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(name="hub")
def a_hub(tmp_path: Path, broker: Broker, services: Services) -> Iterator[Hub]:
    """Give a running hub with a channel, an administrator and a technician."""
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db", http=free_port())
    hub.config.write_text(hub.config.read_text() + CHANNEL.format(url=services.url))
    hub.add_people(PASSWORD, technician="张师傅", admin="root")
    hub.start()
    yield hub
    assert hub.end() == 0
    assert "Traceback" not in hub.said


@pytest.fixture(name="box")
def a_station(tmp_path: Path, broker: Broker, hub: Hub) -> Iterator[subprocess.Popen[bytes]]:
    """Give a running station that takes a hello and a stage from afar."""
    with talking() as port:
        more = 'proof = "committed"\n[commands]\nremote = ["hello", "stage"]\n'
        with running_station(station(tmp_path, port, broker.url, more)) as daemon:
            until(lambda: query(hub.url, "SELECT 1 FROM epoch"), 60)
            yield daemon


def entered(browser: Browser, url: str, name: str) -> Page:
    """Return the page of somebody who has logged in by the form."""
    page = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844}).new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("form.login button")
    page.wait_for_url(f"{url}/")
    return page


def answers(url: str) -> bool:
    """Return whether the server answers."""
    try:
        return httpx.get(f"{url}/api/v1/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow  # a hub, a station, a broker and a browser
def test_what_is_pressed_on_the_hubs_page_is_done_at_the_station_and_told_there(
    hub: Hub, box: subprocess.Popen[bytes], browser: Browser
) -> None:
    """A comparison and a stage, the price on each button: done, with who asked; the station keeps the stage."""
    url = f"http://127.0.0.1:{hub.http}"
    until(lambda: answers(url), 30)
    page = entered(browser, url, "张师傅")
    for section, told in (("#hello", "MB"), ("#stage", "MB")):
        page.goto(f"{url}/stations/maoxian-1/commands")
        form = page.locator(f"section:has({section}) form").first
        expect(form.locator("button")).to_contain_text(told)
        if section == "#stage":
            form.locator("select").select_option("full-bloom")
        form.locator("button").click()
        page.wait_for_url(re.compile(r"/commands/[0-9a-f]{16}$"))
        expect(page.locator("main .said")).to_have_text("已完成。", timeout=WAIT_MS)
        expect(page.locator("dl.facts")).to_contain_text("张师傅")
    expect(page.locator("dl.facts")).to_contain_text("盛花")
    until(lambda: query(hub.url, "SELECT 1 FROM event WHERE kind = 'stage'"), 60)
    ((body,),) = query(hub.url, "SELECT body FROM event WHERE kind = 'stage'")
    assert all(word in str(body) for word in ("apple", "full-bloom", "张师傅"))
    assert box.poll() is None


@pytest.mark.slow  # a hub, a broker and a browser
def test_a_test_message_goes_out_by_a_button_and_what_the_service_answered_stands_there(
    hub: Hub, services: Services, browser: Browser
) -> None:
    """Somebody is put on call by the form and tried: the gateway is asked to call, and the page says delivered."""
    url = f"http://127.0.0.1:{hub.http}"
    until(lambda: answers(url), 30)
    page = entered(browser, url, "root")
    page.goto(f"{url}/on-call")
    form = page.locator("form[action='/on-call']")
    form.locator("input[name=name]").fill("李四")
    form.locator("input[name=phone]").fill("13800000002")
    form.locator("input[name=channels]").check()
    form.locator("button").click()
    expect(page.locator("li.card h2")).to_have_text("1. 李四")
    page.get_by_role("button", name="发送测试消息").click()
    page.wait_for_url(f"{url}/on-call/sent")
    expect(page.locator(".happenings li")).to_contain_text("已送达", timeout=WAIT_MS)
    assert [got.to for got in services.gateway.taken] == [["13800000002"]]
    assert "测试" in services.gateway.taken[0].text
    page.goto(f"{url}/on-call")
    expect(page.locator("section:has(#channels) li")).to_contain_text("上次发送成功")
