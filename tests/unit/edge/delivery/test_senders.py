"""Messages on their way: what each service takes, what its answer means, and what never leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.clock.clock import SystemClock, system_utc
from edge.config.delivery import DingTalk, Webhook, WeCom
from edge.delivery.channels import sender
from edge.delivery.message import Message, MessageFate, Recipient, Sender, Short
from edge.delivery.robots import judged
from edge.wire.post import HttpAnswer
from tests.kits.services import KEY, SECRET, TOKEN, Services

SHORT = Short("上寨果园", "霜冻", "零下2点3度", "3点12分")
TO = (Recipient("张三", "13800000001", "zhang@example.cn"),)


def message(*lines: str, tail: str = "", to: tuple[Recipient, ...] = TO) -> Message:
    """Return a message."""
    return Message("m1", lines or ("Minshan【霜冻】上寨果园",), tail, "另有 {n} 条", to, "frost", True, SHORT)


@pytest.fixture(name="services")
def the_services() -> Iterator[Services]:
    with Services() as running:
        yield running


def made(kind: str, services: Services, folder: Path, key: str | None = None, utc: int | None = None) -> Sender:
    """Return a sender to one of them."""
    (folder / "key").write_text((key or {"wecom": KEY, "dingtalk": TOKEN}.get(kind, "")) + "\n")
    (folder / "secret").write_text(SECRET)
    common = {"name": kind, "kind": kind, "timeout_s": 1.0}
    robot = {**common, "base_url": services.url, "key_file": str(folder / "key")}
    if kind == "wecom":
        return sender(WeCom.model_validate(robot), SystemClock(), system_utc)
    if kind == "dingtalk":
        section = DingTalk.model_validate({**robot, "secret_file": str(folder / "secret")})
        return sender(section, SystemClock(), system_utc if utc is None else lambda: utc)
    return sender(Webhook.model_validate({**common, "url": f"{services.url}/call"}), SystemClock(), system_utc)


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "webhook"])
def test_a_message_arrives_and_lights_up_whom_it_is_for(services: Services, tmp_path: Path, kind: str) -> None:
    """Each service takes it, by its own success code, and mentions or calls the number."""
    told = made(kind, services, tmp_path).send(message())
    assert told.fate is MessageFate.DELIVERED, told
    service = {"wecom": services.wecom, "dingtalk": services.dingtalk, "webhook": services.gateway}[kind]
    assert [got.to for got in service.taken] == [["13800000001"]]
    assert service.taken[0].text.startswith("Minshan【霜冻】上寨果园")


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_a_key_may_be_given_as_the_services_show_it(services: Services, tmp_path: Path, kind: str) -> None:
    """The whole address of a robot does in the place of its key; where it sends to is the setting's alone."""
    given = {
        "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
        "dingtalk": f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}",
    }[kind]
    assert made(kind, services, tmp_path, key=given).send(message()).fate is MessageFate.DELIVERED


@pytest.mark.parametrize(
    ("kind", "mode", "fate"),
    [
        ("wecom", "code 310000 x", MessageFate.REFUSED),
        ("wecom", "code 45009 x", MessageFate.BUSY),
        ("wecom", "code -1 system busy", MessageFate.FAILED),
        ("wecom", "code 99999 什么", MessageFate.REFUSED),
        ("wecom", "status 500", MessageFate.UNKNOWN),
        ("wecom", "status 404", MessageFate.REFUSED),
        ("wecom", "lost", MessageFate.UNKNOWN),
        ("wecom", "hang", MessageFate.UNKNOWN),
        ("wecom", "garbage", MessageFate.UNKNOWN),
        ("dingtalk", "code 130101 too fast", MessageFate.BUSY),
        ("webhook", "code 7 no", MessageFate.REFUSED),
        ("webhook", "status 503", MessageFate.BUSY),
        ("webhook", "lost", MessageFate.UNKNOWN),
        ("webhook", "slow 0.1", MessageFate.DELIVERED),
        ("webhook", "gbk", MessageFate.DELIVERED),
    ],
)
def test_only_the_services_own_success_is_delivered(
    services: Services, tmp_path: Path, kind: str, mode: str, fate: MessageFate
) -> None:
    """An error in an answer of 200, a lost answer, a hanging one: none counts as delivered, and each says why."""
    service = {"wecom": services.wecom, "dingtalk": services.dingtalk, "webhook": services.gateway}[kind]
    service.mode = mode
    told = made(kind, services, tmp_path).send(message())
    assert told.fate is fate, told
    assert (told.reason is None) == (fate is MessageFate.DELIVERED)
    if mode.startswith("code 99999"):
        assert "99999 什么" in told.answer, "an unknown code is shown as it came"
    assert KEY not in f"{told}{told.reason}" and SECRET not in f"{told}{told.reason}"


@pytest.mark.parametrize(
    ("body", "fate"),
    [
        (b'{"errcode":"0"}', MessageFate.DELIVERED),
        (b'{"errcode":0,"errmsg":["ok"]}', MessageFate.DELIVERED),
        *((b'{"errcode":%s}' % code, MessageFate.UNKNOWN) for code in (b"0.9", b"false", b"-0.5", b"[0]", b"null")),
        *((b'{"errcode":%s}' % code, MessageFate.UNKNOWN) for code in (b"1e999", b"Infinity", b"NaN", b"9" * 4000)),
        (b"[" * 100_000, MessageFate.UNKNOWN),
        (b"\xff\xfe", MessageFate.UNKNOWN),
    ],
    ids=lambda value: str(value[:24] if isinstance(value, bytes) else value),
)
def test_a_robots_number_is_a_whole_one(body: bytes, fate: MessageFate) -> None:
    """Half of one, or no number at all, is no success, and none is too large to be read: the alert goes once more."""
    told = judged(HttpAnswer(200, {}, body), "robot.example", (45009,), lambda _code, _words: None)
    assert told.fate is fate
    assert len(f"{told.answer}{told.reason}") < 1000


def test_a_robot_that_was_told_too_much_is_not_followed_elsewhere(services: Services, tmp_path: Path) -> None:
    """The twenty-first message of a minute is pointed elsewhere: that is no success, and nobody goes there."""
    robot = made("dingtalk", services, tmp_path)
    fates = [robot.send(message()).fate for _ in range(22)]
    assert fates == [*[MessageFate.DELIVERED] * 20, MessageFate.BUSY, MessageFate.BUSY]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("sign not match", "dingtalk_sign"),
        ("description:机器人发送签名不匹配", "dingtalk_sign"),
        ("invalid timestamp", "dingtalk_clock"),
        ("description:机器人发送签名过期;timestamp is out of range", "dingtalk_clock"),
        ("keywords not in content", "dingtalk_keyword"),
        ("description:关键词不匹配", "dingtalk_keyword"),
        ("ip 1.2.3.4 not in whitelist", "dingtalk_ip"),
        ("something new", "robot_refused"),
    ],
)
def test_dingtalks_one_number_for_four_faults_is_told_apart(
    services: Services, tmp_path: Path, words: str, code: str
) -> None:
    """310000 has four remedies; which one it is stands in its words, old or new."""
    services.dingtalk.mode = f"code 310000 {words}"
    told = made("dingtalk", services, tmp_path).send(message())
    assert told.reason is not None and told.reason.code == code and words in told.answer


def test_a_box_that_does_not_know_the_time_does_not_sign(services: Services, tmp_path: Path) -> None:
    """Nothing is sent, and the reason names the remedy; the service refuses a clock that is two hours off."""
    told = made("dingtalk", services, tmp_path, utc=0).send(message())
    assert told.fate is MessageFate.FAILED and told.reason is not None and told.reason.code == "dingtalk_no_time"
    assert not services.dingtalk.requests
    told = made("dingtalk", services, tmp_path, utc=system_utc() - 7_200_000_000).send(message())
    assert told.reason is not None and told.reason.code == "dingtalk_clock"


def test_a_key_s_file_that_is_not_there_is_told_under_no_other_setting_s_name(
    services: Services, tmp_path: Path
) -> None:
    """Its setting is `key_file`; a robot has a `secret_file` beside it, which is not the one to be looked for."""
    sends = made("wecom", services, tmp_path)
    (tmp_path / "key").unlink()
    why = f"{sends.send(message()).reason}"
    assert str(tmp_path / "key") in why and "secret_file" not in why


def test_a_service_that_is_not_there_surely_has_nothing(tmp_path: Path) -> None:
    """A refused connection may be tried again without any doubt."""
    services = Services()
    robot = made("wecom", services, tmp_path)
    services.close()
    assert robot.send(message()).fate is MessageFate.FAILED


def test_sixty_stations_fit_where_bytes_are_counted(services: Services, tmp_path: Path) -> None:
    """What finds no room is cut at a line and counted, the worst stays, and the last line with the link too."""
    lines = [f"【霜冻】{'寨' * 18}{n:02d} 湿球 -2.{n % 10}℃" for n in range(60)]
    for kind, service in (("wecom", services.wecom), ("dingtalk", services.dingtalk)):
        told = made(kind, services, tmp_path).send(message("Minshan" + lines[0], *lines[1:], tail="https://hub/a/x"))
        assert told.fate is MessageFate.DELIVERED, told
        said = service.taken[0].text.splitlines()
        assert said[0] == "Minshan" + lines[0] and said[-1].startswith("https://hub/a/x")
        assert all(line in lines for line in said[1 : -2 if kind == "wecom" else -1])
    assert (
        services.wecom.taken[0].text.splitlines()[-2]
        == f"另有 {60 - len(services.wecom.taken[0].text.splitlines()) + 2} 条"
    )


@example(["霜冻" * 40], 60)
@example(["霜冻" * 40], 61)
@example(["霜冻" * 40], 62)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80), min_size=1, max_size=40),
    st.integers(60, 600),
)
def test_a_text_never_exceeds_its_bytes_nor_splits_a_character(lines: list[str], most: int) -> None:
    """Whatever is said: at most so many bytes of UTF-8, and the tail is in it."""
    text = message(*lines, tail="https://hub/a/1").fitted(most)
    assert len(text.encode()) <= most
    assert "\ufffd" not in text or any("\ufffd" in line for line in lines), "no character is cut through"
    assert text.endswith("https://hub/a/1")
